#include "builder/proxy/config.h"
#include "config/base/clock.h"
#include "config/base/number.h"
#include "config/paths.h"
#include "tests/support/http.h"
#include "tests/support/proxy.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* cmocka.h wants some of the above. */
#include <cmocka.h>

/* Traffic through a real HAProxy, each test with one of its own. */

#define LOAD_THREADS 4
#define SWAPS 20

/* ---- routing ---- */

static void says_404_on_a_port_without_an_app(void **state)
{
	struct proxy *p = *state;
	char answer[HTTP_ANSWER_MAX];

	need_haproxy();
	assert_int_equal(http_get(port_of(p, PORTS - 1), "/", answer), 404);
	assert_non_null(strstr(answer, "no app here"));
}

static void says_503_for_an_app_without_a_server(void **state)
{
	struct proxy *p = *state;
	char answer[HTTP_ANSWER_MAX];

	need_haproxy();
	assert_int_equal(http_get(port_of(p, 0), "/", answer), 503);
	assert_non_null(strstr(answer, "no process of this app"));
}

static void routes_each_port_to_its_app(void **state)
{
	struct proxy *p = *state;
	struct web *one, *two;
	struct haproxy_server s1, s2;

	need_haproxy();
	one = web("one");
	two = web("two");
	s1 = server("web.1.1", one);
	s2 = server("web.1.1", two);
	assert_done(p, haproxy_route(&p->s, 0, &s1, 1, &p->err));
	assert_done(p, haproxy_route(&p->s, 1, &s2, 1, &p->err));
	assert_page(port_of(p, 0), "one");
	assert_page(port_of(p, 1), "two");
	web_stop(one);
	web_stop(two);
}

static void replaces_the_map_of_ports_at_run_time(void **state)
{
	struct proxy *p = *state;
	struct haproxy_port ports[] = {{port_of(p, 3), 0}, {port_of(p, 1), 1}};
	struct haproxy_server s;
	char answer[HTTP_ANSWER_MAX];
	struct web *w;

	need_haproxy();
	w = web("one");
	s = server("web.1.1", w);
	assert_done(p, haproxy_route(&p->s, 0, &s, 1, &p->err));
	assert_done(p, haproxy_map_ports(&p->s, ports, 2, &p->err));
	assert_page(port_of(p, 3), "one");
	assert_int_equal(http_get(port_of(p, 0), "/", answer), 404);
	assert_done(p, haproxy_map_ports(&p->s, NULL, 0, &p->err));
	assert_int_equal(http_get(port_of(p, 3), "/", answer), 404);
	web_stop(w);
}

static void maps_more_ports_than_one_command_holds(void **state)
{
	struct haproxy_port ports[1001];
	struct proxy *p = *state;
	struct haproxy_server s;
	struct web *w;

	need_haproxy();
	w = web("last");
	s = server("web.1.1", w);
	for (int i = 0; i < 1000; i++)
		ports[i] = (struct haproxy_port){40000 + i, i};
	ports[1000] = (struct haproxy_port){port_of(p, 3), 2};
	assert_done(p, haproxy_route(&p->s, 2, &s, 1, &p->err));
	assert_done(p, haproxy_map_ports(&p->s, ports, 1001, &p->err));
	assert_page(port_of(p, 3), "last");
	web_stop(w);
}

static void drains_the_life_before(void **state)
{
	struct haproxy_shown shown[HAPROXY_SERVERS_MAX];
	struct haproxy_server after[2];
	struct proxy *p = *state;
	struct lives l;
	size_t len;

	need_haproxy();
	l = start_lives(p);
	after[0] = server("web.2.1", l.new_web);
	after[1] = server("web.2.2", l.new_web);
	assert_done(p, haproxy_route(&p->s, 0, after, 2, &p->err));
	assert_done(p, haproxy_show(&p->s, 0, shown, &len, &p->err));
	assert_int_equal(len, 3);
	assert_string_equal(shown[0].server.name, "web.1.1");
	assert_string_equal(shown[0].server.address, l.old.address);
	assert_int_equal(shown[0].state, HAPROXY_DRAIN);
	assert_int_equal(shown[1].state, HAPROXY_READY);
	assert_int_equal(shown[2].state, HAPROXY_READY);
	for (int i = 0; i < 4; i++)
		assert_page(port_of(p, 0), "new");
	stop_lives(&l);
}

