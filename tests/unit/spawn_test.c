#include "config/base/spawn.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTPUT_MAX 65536

static char *const no_env[] = {NULL};

/* Runs a shell script as s says, its output in b. Gives its exit status. */
static int run(struct spawn s, const char *script, struct buf *b)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct spawn_fd fds[SPAWN_FDS_MAX];
	struct err e = {0};
	int pipefd[2];
	pid_t pid;

	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	memcpy(fds, s.fds_len ? s.fds : fds, s.fds_len * sizeof(fds[0]));
	fds[s.fds_len++] = (struct spawn_fd){pipefd[1], 1};
	s.path = "/bin/sh";
	s.argv = (char *const *)argv;
	s.env = s.env ? s.env : no_env;
	s.fds = fds;
	pid = spawn_start(&s, &e);
	(void)close(pipefd[1]);
	if (pid < 0)
		print_message("%s\n", e.msg);
	assert_true(pid > 0);
	buf_init(b, OUTPUT_MAX);
	assert_int_equal(io_read_all(pipefd[0], b, NULL), 0);
	(void)close(pipefd[0]);
	return spawn_wait(pid);
}

static void gives_a_program_the_listed_descriptors_and_no_other(void **state)
{
	struct buf b;
	int other = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	/* As one that we were started with: not close-on-exec. */
	int inherited = open("/dev/full", O_RDONLY);
	struct spawn_fd fds[] = {{other, 5}};

	(void)state;
	assert_int_equal(
		run((struct spawn){.fds = fds, .fds_len = 1},
			"cd /proc/self/fd; for f in *; do echo $f $(readlink $f); done",
			&b),
		0);
	assert_non_null(strstr(buf_text(&b), "0 /dev/null\n"));
	assert_non_null(strstr(buf_text(&b), "1 pipe:"));
	assert_non_null(strstr(buf_text(&b), "2 /dev/null\n"));
	assert_non_null(strstr(buf_text(&b), "5 /dev/zero\n"));
	assert_null(strstr(buf_text(&b), "/dev/full"));
	buf_finish(&b);
	(void)close(inherited);
	(void)close(other);
}

static void lets_descriptors_change_places(void **state)
{
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	int full = open("/dev/full", O_RDONLY | O_CLOEXEC);
	struct spawn_fd fds[] = {{zero, full}, {full, zero}};
	char script[128];
	struct buf b;

	(void)state;
	(void)snprintf(script, sizeof(script),
		"readlink /proc/self/fd/%d; readlink /proc/self/fd/%d", zero, full);
	assert_int_equal(run((struct spawn){.fds = fds, .fds_len = 2}, script, &b), 0);
	assert_string_equal(buf_text(&b), "/dev/full\n/dev/zero\n");
	buf_finish(&b);
	(void)close(zero);
	(void)close(full);
}

static void gives_exactly_the_environment(void **state)
{
	char *const env[] = {(char[]){"A=b"}, NULL};
	struct buf b;

	(void)state;
	assert_int_equal(run((struct spawn){.env = env}, "exec /usr/bin/env", &b), 0);
	assert_non_null(strstr(buf_text(&b), "A=b\n"));
	assert_null(strstr(buf_text(&b), "HOME="));
	buf_finish(&b);
}

static void starts_it_in_a_folder(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(run((struct spawn){.cwd = "/usr"}, "pwd", &b), 0);
	assert_string_equal(buf_text(&b), "/usr\n");
	buf_finish(&b);
}

static void makes_a_session_that_can_be_signalled(void **state)
{
	const char *const argv[] = {"sh", "-c", "sleep 60 & wait", NULL};
	struct spawn s = {
		.path = "/bin/sh",
		.argv = (char *const *)argv,
		.env = no_env,
		.new_session = true,
	};
	pid_t pid = spawn_start(&s, NULL);

	(void)state;
	assert_true(pid > 0);
	assert_int_equal(getsid(pid), pid);
	assert_int_equal(kill(-pid, SIGTERM), 0);
	assert_int_equal(spawn_wait(pid), 128 + SIGTERM);
}

