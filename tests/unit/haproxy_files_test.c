#include "builder/proxy/config.h"
#include "config/paths.h"
#include "tests/support/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h wants some of the above. */
#include <cmocka.h>

/* What stands in the files that HAProxy reads when it starts. */

static void a_restart_has_the_same_routes(void **state)
{
	struct proxy *p = *state;
	struct lives l;

	need_haproxy();
	l = start_lives(p);
	assert_done(p, haproxy_route(&p->s, 0, &l.new, 1, &p->err));
	stop_proxy(p);
	assert_done(p, haproxy_write_config(&p->s, &p->err));
	start_proxy(p);
	assert_page(port_of(p, 0), "new");
	/* What came from a file can be swapped and deleted like what was added. */
	assert_done(p, haproxy_route(&p->s, 0, &l.old, 1, &p->err));
	assert_done(p, haproxy_delete(&p->s, 0, "web.2.1", &p->err));
	assert_page(port_of(p, 0), "old");
	stop_lives(&l);
}

static void says_that_no_proxy_answers(void **state)
{
	static const struct haproxy_server one = {"web.1.1", "127.0.0.1:1"};
	struct proxy *p = *state;
	struct haproxy_port port = {port_of(p, 0), 0};

	assert_done(p, haproxy_write_config(&p->s, &p->err));
	assert_int_equal(haproxy_ping(&p->s, &p->err), ERR_AWAY);
	assert_non_null(strstr(p->err.msg, "HAProxy doesn't answer"));
	assert_int_equal(haproxy_route(&p->s, 0, &one, 1, &p->err), ERR_AWAY);
	assert_int_equal(haproxy_delete(&p->s, 0, "web.1.1", &p->err), ERR_AWAY);
	assert_done(p, haproxy_map_ports(&p->s, &port, 1, &p->err));
}

static void notices_that_the_pool_has_grown(void **state)
{
	struct proxy *p = *state;
	bool current = false;

	need_haproxy();
	assert_done(p, haproxy_is_current(&p->s, &current, &p->err));
	assert_true(current);
	p->s.proxy_apps++;
	assert_done(p, haproxy_is_current(&p->s, &current, &p->err));
	assert_false(current);
}

static void keeps_routes_when_the_pool_grows_and_shrinks(void **state)
{
	static const struct haproxy_server one = {"web.1.1", "10.0.0.1:80"};
	struct proxy *p = *state;
	char path[PATH_TEXT_MAX];

	assert_done(p, haproxy_write_config(&p->s, &p->err));
	assert_done(p, haproxy_write_slot(&p->s, 6, &one, 1, &p->err));
	p->s.proxy_apps = 5;
	assert_done(p, haproxy_write_config(&p->s, &p->err));
	assert_slot_file(p, 4, "");
	assert_int_equal(
		access(path_run(&p->s, "proxy/backends/005.cfg", path), F_OK), -1);
	assert_slot_file(p, 6, "\tserver web.1.1 10.0.0.1:80 " HAPROXY_CHECK "\n");
	p->s.proxy_apps = 12;
	assert_done(p, haproxy_write_config(&p->s, &p->err));
	assert_slot_file(p, 5, "");
	assert_slot_file(p, 6, "\tserver web.1.1 10.0.0.1:80 " HAPROXY_CHECK "\n");
	assert_slot_file(p, 11, "");
}

static void mends_a_slot_that_a_crash_left_torn(void **state)
{
	struct proxy *p = *state;
	char path[PATH_TEXT_MAX];

	assert_done(p, haproxy_write_config(&p->s, &p->err));
	assert_int_equal(truncate(path_run(&p->s, "proxy/backends/003.cfg", path), 7), 0);
	assert_int_equal(truncate(path_run(&p->s, "proxy/backends/004.cfg", path), 0), 0);
	assert_done(p, haproxy_write_config(&p->s, &p->err));
	assert_slot_file(p, 3, "");
	assert_slot_file(p, 4, "");
}

static void rejects_settings_that_haproxy_can_not_read(void **state)
{
	struct proxy *p = *state;

	(void)snprintf(p->s.server_data, sizeof(p->s.server_data), "%s/a b", p->folder);
	assert_int_equal(haproxy_write_config(&p->s, &p->err), ERR_USAGE);
	(void)snprintf(
		p->s.server_data, sizeof(p->s.server_data), "%s/%080d", p->folder, 1);
	assert_int_equal(haproxy_write_config(&p->s, &p->err), ERR_USAGE);
	assert_non_null(strstr(p->err.msg, "at most 74 bytes"));
}

static void names_a_port_that_another_program_has(void **state)
{
	struct proxy *p = *state;
	struct web *w = web_start("127.0.0.1", port_of(p, 2), "another");
	char port[32];

	assert_non_null(w);
	assert_int_equal(haproxy_write_config(&p->s, &p->err), ERR_FAILED);
	(void)snprintf(port, sizeof(port), "port %d of", port_of(p, 2));
	assert_non_null(strstr(p->err.msg, port));
	web_stop(w);
	assert_done(p, haproxy_write_config(&p->s, &p->err));
}

#define RUNNING(test) cmocka_unit_test_setup_teardown(test, make_running, destroy)
#define FILES(test) cmocka_unit_test_setup_teardown(test, make_proxy, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING(a_restart_has_the_same_routes),
		FILES(says_that_no_proxy_answers),
		RUNNING(notices_that_the_pool_has_grown),
		FILES(keeps_routes_when_the_pool_grows_and_shrinks),
		FILES(mends_a_slot_that_a_crash_left_torn),
		FILES(rejects_settings_that_haproxy_can_not_read),
		FILES(names_a_port_that_another_program_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
