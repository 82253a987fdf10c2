#include "config/base/err.h"
#include "receiver/ssh/ending.h"
#include "receiver/ssh/environment.h"
#include "receiver/ssh/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- the environment ---- */

static void takes_plain_values_of_known_names(void **state)
{
	static const char *const good[][2] = {
		{"GIT_PROTOCOL", "version=2"},
		{"GIT_PROTOCOL", "version=2:key=val.ue-1"},
		{"LANG", "de_CH.UTF-8"},
		{"LC_ALL", "C"},
		{"LC_TIME", "ca_ES.UTF-8@valencia"},
		{"TERM", "xterm-256color"},
		{"LANG", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct environment e = {0};

		assert_int_equal(environment_set(&e, good[i][0], good[i][1], NULL), 0);
		assert_int_equal(e.len, 1);
		environment_finish(&e);
	}
}

static void refuses_other_names_and_strange_values(void **state)
{
	static const char *const bad[][2] = {
		{"LD_PRELOAD", "/tmp/x.so"},
		{"PATH", "/tmp"},
		{"GIT_DIR", "/"},
		{"GIT_PROTOCOLS", "version=2"},
		{"LC_", "C"},
		{"LC_ALL=C", "C"},
		{"", "C"},
		{"GIT_PROTOCOL", "version=2;rm"},
		{"GIT_PROTOCOL", "Version=2"},
		{"LANG", "../../etc"},
		{"LC_ALL", "C\nPATH=/tmp"},
		{"TERM", "a b"},
	};
	struct environment e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			environment_set(&e, bad[i][0], bad[i][1], NULL), ERR_DENIED);
	assert_int_equal(e.len, 0);
}

static void refuses_a_value_that_is_too_long(void **state)
{
	char value[ENVIRONMENT_VALUE_MAX + 2] = {0};
	struct environment e = {0};

	(void)state;
	memset(value, 'a', ENVIRONMENT_VALUE_MAX);
	assert_int_equal(environment_set(&e, "LANG", value, NULL), 0);
	value[ENVIRONMENT_VALUE_MAX] = 'a';
	assert_int_equal(environment_set(&e, "LANG", value, NULL), ERR_DENIED);
	environment_finish(&e);
}

static void keeps_the_last_value_of_a_name(void **state)
{
	struct environment e = {0};

	(void)state;
	assert_int_equal(environment_set(&e, "LANG", "C", NULL), 0);
	assert_int_equal(environment_set(&e, "LC_ALL", "C", NULL), 0);
	assert_int_equal(environment_set(&e, "LANG", "de_CH", NULL), 0);
	assert_int_equal(e.len, 2);
	assert_string_equal(e.entries[0], "LANG=de_CH");
	environment_finish(&e);
}

/* ---- the ending ---- */

static void reads_an_exit_status(void **state)
{
	struct ending e;

	(void)state;
	assert_int_equal(ending_parse(&e, "0\n"), 0);
	assert_int_equal(e.status, 0);
	assert_int_equal(ending_parse(&e, "255"), 0);
	assert_int_equal(e.status, 255);
	assert_string_equal(e.signal, "");
}

static void reads_a_signal(void **state)
{
	struct ending e;

	(void)state;
	assert_int_equal(ending_parse(&e, "signal TERM\n"), 0);
	assert_string_equal(e.signal, "TERM");
	assert_int_equal(ending_parse(&e, "signal USR1"), 0);
	assert_string_equal(e.signal, "USR1");
}

static void takes_anything_else_for_no_status(void **state)
{
	static const char *const bad[] = {"", "\n", "256\n", "-1\n", "1x\n", "signal \n",
		"signal term\n", "signal ABCDEFGHIJKLMNOPQ\n", "TERM\n",
		"0000000000000000000000000000000000000\n"};
	struct ending e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(ending_parse(&e, bad[i]), ERR_NOTFOUND);
		assert_int_equal(e.status, ENDING_UNKNOWN);
		assert_string_equal(e.signal, "");
	}
}

/* ---- our own options ---- */

#define WORDS(...) ((const char *const[]){"bardo-ssh", __VA_ARGS__, NULL})
#define COUNT(w) ((int)(sizeof(w) / sizeof((w)[0])) - 1)
#define parse(o, ...)                                                                    \
	options_parse(o, COUNT(WORDS(__VA_ARGS__)), WORDS(__VA_ARGS__), NULL)

static void takes_what_bardod_says(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, "--peer", "[::1]:4711", "--local", "::1", "--grace",
				 "30000", "--max-tries", "10", "--keys", "/k"),
		0);
	assert_string_equal(o.peer, "[::1]:4711");
	assert_string_equal(o.local, "::1");
	assert_string_equal(o.keys, "/k");
	assert_int_equal(o.grace_ms, 30000);
	assert_int_equal(o.max_tries, 10);
	assert_null(o.make_host_keys);
}

static void refuses_options_that_are_wrong_or_missing(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, "--peer"), ERR_USAGE);
	assert_int_equal(parse(&o, "--what", "x"), ERR_USAGE);
	assert_int_equal(parse(&o, "--grace", "0"), ERR_USAGE);
	assert_int_equal(parse(&o, "--grace", "1s"), ERR_USAGE);
	assert_int_equal(
		parse(&o, "--peer", "a", "--local", "b", "--keys", "/k", "--grace", "1"),
		ERR_USAGE);
	assert_int_equal(parse(&o, "--make-host-keys", "/k"), 0);
	assert_string_equal(o.make_host_keys, "/k");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_plain_values_of_known_names),
		cmocka_unit_test(refuses_other_names_and_strange_values),
		cmocka_unit_test(refuses_a_value_that_is_too_long),
		cmocka_unit_test(keeps_the_last_value_of_a_name),
		cmocka_unit_test(reads_an_exit_status),
		cmocka_unit_test(reads_a_signal),
		cmocka_unit_test(takes_anything_else_for_no_status),
		cmocka_unit_test(takes_what_bardod_says),
		cmocka_unit_test(refuses_options_that_are_wrong_or_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
