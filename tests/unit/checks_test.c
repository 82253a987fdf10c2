/* What owners set about checks. */
#include "config/app/checks.h"

#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/settings.h"
#include "config/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define APP 1

static void a_list_takes_and_gives_types(void **state)
{
	char list[PROPERTY_VALUE_SIZE] = "";

	(void)state;
	assert_int_equal(checks_add(list, "web", NULL), 0);
	assert_int_equal(checks_add(list, "worker", NULL), 0);
	assert_int_equal(checks_add(list, "web", NULL), 0);
	assert_int_equal(checks_add(list, "clock", NULL), 0);
	assert_string_equal(list, "web,worker,clock");
	assert_true(checks_has(list, "worker"));
	assert_false(checks_has(list, "work"));
	assert_false(checks_has(list, "orker"));
	checks_remove(list, "worker");
	assert_string_equal(list, "web,clock");
	checks_remove(list, "clock");
	checks_remove(list, "nothing");
	assert_string_equal(list, "web");
	checks_remove(list, "web");
	assert_string_equal(list, "");
}

static void a_full_list_takes_no_more(void **state)
{
	char list[PROPERTY_VALUE_SIZE] = "", type[64];
	int rc = 0;

	(void)state;
	for (int i = 0; i < PROPERTY_VALUE_SIZE && !rc; i++) {
		(void)snprintf(type, sizeof(type), "process-type-%d", i);
		rc = checks_add(list, type, NULL);
	}
	assert_int_equal(rc, ERR_USAGE);
	assert_true(strlen(list) < PROPERTY_VALUE_SIZE);
}

static void set(struct store *s, int64_t app_id, const char *name, const char *value)
{
	assert_int_equal(property_set(s, app_id, CHECKS_FAMILY, name, value, NULL), 0);
}

static void the_apps_seconds_win_over_every_apps_and_the_setting(void **state)
{
	const struct settings settings = {.deploy_drain = 30000, .check_timeout = 60000};
	char dir[] = "/tmp/bardo-checks-XXXXXX", path[64];
	struct store *s;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/bardo.db", dir);
	assert_int_equal(store_open(&s, path, NULL), 0);
	assert_int_equal(checks_drain(s, APP, &settings), 30000);
	assert_int_equal(checks_timeout(s, APP, &settings), 60000);
	set(s, EVERY_APP, CHECKS_WAIT_TO_RETIRE, "10");
	assert_int_equal(checks_drain(s, APP, &settings), 10000);
	set(s, APP, CHECKS_WAIT_TO_RETIRE, "0");
	set(s, APP, CHECKS_STARTUP_TIMEOUT, "300");
	assert_int_equal(checks_drain(s, APP, &settings), 0);
	assert_int_equal(checks_timeout(s, APP, &settings), 300000);
	assert_int_equal(checks_drain(s, EVERY_APP, &settings), 10000);
	store_close(s);
	assert_int_equal(io_remove_tree(dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_takes_and_gives_types),
		cmocka_unit_test(a_full_list_takes_no_more),
		cmocka_unit_test(the_apps_seconds_win_over_every_apps_and_the_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
