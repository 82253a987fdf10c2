#include "config/base/clock.h"
#include "receiver/bardod/daily.h"
#include "receiver/bardod/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define TOLERANCE_MS 60000

/* In place of bardod's: a day is too long to wait for, and a job needs all of bardod. */
static struct server server;
static int looks;

void jobs_start(struct jobs *j, const char *command)
{
	(void)j;
	assert_string_equal(command, "certs:watch");
	looks++;
	loop_stop(&server.loop);
}

static void assert_tomorrow(const struct timer *t)
{
	int64_t left = t->at - clock_monotonic_ms();

	assert_true(t->is_set);
	assert_in_range(left, DAY_MS - TOLERANCE_MS, DAY_MS);
}

static void looks_at_its_start_and_again_each_day(void **state)
{
	(void)state;
	assert_int_equal(loop_init(&server.loop, NULL), 0);
	daily_init(&server.daily, &server);
	daily_begin(&server.daily);
	assert_int_equal(looks, 1);
	for (int day = 2; day < 4; day++) {
		assert_tomorrow(&server.daily.next);
		/* The day is over. */
		loop_set_timer(&server.loop, &server.daily.next, 0);
		server.loop.stopped = false;
		assert_int_equal(loop_run(&server.loop, NULL), 0);
		assert_int_equal(looks, day);
	}
	assert_tomorrow(&server.daily.next);
	loop_finish(&server.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_at_its_start_and_again_each_day),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