static void goes_back_to_a_life_that_drains(void **state)
{
	struct proxy *p = *state;
	struct lives l;

	need_haproxy();
	l = start_lives(p);
	assert_done(p, haproxy_route(&p->s, 0, &l.new, 1, &p->err));
	assert_done(p, haproxy_route(&p->s, 0, &l.old, 1, &p->err));
	assert_page(port_of(p, 0), "old");
	stop_lives(&l);
}

static void follows_a_server_that_moved(void **state)
{
	struct proxy *p = *state;
	struct lives l;

	need_haproxy();
	l = start_lives(p);
	l.new = server(l.old.name, l.new_web);
	assert_done(p, haproxy_route(&p->s, 0, &l.new, 1, &p->err));
	assert_page(port_of(p, 0), "new");
	stop_lives(&l);
}

static void routes_to_nobody(void **state)
{
	struct proxy *p = *state;
	char answer[HTTP_ANSWER_MAX];
	struct lives l;

	need_haproxy();
	l = start_lives(p);
	assert_done(p, haproxy_route(&p->s, 0, NULL, 0, &p->err));
	assert_int_equal(http_get(port_of(p, 0), "/", answer), 503);
	assert_slot_file(p, 0, "");
	stop_lives(&l);
}

static void assert_only_old_serves(struct proxy *p, const struct lives *l)
{
	struct haproxy_shown shown[HAPROXY_SERVERS_MAX];
	char line[512];
	size_t len;

	assert_done(p, haproxy_show(&p->s, 0, shown, &len, &p->err));
	assert_int_equal(len, 1);
	assert_string_equal(shown[0].server.name, l->old.name);
	assert_int_equal(shown[0].state, HAPROXY_READY);
	(void)snprintf(line, sizeof(line), "\tserver %s %s " HAPROXY_CHECK "\n",
		l->old.name, l->old.address);
	assert_slot_file(p, 0, line);
	assert_page(port_of(p, 0), "old");
}

static void a_refused_route_leaves_all_as_it_was(void **state)
{
	struct proxy *p = *state;
	struct haproxy_server twice[2];
	struct lives l;

	need_haproxy();
	l = start_lives(p);
	twice[0] = twice[1] = l.new;
	assert_int_equal(haproxy_route(&p->s, 0, twice, 2, &p->err), ERR_FAILED);
	assert_non_null(strstr(p->err.msg, "Already exists a server with the same name"));
	assert_only_old_serves(p, &l);
	stop_lives(&l);
}

static void a_route_that_can_not_be_written_is_taken_back(void **state)
{
	struct proxy *p = *state;
	char path[PATH_TEXT_MAX], aside[PATH_TEXT_MAX];
	struct lives l;

	need_haproxy();
	l = start_lives(p);
	assert_int_equal(rename(path_run(&p->s, "proxy/backends", path),
				 path_run(&p->s, "proxy/aside", aside)),
		0);
	assert_int_equal(haproxy_route(&p->s, 0, &l.new, 1, &p->err), ERR_FAILED);
	assert_int_equal(rename(aside, path), 0);
	assert_only_old_serves(p, &l);
	stop_lives(&l);
}

static void rejects_servers_that_can_not_be(void **state)
{
	static const struct haproxy_server bad[] = {
		{"web.1.1", "example.net:80"},
		{"web.1.1", "10.0.0.300:80"},
		{"web.1.1", "10.0.0.3"},
		{"web.1.1", "10.0.0.3:0"},
		{"web.1.1", "10.0.0.3:80 disabled"},
		{"web 1", "10.0.0.3:80"},
		{"web;quit", "10.0.0.3:80"},
		{"", "10.0.0.3:80"},
	};
	struct proxy *p = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(haproxy_route(&p->s, 0, &bad[i], 1, &p->err), ERR_USAGE);
}