static void starts_with_signals_as_they_should_be(void **state)
{
	struct buf b;
	sigset_t set, old;
	unsigned long long blocked = 1;
	const char *line;

	(void)state;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, &old);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_DFL);
	assert_int_equal(run((struct spawn){0}, "exec cat /proc/self/status", &b), 0);
	line = strstr(buf_text(&b), "SigBlk:");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "SigBlk: %llx", &blocked), 1);
	assert_int_equal(blocked, 0);
	line = strstr(buf_text(&b), "SigIgn:");
	assert_int_equal(sscanf(line, "SigIgn: %llx", &blocked), 1);
	/* 32 and 33 are libc's own: signal(2) doesn't take them, and make's children
	 * ignore them. */
	assert_int_equal(blocked & ~(3ULL << 31), 0);
	buf_finish(&b);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
}

static void holds_a_hangup_until_the_program_wants_it(void **state)
{
	struct buf b;
	unsigned long long blocked = 0;
	const char *line;

	(void)state;
	assert_int_equal(run((struct spawn){.hold_hangup = true},
				 "exec cat /proc/self/status", &b),
		0);
	line = strstr(buf_text(&b), "SigBlk:");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "SigBlk: %llx", &blocked), 1);
	assert_int_equal(blocked, 1ULL << (SIGHUP - 1));
	buf_finish(&b);
}

static void hands_an_ignored_hangup_on(void **state)
{
	struct buf b;
	unsigned long long ignored = 0;
	const char *line;

	(void)state;
	(void)signal(SIGHUP, SIG_IGN);
	assert_int_equal(run((struct spawn){0}, "exec cat /proc/self/status", &b), 0);
	(void)signal(SIGHUP, SIG_DFL);
	line = strstr(buf_text(&b), "SigIgn:");
	assert_non_null(line);
	assert_int_equal(sscanf(line, "SigIgn: %llx", &ignored), 1);
	assert_int_equal(ignored & 1ULL << (SIGHUP - 1), 1ULL << (SIGHUP - 1));
	buf_finish(&b);
}

static void becomes_the_user_with_its_groups(void **state)
{
	const gid_t groups[] = {1, 60};
	const struct spawn_user user = {
		.uid = 65534, .gid = 1, .groups = groups, .groups_len = 2};
	struct buf b;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(run((struct spawn){.user = &user},
				 "/usr/bin/id -u; /usr/bin/id -g; /usr/bin/id -G", &b),
		0);
	assert_string_equal(buf_text(&b), "65534\n1\n1 60\n");
	buf_finish(&b);
}

static void says_what_could_not_be_started(void **state)
{
	const char *const argv[] = {"missing", NULL};
	struct spawn s = {.path = "/nonexistent/program",
		.argv = (char *const *)argv,
		.env = no_env};
	struct err e = {0};

	(void)state;
	assert_int_equal(spawn_start(&s, &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "/nonexistent/program"));
	assert_non_null(strstr(e.msg, "No such file"));
	s.path = "/bin/sh";
	s.cwd = "/nonexistent";
	assert_int_equal(spawn_start(&s, &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "/nonexistent"));
}

static void gives_the_exit_status_or_the_signal(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(run((struct spawn){0}, "exit 42", &b), 42);
	buf_finish(&b);
	assert_int_equal(run((struct spawn){0}, "kill -9 $$", &b), 128 + SIGKILL);
	buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_a_program_the_listed_descriptors_and_no_other),
		cmocka_unit_test(lets_descriptors_change_places),
		cmocka_unit_test(gives_exactly_the_environment),
		cmocka_unit_test(starts_it_in_a_folder),
		cmocka_unit_test(makes_a_session_that_can_be_signalled),
		cmocka_unit_test(starts_with_signals_as_they_should_be),
		cmocka_unit_test(holds_a_hangup_until_the_program_wants_it),
		cmocka_unit_test(hands_an_ignored_hangup_on),
		cmocka_unit_test(becomes_the_user_with_its_groups),
		cmocka_unit_test(says_what_could_not_be_started),
		cmocka_unit_test(gives_the_exit_status_or_the_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
