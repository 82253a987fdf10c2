#include "config/lock.h"

#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The test's state is the path of its lock file. */
static int make_path(void **state)
{
	char *path = strdup("/tmp/bardo-lock-XXXXXX");
	int fd = path ? mkstemp(path) : -1;

	*state = path;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)unlink(*state);
	free(*state);
	return 0;
}

static int open_lock(const char *path)
{
	int fd = lock_open(path, NULL);

	assert_true(fd >= 0);
	return fd;
}

/* Whether somebody who opens the file now would get the lock. */
static bool is_free(const char *path)
{
	int fd = open_lock(path);
	int rc = lock_try(fd, NULL);

	(void)close(fd);
	assert_true(rc == 0 || rc == ERR_BUSY);
	return rc == 0;
}

/* A process that holds what it inherited until we close our end of the pipe. */
static pid_t hold(int pipefd[2], int lock)
{
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(pipefd[1]);
		if (lock_try(lock, NULL))
			_exit(1);
		while (read(pipefd[0], &byte, 1) > 0)
			;
		_exit(0);
	}
	(void)close(pipefd[0]);
	return pid;
}

static int end(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void says_busy_while_another_holds_it(void **state)
{
	struct err e = {0};
	int mine = open_lock(*state), other = open_lock(*state);

	assert_int_equal(lock_try(mine, &e), 0);
	assert_int_equal(lock_try(other, &e), ERR_BUSY);
	assert_non_null(strstr(e.msg, "another deploy of this app is under way"));
	lock_release(mine);
	assert_int_equal(lock_try(other, &e), 0);
	(void)close(other);
	assert_true(is_free(*state));
	(void)close(mine);
}

static void may_be_taken_again_by_its_holder(void **state)
{
	int fd = open_lock(*state);

	assert_int_equal(lock_try(fd, NULL), 0);
	assert_int_equal(lock_try(fd, NULL), 0);
	assert_int_equal(lock_wait(fd, NULL), 0);
	lock_release(fd);
	assert_true(is_free(*state));
	(void)close(fd);
}

static void makes_its_file_private_and_close_on_exec(void **state)
{
	struct stat st;
	int fd;

	assert_int_equal(unlink(*state), 0);
	fd = open_lock(*state);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
	assert_int_equal(access(*state, F_OK), 0);
}

static void names_the_file_that_it_can_not_open(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(lock_open("/nonexistent/shop.lock", &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "/nonexistent/shop.lock"));
}

/* The parent opens, a hook far below locks and ends: the lock outlives it. */
static void is_held_by_the_parent_after_the_child_that_locked(void **state)
{
	int fd = open_lock(*state), pipefd[2];
	pid_t pid = hold(pipefd, fd);

	(void)close(pipefd[1]);
	assert_int_equal(end(pid), 0);
	assert_false(is_free(*state));
	(void)close(fd);
	assert_true(is_free(*state));
}

static void is_held_by_a_child_after_the_parent_closed_it(void **state)
{
	int fd = open_lock(*state), pipefd[2];
	pid_t pid;

	assert_int_equal(lock_try(fd, NULL), 0);
	pid = hold(pipefd, fd);
	(void)close(fd);
	assert_false(is_free(*state));
	(void)close(pipefd[1]);
	assert_int_equal(end(pid), 0);
	assert_true(is_free(*state));
}

static void is_free_when_its_holder_is_killed(void **state)
{
	int fd = open_lock(*state), pipefd[2];
	pid_t pid;

	assert_int_equal(lock_try(fd, NULL), 0);
	pid = hold(pipefd, fd);
	(void)close(fd);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(WTERMSIG(end(pid)), SIGKILL);
	assert_true(is_free(*state));
	(void)close(pipefd[1]);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* Whether the kernel lists the process as one who waits for a lock. */
static bool waits_for_a_lock(pid_t pid)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[256], wanted[32];
	bool found = false;

	assert_non_null(locks);
	(void)snprintf(wanted, sizeof(wanted), " %d ", (int)pid);
	while (fgets(line, sizeof(line), locks))
		found = found || (strstr(line, "->") && strstr(line, wanted));
	(void)fclose(locks);
	return found;
}

/* Waits for the lock by an opening of its own, and is interrupted all the while. */
static _Noreturn void wait_in_child(const char *path, int inherited)
{
	struct sigaction handler = {.sa_handler = on_alarm};
	int own = lock_open(path, NULL);

	(void)close(inherited);
	(void)sigaction(SIGALRM, &handler, NULL);
	(void)ualarm(1000, 1000);
	_exit(lock_wait(own, NULL) ? 1 : 0);
}

static void waits_until_it_is_free_whatever_signals_come(void **state)
{
	int fd = open_lock(*state);
	pid_t pid;

	assert_int_equal(lock_try(fd, NULL), 0);
	pid = fork();
	if (pid == 0)
		wait_in_child(*state, fd);
	while (!waits_for_a_lock(pid))
		assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	lock_release(fd);
	assert_int_equal(end(pid), 0);
	(void)close(fd);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_path, remove_path)

static void bytes_of_a_file_are_held_apart(void **state)
{
	int mine = open_lock(*state), other = open_lock(*state);

	assert_int_equal(lock_byte_try(mine, 2, NULL), 0);
	assert_int_equal(lock_byte_try(other, 3, NULL), 0);
	assert_int_equal(lock_byte_try(other, 2, NULL), ERR_BUSY);
	assert_int_equal(lock_byte_try(mine, 3, NULL), ERR_BUSY);
	lock_byte_release(mine, 2);
	assert_int_equal(lock_byte_try(other, 2, NULL), 0);
	/* They end with the open file, and the whole file's lock is another. */
	assert_int_equal(lock_try(mine, NULL), 0);
	(void)close(other);
	assert_int_equal(lock_byte_try(mine, 2, NULL), 0);
	(void)close(mine);
}

/* Upkeep in another process, until it is wanted; *pipefd tells that it has begun. */
static pid_t keep_up(const char *path, int pipefd[2])
{
	const struct timespec pause = {.tv_nsec = 1000000};
	pid_t pid = fork();
	int fd;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	fd = lock_open(path, NULL);
	if (lock_try(fd, NULL) < 0)
		_exit(1);
	lock_is_for_upkeep(fd);
	if (write(pipefd[1], "", 1) != 1)
		_exit(2);
	while (!lock_is_wanted(fd))
		(void)nanosleep(&pause, NULL);
	_exit(0);
}

static void is_taken_from_upkeep_and_from_nothing_else(void **state)
{
	int mine = open_lock(*state), other = open_lock(*state), pipefd[2], status;
	char byte;
	pid_t pid;

	assert_int_equal(lock_take(other, NULL), 0);
	assert_int_equal(lock_take(mine, NULL), ERR_BUSY);
	lock_release(other);
	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	pid = keep_up(*state, pipefd);
	assert_int_equal(read(pipefd[0], &byte, 1), 1);
	assert_int_equal(lock_take(mine, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* Who took it isn't upkeep, and nobody wants it any more. */
	assert_int_equal(lock_take(other, NULL), ERR_BUSY);
	assert_false(lock_is_wanted(mine));
	(void)close(mine);
	(void)close(other);
	(void)close(pipefd[0]);
	(void)close(pipefd[1]);
}

static void bytes_are_held_with_their_process_alone(void **state)
{
	int mine = open_lock(*state);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		int fd = lock_open(*state, NULL);

		_exit(lock_byte_wait(fd, 5, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lock_byte_try(mine, 5, NULL), 0);
	(void)close(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(says_busy_while_another_holds_it),
		CASE(may_be_taken_again_by_its_holder),
		CASE(makes_its_file_private_and_close_on_exec),
		CASE(names_the_file_that_it_can_not_open),
		CASE(is_held_by_the_parent_after_the_child_that_locked),
		CASE(is_held_by_a_child_after_the_parent_closed_it),
		CASE(is_free_when_its_holder_is_killed),
		CASE(waits_until_it_is_free_whatever_signals_come),
		cmocka_unit_test_setup_teardown(
			bytes_of_a_file_are_held_apart, make_path, remove_path),
		cmocka_unit_test_setup_teardown(
			is_taken_from_upkeep_and_from_nothing_else, make_path,
			remove_path),
		cmocka_unit_test_setup_teardown(
			bytes_are_held_with_their_process_alone, make_path, remove_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
