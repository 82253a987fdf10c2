#include "config/base/io.h"

#include "config/base/buf.h"
#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The test's state is its folder. */
static int make_folder(void **state)
{
	char *path = strdup("/tmp/bardo-io-XXXXXX");

	*state = path;
	return path && mkdtemp(path) ? 0 : -1;
}

static int remove_folder(void **state)
{
	int rc = io_remove_tree(*state, NULL);

	free(*state);
	return rc;
}

static const char *in(void **state, const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", (char *)*state, name);
	return path;
}

static void reads_back_what_it_replaced(void **state)
{
	const char *path = in(state, "file");
	struct stat st;
	struct buf b;

	buf_init(&b, 100);
	assert_int_equal(io_replace_file(path, 0600, "old text", 8, NULL), 0);
	assert_int_equal(io_replace_file(path, 0640, "new", 3, NULL), 0);
	assert_int_equal(io_read_file(path, &b, NULL), 0);
	assert_string_equal(buf_text(&b), "new");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	buf_finish(&b);
}

static void leaves_nothing_beside_a_file_that_it_could_not_replace(void **state)
{
	struct err e = {0};

	assert_int_equal(mkdir(in(state, "taken"), 0700), 0);
	assert_int_equal(
		io_replace_file(in(state, "taken"), 0600, "x", 1, &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "taken"));
	/* It would not be empty then. */
	assert_int_equal(rmdir(in(state, "taken")), 0);
	assert_int_equal(rmdir(*state), 0);
	assert_int_equal(mkdir(*state, 0700), 0);
}

static void tells_a_missing_file_from_an_unreadable_one(void **state)
{
	struct err e = {0};
	struct buf b;

	buf_init(&b, 100);
	assert_int_equal(io_read_file(in(state, "none"), &b, &e), ERR_NOTFOUND);
	assert_int_equal(io_read_file(*state, &b, &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, *state));
	buf_finish(&b);
}

static void reads_up_to_the_maximum_and_no_further(void **state)
{
	const char *path = in(state, "file");
	struct err e = {0};
	struct buf b;

	assert_int_equal(io_replace_file(path, 0600, "12345", 5, NULL), 0);
	buf_init(&b, 5);
	assert_int_equal(io_read_file(path, &b, &e), 0);
	assert_string_equal(buf_text(&b), "12345");
	buf_finish(&b);
	buf_init(&b, 4);
	assert_int_equal(io_read_file(path, &b, &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "more than 4 bytes"));
	buf_finish(&b);
}

static void has_a_text_after_a_failed_read(void **state)
{
	struct buf b;
	int fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	/* What malloc gives is not zero by chance. */
	(void)mallopt(M_PERTURB, 0xaa);
	buf_init(&b, 100);
	assert_int_equal(io_read_all(fd, &b, NULL), ERR_FAILED);
	(void)mallopt(M_PERTURB, 0);
	assert_string_equal(buf_text(&b), "");
	buf_finish(&b);
	(void)close(fd);
}

static void makes_a_folder_or_finds_it(void **state)
{
	const char *path = in(state, "folder");
	struct stat st;

	assert_int_equal(io_make_dir(path, 0700, NULL), 0);
	assert_int_equal(io_make_dir(path, 0711, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
}

static void takes_no_file_for_a_folder(void **state)
{
	const char *path = in(state, "file");
	struct err e = {0};
	struct stat st;

	assert_int_equal(io_replace_file(path, 0600, "", 0, NULL), 0);
	assert_int_equal(io_make_dir(path, 0711, &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "Not a directory"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void removes_a_tree_but_not_what_its_links_mean(void **state)
{
	char kept[256], tree[256];

	(void)snprintf(kept, sizeof(kept), "%s", in(state, "kept"));
	(void)snprintf(tree, sizeof(tree), "%s", in(state, "tree"));
	assert_int_equal(mkdir(kept, 0700), 0);
	assert_int_equal(mkdir(tree, 0700), 0);
	assert_int_equal(symlink(kept, in(state, "tree/link")), 0);
	assert_int_equal(symlink("nowhere", in(state, "tree/dangling")), 0);
	assert_int_equal(mkdir(in(state, "tree/deep"), 0700), 0);
	assert_int_equal(io_replace_file(in(state, "tree/deep/x"), 0400, "", 0, NULL), 0);
	assert_int_equal(io_remove_tree(tree, NULL), 0);
	assert_int_equal(access(tree, F_OK), -1);
	assert_int_equal(access(kept, F_OK), 0);
	assert_int_equal(io_remove_tree(tree, NULL), 0);
}

static void writes_all_of_it_through_a_small_pipe(void **state)
{
	static char data[1 << 20];
	struct buf b;
	int fds[2], status;
	pid_t pid;

	(void)state;
	memset(data, 'x', sizeof(data));
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		_exit(io_write_all(fds[1], data, sizeof(data)) ? 1 : 0);
	(void)close(fds[1]);
	buf_init(&b, sizeof(data));
	assert_int_equal(io_read_all(fds[0], &b, NULL), 0);
	assert_int_equal(b.len, sizeof(data));
	assert_memory_equal(b.data, data, sizeof(data));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	buf_finish(&b);
	(void)close(fds[0]);
}

static void sets_the_flags_of_a_descriptor(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(io_set_cloexec(fds[0], false), 0);
	assert_int_equal(fcntl(fds[0], F_GETFD), 0);
	assert_int_equal(io_set_cloexec(fds[0], true), 0);
	assert_int_equal(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(io_set_nonblocking(fds[0], true), 0);
	assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	assert_int_equal(io_set_nonblocking(fds[0], false), 0);
	assert_false(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reads_back_what_it_replaced),
		CASE(leaves_nothing_beside_a_file_that_it_could_not_replace),
		CASE(tells_a_missing_file_from_an_unreadable_one),
		CASE(reads_up_to_the_maximum_and_no_further),
		CASE(has_a_text_after_a_failed_read),
		CASE(makes_a_folder_or_finds_it),
		CASE(takes_no_file_for_a_folder),
		CASE(removes_a_tree_but_not_what_its_links_mean),
		CASE(writes_all_of_it_through_a_small_pipe),
		CASE(sets_the_flags_of_a_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