static void refuses_more_servers_than_a_slot_may_have(void **state)
{
	static const struct haproxy_server one = {"web.2.1", "127.0.0.1:1"};
	struct haproxy_server many[HAPROXY_SERVERS_MAX] = {0};
	struct proxy *p = *state;

	need_haproxy();
	for (int i = 0; i < HAPROXY_SERVERS_MAX; i++) {
		/* As long as names can be: all fit into one command. */
		(void)snprintf(many[i].name, sizeof(many[i].name), "w%0*d.%d", 110, 1, i);
		(void)snprintf(
			many[i].address, sizeof(many[i].address), "127.1.1.1:%d", i + 1);
	}
	assert_done(p, haproxy_route(&p->s, 0, many, HAPROXY_SERVERS_MAX, &p->err));
	assert_int_equal(haproxy_route(&p->s, 0, &one, 1, &p->err), ERR_FAILED);
	assert_non_null(strstr(p->err.msg, "draining"));
}

static void names_a_backend_that_the_proxy_lacks(void **state)
{
	static const struct haproxy_server one = {"web.1.1", "127.0.0.1:1"};
	struct proxy *p = *state;

	need_haproxy();
	assert_int_equal(haproxy_route(&p->s, 8, &one, 1, &p->err), ERR_FAILED);
	assert_non_null(strstr(p->err.msg, "slot008"));
	assert_non_null(strstr(p->err.msg, "proxy.apps grew"));
}

/* ---- draining and deleting ---- */

struct request {
	int port;
	const char *path;
	char answer[HTTP_ANSWER_MAX];
	int status;
};

static void *request_main(void *data)
{
	struct request *r = data;

	r->status = http_get(r->port, r->path, r->answer);
	return NULL;
}

/* HAProxy tells nobody of a connection: look until it has as many. */
static void await_connections(struct proxy *p, const char *name, int64_t wanted)
{
	int64_t deadline = clock_monotonic_ms() + 10000, n = -1;

	while (n != wanted && clock_monotonic_ms() < deadline) {
		assert_done(p, haproxy_connections(&p->s, 0, name, &n, &p->err));
		(void)sched_yield();
	}
	assert_int_equal(n, wanted);
}

static void a_request_under_way_ends_where_it_began(void **state)
{
	struct proxy *p = *state;
	struct request r = {.port = port_of(p, 0), .path = "/slow/300"};
	pthread_t thread;
	struct lives l;

	need_haproxy();
	l = start_lives(p);
	assert_int_equal(pthread_create(&thread, NULL, request_main, &r), 0);
	await_connections(p, "web.1.1", 1);
	assert_done(p, haproxy_route(&p->s, 0, &l.new, 1, &p->err));
	await_connections(p, "web.1.1", 1);
	assert_page(port_of(p, 0), "new");
	/* Within the second that last requests have. */
	assert_done(p, haproxy_delete(&p->s, 0, "web.1.1", &p->err));
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(r.status, 200);
	assert_non_null(strstr(r.answer, "old"));
	stop_lives(&l);
}

static int open_tunnel(int port)
{
	static const char upgrade[] = "GET /socket HTTP/1.1\r\nHost: shop.example\r\n"
				      "Connection: Upgrade\r\nUpgrade: echo\r\n\r\n";
	char answer[1024];
	int fd = http_connect(port);
	ssize_t n;

	assert_true(fd >= 0);
	assert_int_equal(send(fd, upgrade, strlen(upgrade), 0), strlen(upgrade));
	n = recv(fd, answer, sizeof(answer) - 1, 0);
	assert_true(n > 0);
	answer[n] = '\0';
	assert_non_null(strstr(answer, " 101 "));
	return fd;
}

