#include "config/base/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void parses_within_its_range(void **state)
{
	int64_t v = -7;

	(void)state;
	assert_int_equal(number_parse("42", 1, 100, &v), 0);
	assert_int_equal(v, 42);
	assert_int_equal(number_parse("-5", -10, 10, &v), 0);
	assert_int_equal(v, -5);
	assert_int_equal(number_parse("101", 1, 100, &v), -1);
	assert_int_equal(number_parse("0", 1, 100, &v), -1);
	assert_int_equal(v, -5);
}

static void takes_the_whole_text_or_nothing(void **state)
{
	static const char *const wrong[] = {"", " 1", "1 ", "+1", "0x10", "1e3", "one",
		"-", "--1", "99999999999999999999"};
	int64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(number_parse(wrong[i], INT64_MIN, INT64_MAX, &v), -1);
}

static void sizes_are_powers_of_1024(void **state)
{
	int64_t v;

	(void)state;
	assert_int_equal(number_parse_size("512", &v), 0);
	assert_int_equal(v, 512);
	assert_int_equal(number_parse_size("64k", &v), 0);
	assert_int_equal(v, 65536);
	assert_int_equal(number_parse_size("2G", &v), 0);
	assert_int_equal(v, (int64_t)2 << 30);
	assert_int_equal(number_parse_size("-1k", &v), -1);
	assert_int_equal(number_parse_size("1t", &v), -1);
	assert_int_equal(number_parse_size("9223372036854775807g", &v), -1);
}

static void durations_are_seconds_unless_said(void **state)
{
	int64_t v;

	(void)state;
	assert_int_equal(number_parse_duration("30", &v), 0);
	assert_int_equal(v, 30000);
	assert_int_equal(number_parse_duration("500ms", &v), 0);
	assert_int_equal(v, 500);
	assert_int_equal(number_parse_duration("2h", &v), 0);
	assert_int_equal(v, 7200000);
	assert_int_equal(number_parse_duration("1d", &v), -1);
	assert_int_equal(number_parse_duration("s", &v), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_within_its_range),
		cmocka_unit_test(takes_the_whole_text_or_nothing),
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(durations_are_seconds_unless_said),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
