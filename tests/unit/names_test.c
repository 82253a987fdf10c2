#include "config/names.h"

#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void takes_lower_case_digits_and_dashes(void **state)
{
	(void)state;
	assert_true(name_is_valid("shop"));
	assert_true(name_is_valid("0"));
	assert_true(name_is_valid("a-1--b"));
	assert_false(name_is_valid("a-1-b-"));
	assert_false(name_is_valid(""));
	assert_false(name_is_valid("-shop"));
	assert_false(name_is_valid("Shop"));
	assert_false(name_is_valid("sh_op"));
	assert_false(name_is_valid("shop.git"));
	assert_false(name_is_valid("sh\303\266p"));
}

static void takes_63_bytes_at_most(void **state)
{
	char name[65];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	assert_true(name_is_valid(name));
	name[63] = 'a';
	name[64] = '\0';
	assert_false(name_is_valid(name));
}

static void finds_the_app_in_a_clients_path(void **state)
{
	static const char *const same[] = {"shop", "/shop", "shop.git", "/shop.git"};
	char name[NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(name_from_path(name, same[i], NULL), 0);
		assert_string_equal(name, "shop");
	}
}

static void rejects_path_escape(void **state)
{
	static const char *const wrong[] = {"../x", "/etc/passwd", "a;b", "-oProxy", "",
		"/", "//shop", "shop/", ".git", "/.git", "shop.git.git", "a/../b",
		"~ada/shop", "$(id)", "a\nb"};
	char name[NAME_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(name_from_path(name, wrong[i], NULL), ERR_USAGE);
}

static void rejects_a_name_of_300_bytes_in_one_short_line(void **state)
{
	char path[301], name[NAME_SIZE];
	struct err err = {0};

	(void)state;
	memset(path, 'a', 300);
	path[300] = '\0';
	assert_int_equal(name_from_path(name, path, &err), ERR_USAGE);
	assert_true(strlen(err.msg) < 200);
	assert_null(strchr(err.msg, '\n'));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_lower_case_digits_and_dashes),
		cmocka_unit_test(takes_63_bytes_at_most),
		cmocka_unit_test(finds_the_app_in_a_clients_path),
		cmocka_unit_test(rejects_path_escape),
		cmocka_unit_test(rejects_a_name_of_300_bytes_in_one_short_line),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