static void a_tunnel_keeps_its_server_until_it_ends(void **state)
{
	struct proxy *p = *state;
	struct lives l;
	char back[4];
	int fd;

	need_haproxy();
	l = start_lives(p);
	fd = open_tunnel(port_of(p, 0));
	assert_done(p, haproxy_route(&p->s, 0, &l.new, 1, &p->err));
	assert_int_equal(send(fd, "ping", 4, MSG_NOSIGNAL), 4);
	assert_int_equal(recv(fd, back, 4, MSG_WAITALL), 4);
	assert_memory_equal(back, "ping", 4);
	await_connections(p, "web.1.1", 1);
	(void)close(fd);
	await_connections(p, "web.1.1", 0);
	stop_lives(&l);
}

static void deleting_cuts_a_tunnel(void **state)
{
	struct proxy *p = *state;
	struct lives l;
	char back[1];
	int fd;

	need_haproxy();
	l = start_lives(p);
	fd = open_tunnel(port_of(p, 0));
	assert_done(p, haproxy_route(&p->s, 0, &l.new, 1, &p->err));
	assert_done(p, haproxy_delete(&p->s, 0, "web.1.1", &p->err));
	assert_true(recv(fd, back, 1, 0) <= 0);
	(void)close(fd);
	stop_lives(&l);
}

static void a_server_that_is_not_there_is_deleted_and_idle(void **state)
{
	struct proxy *p = *state;
	int64_t n = -1;

	need_haproxy();
	assert_done(p, haproxy_delete(&p->s, 0, "web.1.1", &p->err));
	assert_done(p, haproxy_connections(&p->s, 0, "web.1.1", &n, &p->err));
	assert_int_equal(n, 0);
}

static void an_idle_client_holds_nothing(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n";
	struct proxy *p = *state;
	char answer[HTTP_ANSWER_MAX];
	struct lives l;
	int fd;

	need_haproxy();
	l = start_lives(p);
	fd = http_connect(port_of(p, 0));
	assert_int_equal(http_ask(fd, request, answer), 200);
	assert_non_null(strstr(answer, "old"));
	assert_done(p, haproxy_route(&p->s, 0, &l.new, 1, &p->err));
	await_connections(p, "web.1.1", 0);
	assert_done(p, haproxy_delete(&p->s, 0, "web.1.1", &p->err));
	/* The same connection, the next life. */
	assert_int_equal(http_ask(fd, request, answer), 200);
	assert_non_null(strstr(answer, "new"));
	(void)close(fd);
	stop_lives(&l);
}

struct load {
	int port;
	const char *request;
	bool keep;
	atomic_bool *stop;
	long answered, lost;
};

