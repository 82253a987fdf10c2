#include "builder/logs/log_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#define NS INT64_C(1000000000)

static int64_t parse(const char *text)
{
	return log_time_parse(text, strlen(text));
}

static void reads_the_times_that_engines_write(void **state)
{
	(void)state;
	assert_int_equal(parse("1970-01-01T00:00:01.000000002Z"), NS + 2);
	assert_int_equal(
		parse("2026-11-21T08:09:10.123456789Z"), 1795248550 * NS + 123456789);
	assert_int_equal(parse("2026-11-21T08:09:10Z"), 1795248550 * NS);
}

static void a_zone_is_the_same_instant(void **state)
{
	(void)state;
	assert_int_equal(parse("2026-11-21T09:39:10.5+01:30"),
		parse("2026-11-21T08:09:10.500000000Z"));
	assert_int_equal(
		parse("2026-11-20T22:09:10-10:00"), parse("2026-11-21T08:09:10Z"));
}

static void what_is_no_time_is_0(void **state)
{
	static const char *const wrong[] = {"", "hello", "2026-11-21",
		"an unreasonably long word that goes on and on and on and on and on"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(parse(wrong[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_times_that_engines_write),
		cmocka_unit_test(a_zone_is_the_same_instant),
		cmocka_unit_test(what_is_no_time_is_0),
	};

	return cmocka_run_group_tests_name("log_stream", tests, NULL, NULL);
}
