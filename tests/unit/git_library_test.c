#include "config/git_library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <git2.h>
#include <malloc.h>
#include <unistd.h>

/* The certificates of a machine take several times as much. */
#define MOST_BYTES (128 * 1024)

static void starts_without_certificates(void **state)
{
	size_t before = mallinfo2().uordblks;

	(void)state;
	git_library_start();
	assert_true(mallinfo2().uordblks < before + MOST_BYTES);
	assert_null(git_error_last());
	assert_int_equal(git_libgit2_shutdown(), 0);
}

static void lets_files_be_opened_again(void **state)
{
	int fd;

	(void)state;
	git_library_start();
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(git_libgit2_shutdown(), 0);
}

static void counts_its_users(void **state)
{
	(void)state;
	git_library_start();
	git_library_start();
	assert_int_equal(git_libgit2_shutdown(), 1);
	assert_int_equal(git_libgit2_shutdown(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_without_certificates),
		cmocka_unit_test(lets_files_be_opened_again),
		cmocka_unit_test(counts_its_users),
	};

	return cmocka_run_group_tests_name("git_library", tests, NULL, NULL);
}
