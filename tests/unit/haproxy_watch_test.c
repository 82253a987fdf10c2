#include "builder/proxy/socket.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "tests/support/http.h"
#include "tests/support/proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* cmocka.h wants some of the above. */
#include <cmocka.h>

/* Servers that are down, seen through a real HAProxy. */

#define PATIENCE_MS 15000

static enum haproxy_state shown_state(struct proxy *p, const char *name)
{
	struct haproxy_shown shown[HAPROXY_SERVERS_MAX];
	size_t len;

	assert_done(p, haproxy_show(&p->s, 0, shown, &len, &p->err));
	for (size_t i = 0; i < len; i++) {
		if (!strcmp(shown[i].server.name, name))
			return shown[i].state;
	}
	fail_msg("%s is not there", name);
	return HAPROXY_MAINT;
}

/* Waits for what HAProxy says of a server of slot 0. */
static void await_status(struct proxy *p, const char *name, const char *status)
{
	int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;
	char wanted[64], field[64];
	struct buf reply;
	bool found = false;

	(void)snprintf(wanted, sizeof(wanted), ",%s,", name);
	(void)snprintf(field, sizeof(field), ",%s,", status);
	buf_init(&reply, HAPROXY_REPLY_MAX);
	while (!found && clock_monotonic_ms() < deadline) {
		char *line;

		assert_done(
			p, haproxy_ask(&p->s, "show stat slot000 4 -1", &reply, &p->err));
		line = strstr(buf_text(&reply), wanted);
		assert_non_null(line);
		line[strcspn(line, "\n")] = '\0';
		found = strstr(line, field) != NULL;
		(void)usleep(20000);
	}
	buf_finish(&reply);
	if (!found)
		fail_msg("%s is not %s", name, status);
}

static void assert_round_robin(struct proxy *p, const char *one, const char *two)
{
	char answer[HTTP_ANSWER_MAX];
	int ones = 0, twos = 0;

	for (int i = 0; i < 8; i++) {
		assert_int_equal(http_get(port_of(p, 0), "/", answer), 200);
		ones += strstr(answer, one) != NULL;
		twos += strstr(answer, two) != NULL;
	}
	assert_int_equal(ones, 4);
	assert_int_equal(twos, 4);
}

/* Whoever asks is answered, and none of it by what is down. */
static void leaves_out_a_server_that_does_not_accept(void **state)
{
	struct haproxy_server both[2], next;
	struct proxy *p = *state;
	struct web *one, *two;
	int port;

	need_haproxy();
	one = web("one");
	two = web("two");
	both[0] = server("web.1.1", one);
	both[1] = server("web.1.2", two);
	assert_done(p, haproxy_route(&p->s, 0, both, 2, &p->err));
	assert_round_robin(p, "one", "two");
	port = web_port(two);
	web_stop(two);
	for (int i = 0; i < 8; i++)
		assert_page(port_of(p, 0), "one");
	await_status(p, "web.1.2", "DOWN");
	/* It is back as soon as it accepts. */
	two = web_start("127.0.0.1", port, "two");
	assert_non_null(two);
	await_status(p, "web.1.2", "UP");
	assert_round_robin(p, "one", "two");
	/* What is down can be drained, and deleted. */
	web_stop(two);
	await_status(p, "web.1.2", "DOWN");
	next = server("web.2.1", one);
	assert_done(p, haproxy_route(&p->s, 0, &next, 1, &p->err));
	assert_int_equal(shown_state(p, "web.1.2"), HAPROXY_DRAIN);
	assert_done(p, haproxy_delete(&p->s, 0, "web.1.2", &p->err));
	web_stop(one);
}

/* Who comes while it restarts waits for it: nobody else could answer. */
static void a_lone_server_is_never_left_out(void **state)
{
	struct haproxy_server both[2];
	struct proxy *p = *state;
	char answer[HTTP_ANSWER_MAX];
	struct web *one, *two;
	int port;

	need_haproxy();
	one = web("one");
	two = web("two");
	both[0] = server("web.1.1", one);
	both[1] = server("web.1.2", two);
	assert_done(p, haproxy_route(&p->s, 0, both, 2, &p->err));
	port = web_port(one);
	web_stop(one);
	await_status(p, "web.1.1", "DOWN");
	assert_done(p, haproxy_route(&p->s, 0, both, 1, &p->err));
	await_status(p, "web.1.1", "no check");
	for (int i = 0; i < 2; i++)
		assert_int_equal(http_get(port_of(p, 0), "/", answer), 503);
	await_status(p, "web.1.1", "no check");
	one = web_start("127.0.0.1", port, "one");
	assert_non_null(one);
	for (int i = 0; i < 4; i++)
		assert_page(port_of(p, 0), "one");
	web_stop(one);
	web_stop(two);
}

#define RUNNING(test) cmocka_unit_test_setup_teardown(test, make_running, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING(leaves_out_a_server_that_does_not_accept),
		RUNNING(a_lone_server_is_never_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