static void *load_main(void *data)
{
	struct load *l = data;
	char answer[HTTP_ANSWER_MAX];
	int fd = -1;

	while (!atomic_load(l->stop)) {
		bool ok;

		if (fd < 0)
			fd = http_connect(l->port);
		ok = fd >= 0 && http_ask(fd, l->request, answer) == 200;
		l->answered += ok;
		l->lost += !ok;
		if (fd >= 0 && (!ok || !l->keep)) {
			(void)close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

/* One life after another; each old server ends as soon as it is deleted. */
static void swap_lives(struct proxy *p, struct web **live, int from, int to)
{
	char name[HAPROXY_NAME_SIZE];

	for (int life = from; life <= to; life++) {
		struct web *next = web("page");
		struct haproxy_server s;

		(void)snprintf(name, sizeof(name), "web.%d.1", life);
		s = server(name, next);
		assert_done(p, haproxy_route(&p->s, 0, &s, 1, &p->err));
		if (*live) {
			(void)snprintf(name, sizeof(name), "web.%d.1", life - 1);
			assert_done(p, haproxy_delete(&p->s, 0, name, &p->err));
			web_stop(*live);
		}
		*live = next;
	}
}

static void swaps_lose_no_request(void **state)
{
	static const char *const requests[] = {
		"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 5\r\n\r\nhello",
	};
	struct proxy *p = *state;
	struct web *live = NULL;
	atomic_bool stop = false;
	struct load loads[LOAD_THREADS];
	pthread_t threads[LOAD_THREADS];

	need_haproxy();
	swap_lives(p, &live, 1, 1);
	for (int i = 0; i < LOAD_THREADS; i++) {
		loads[i] = (struct load){.port = port_of(p, 0),
			.request = requests[i & 1],
			.keep = i & 2,
			.stop = &stop};
		assert_int_equal(
			pthread_create(&threads[i], NULL, load_main, &loads[i]), 0);
	}
	swap_lives(p, &live, 2, SWAPS);
	atomic_store(&stop, true);
	for (int i = 0; i < LOAD_THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(loads[i].lost, 0);
		assert_true(loads[i].answered > 0);
	}
	web_stop(live);
}

/* ---- what apps are told ---- */

static void visitors_can_not_forge_where_they_come_from(void **state)
{
	static const char forged[] =
		"GET /head HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n"
		"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
		"x-forwarded-prefix: /evil\r\nX-Real-IP: 6.6.6.6\r\n"
		"X_Forwarded_For: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\n"
		"Proxy: http://6.6.6.6\r\n\r\n";
	struct proxy *p = *state;
	struct haproxy_server s;
	char answer[HTTP_ANSWER_MAX], port[64];
	struct web *w;
	int fd;

	need_haproxy();
	w = web("one");
	s = server("web.1.1", w);
	assert_done(p, haproxy_route(&p->s, 0, &s, 1, &p->err));
	fd = http_connect(port_of(p, 0));
	assert_int_equal(http_ask(fd, forged, answer), 200);
	assert_null(strstr(answer, "6.6.6.6"));
	assert_null(strstr(answer, "evil"));
	assert_non_null(strcasestr(answer, "\r\nx-forwarded-for: 127.0.0.1\r\n"));
	assert_non_null(strcasestr(answer, "\r\nx-forwarded-proto: http\r\n"));
	assert_non_null(strcasestr(answer, "\r\nx-forwarded-host: shop.example\r\n"));
	(void)snprintf(port, sizeof(port), "\r\nx-forwarded-port: %d\r\n", port_of(p, 0));
	assert_non_null(strcasestr(answer, port));
	(void)close(fd);
	web_stop(w);
}

#define RUNNING(test) cmocka_unit_test_setup_teardown(test, make_running, destroy)
#define FILES(test) cmocka_unit_test_setup_teardown(test, make_proxy, destroy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUNNING(says_404_on_a_port_without_an_app),
		RUNNING(says_503_for_an_app_without_a_server),
		RUNNING(routes_each_port_to_its_app),
		RUNNING(replaces_the_map_of_ports_at_run_time),
		RUNNING(maps_more_ports_than_one_command_holds),
		RUNNING(drains_the_life_before),
		RUNNING(goes_back_to_a_life_that_drains),
		RUNNING(follows_a_server_that_moved),
		RUNNING(routes_to_nobody),
		RUNNING(a_refused_route_leaves_all_as_it_was),
		RUNNING(a_route_that_can_not_be_written_is_taken_back),
		FILES(rejects_servers_that_can_not_be),
		RUNNING(refuses_more_servers_than_a_slot_may_have),
		RUNNING(names_a_backend_that_the_proxy_lacks),
		RUNNING(a_request_under_way_ends_where_it_began),
		RUNNING(a_tunnel_keeps_its_server_until_it_ends),
		RUNNING(deleting_cuts_a_tunnel),
		RUNNING(a_server_that_is_not_there_is_deleted_and_idle),
		RUNNING(an_idle_client_holds_nothing),
		RUNNING(swaps_lose_no_request),
		RUNNING(visitors_can_not_forge_where_they_come_from),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
