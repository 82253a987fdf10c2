/* The Engine's client: against a stand-in that fails on purpose, and, where
 * $BARDO_TEST_ENGINE names one, against a real Engine. */
#include "builder/engine/engine.h"

#include "builder/engine/private.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "tests/unit/standin.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NOTES_SIZE 512

static struct engine *open_engine(const char *host)
{
	struct engine *e = NULL;
	struct err err;

	assert_int_equal(engine_open(&e, host, &err), 0);
	return e;
}

/* ---- hosts and connecting ---- */

static void refuses_hosts_that_are_no_address(void **state)
{
	static const char *const bad[] = {"", "docker", "http://x", "unix://relative",
		"tcp://", "tcp://a/b", "tcp://user@host:1", "tcp://a b", "ssh://x"};
	struct engine *e;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(engine_open(&e, bad[i], &err), ERR_USAGE);
		assert_contains(err.msg, "engine.host");
	}
}

static void says_that_no_engine_is_there_and_not_where(void **state)
{
	struct engine *e = open_engine("unix:///nonexistent/docker.sock");
	struct err err;

	(void)state;
	assert_int_equal(engine_call(e, NULL, NULL, &err, "GET", "/info"), ERR_AWAY);
	assert_null(strstr(err.msg, "/nonexistent"));
	assert_contains(err.msg, "No such file");
	assert_contains(err.msg, "systemctl start docker");
	engine_close(e);
}

static void serve_nothing(int fd, const char *head)
{
	(void)fd;
	(void)head;
}

static void says_connection_refused_when_the_engine_ended(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err;

	(void)state;
	standin_start(&s, "1.41", serve_nothing);
	standin_stop(&s);
	e = open_engine(s.host);
	assert_int_equal(engine_call(e, NULL, NULL, &err, "GET", "/info"), ERR_AWAY);
	assert_contains(err.msg, "Connection refused");
	standin_end(&s, e);
}

/* ---- the version ---- */

static void serve_path(int fd, const char *head)
{
	char answer[512], path[256];

	(void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(head, "\r"), head);
	(void)snprintf(answer, sizeof(answer),
		"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n{\"line\":\"%s\"}",
		strlen(path) + 11, path);
	standin_write(fd, answer);
}

static void asks_with_version(const char *theirs, const char *expected)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	cJSON *reply = NULL;

	standin_start(&s, theirs, serve_path);
	e = open_engine(s.host);
	assert_int_equal(engine_call(e, &reply, NULL, &err, "GET", "/x?a=%d", 1), 0);
	assert_contains(
		cJSON_GetStringValue(cJSON_GetObjectItem(reply, "line")), expected);
	cJSON_Delete(reply);
	standin_end(&s, e);
}

static void asks_an_older_engine_in_its_own_version(void **state)
{
	(void)state;
	asks_with_version("1.41", "GET /v1.41/x?a=1 HTTP/1.1");
}

static void asks_a_newer_engine_in_ours(void **state)
{
	(void)state;
	asks_with_version("1.99", "GET /v" ENGINE_API_MAX "/x");
	asks_with_version("2.0", "GET /v" ENGINE_API_MAX "/x");
}

static void fails_with_version(const char *theirs, const char *words)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};

	standin_start(&s, theirs, serve_path);
	e = open_engine(s.host);
	assert_int_equal(engine_call(e, NULL, NULL, &err, "GET", "/x"), ERR_FAILED);
	assert_contains(err.msg, words);
	standin_end(&s, e);
}

static void refuses_an_engine_that_is_too_old(void **state)
{
	(void)state;
	fails_with_version("1.39", "too old: it speaks API 1.39");
	fails_with_version("1.9", "too old");
}

static void refuses_what_is_no_engine(void **state)
{
	(void)state;
	fails_with_version("", "no Docker Engine");
	fails_with_version("bogus", "no Docker Engine");
}

/* ---- answers ---- */

static void serve_status(int fd, const char *head)
{
	static const struct {
		const char *path, *answer;
	} answers[] = {
		{"/gone",
			"404 Not Found\r\nContent-Length: 30\r\n\r\n"
			"{\"message\":\"No such image: x\"}"},
		{"/taken",
			"409 Conflict\r\nContent-Length: 26\r\n\r\n"
			"{\"message\":\"it is in use\"}"},
		{"/same", "304 Not Modified\r\n\r\n"},
		{"/empty", "204 No Content\r\n\r\n"},
		{"/broken",
			"500 Internal Server Error\r\nContent-Length: 5\r\n\r\nplain"},
		{"/silent500", "500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"},
		{"/nojson", "200 OK\r\nContent-Length: 5\r\n\r\n<html"},
		{"/half", "200 OK\r\nContent-Length: 500\r\n\r\n{\"a\":"},
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		if (!strstr(head, answers[i].path))
			continue;
		standin_write(fd, "HTTP/1.1 ");
		standin_write(fd, answers[i].answer);
	}
}

static void maps_answers_to_codes(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *words;
	} cases[] = {
		{"/gone", ERR_NOTFOUND, "No such image: x"},
		{"/taken", ERR_EXISTS, "it is in use"},
		{"/same", 0, ""},
		{"/empty", 0, ""},
		{"/broken", ERR_FAILED, "answered 500: plain"},
		{"/silent500", ERR_FAILED, "answered 500"},
		{"/nojson", ERR_FAILED, "not JSON"},
		{"/half", ERR_AWAY, "in the middle of an answer"},
		{"/closed", ERR_AWAY, "in the middle of an answer"},
	};
	struct standin s;
	struct engine *e;

	(void)state;
	e = standin_engine(&s, serve_status);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = {0};
		cJSON *reply = NULL;
		int rc = engine_call(e, &reply, NULL, &err, "POST", "%s", cases[i].path);

		if (rc != cases[i].code)
			fail_msg("%s: %d, %s", cases[i].path, rc, err.msg);
		assert_contains(err.msg, cases[i].words);
		assert_null(reply);
	}
	standin_end(&s, e);
}

static void serve_silence(int fd, const char *head)
{
	char byte;

	(void)head;
	while (read(fd, &byte, 1) > 0)
		continue;
}

static void serve_events(int fd, const char *head)
{
	standin_write(fd, "HTTP/1.1 200 OK\r\n\r\n");
	serve_silence(fd, head);
}

static void waits_on_for_a_silent_engine_that_answers_pings(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	struct engine_stream stream = {.method = "GET", .path = "/x", .timeout = 300};

	(void)state;
	e = standin_engine(&s, serve_silence);
	e->silence = 20;
	/* Only its own timeout ends it, after many pings. */
	assert_int_equal(engine_stream(e, &stream, &err), ERR_BUSY);
	standin_end(&s, e);
}

static void serve_and_stop_the_engine(int fd, const char *head)
{
	(void)kill(0, SIGSTOP);
	serve_silence(fd, head);
}

static void note(void *ctx, const char *text)
{
	char *notes = ctx;

	(void)snprintf(notes + strlen(notes), NOTES_SIZE - strlen(notes), "%s|", text);
}

/* Worried soon, and patient. */
static struct engine *worried(struct standin *s, standin_serve *serve, char *notes)
{
	struct engine *e = standin_engine(s, serve);

	e->silence = 20;
	(void)engine_on_silence(e, (struct engine_listener){note, notes});
	return e;
}

static void gives_up_a_silent_engine_that_answers_no_ping(void **state)
{
	char notes[NOTES_SIZE] = "";
	struct standin s;
	struct engine *e;
	struct err err = {0};
	int64_t began;

	(void)state;
	e = worried(&s, serve_and_stop_the_engine, notes);
	assert_int_equal(engine_ready(e, &err), 0);
	e->patience = 700;
	assert_int_equal(engine_call(e, NULL, NULL, &err, "GET", "/x"), ERR_AWAY);
	assert_contains(err.msg, "does not answer, not even a ping");
	assert_contains(notes, "The Docker Engine has not answered for");
	/* What comes after gives up sooner, whatever it is. */
	began = clock_monotonic_ms();
	assert_int_equal(engine_call(e, NULL, NULL, &err, "GET", "/x"), ERR_AWAY);
	assert_true(clock_monotonic_ms() - began < e->patience);
	e->patience = 60000;
	(void)kill(-s.pid, SIGCONT);
	assert_int_equal(engine_ready(e, &err), 0);
	assert_contains(notes, "|The Docker Engine answers again|");
	standin_end(&s, e);
}

static void serve_events_and_stop_the_engine(int fd, const char *head)
{
	standin_write(fd, "HTTP/1.1 200 OK\r\n\r\n{}\n");
	serve_and_stop_the_engine(fd, head);
}

static void gives_up_an_engine_that_hangs_while_its_events_are_waited_for(void **state)
{
	char notes[NOTES_SIZE] = "", data[16];
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};
	int rc = 0;

	(void)state;
	e = worried(&s, serve_events_and_stop_the_engine, notes);
	assert_int_equal(engine_ready(e, &err), 0);
	e->patience = 200;
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET", "/events"), 0);
	while (rc >= 0) {
		struct pollfd p = {.fd = engine_follow_fd(f), .events = POLLIN};

		while (engine_follow_read(f, data, sizeof(data), &err) > 0)
			continue;
		rc = engine_poll(e, &p, 1, -1, &err);
	}
	assert_int_equal(rc, ERR_AWAY);
	assert_contains(err.msg, "not even a ping");
	engine_follow_close(f);
	standin_end(&s, e);
}

static void poll_ends_in_time_with_an_engine_that_is_only_silent(void **state)
{
	char notes[NOTES_SIZE] = "";
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};
	struct pollfd p;

	(void)state;
	e = worried(&s, serve_events, notes);
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET", "/events"), 0);
	p = (struct pollfd){.fd = engine_follow_fd(f), .events = POLLIN};
	assert_int_equal(engine_poll(e, &p, 1, 1000, &err), 0);
	assert_string_equal(notes, "");
	engine_follow_close(f);
	standin_end(&s, e);
}

/* ---- a real Engine ---- */

static const char *real_host(void)
{
	return getenv("BARDO_TEST_ENGINE");
}

static void talks_to_a_real_engine(void **state)
{
	struct engine *e;
	struct err err = {0};
	cJSON *reply = NULL;

	(void)state;
	if (!real_host())
		skip();
	e = open_engine(real_host());
	assert_int_equal(engine_call(e, &reply, NULL, &err, "GET", "/version"), 0);
	assert_true(cJSON_IsString(cJSON_GetObjectItem(reply, "ApiVersion")));
	cJSON_Delete(reply);
	assert_int_equal(engine_call(e, &reply, NULL, &err, "GET",
				 "/images/bardo-nonexistent%%2Fimage/json"),
		ERR_NOTFOUND);
	engine_close(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_hosts_that_are_no_address),
		cmocka_unit_test(says_that_no_engine_is_there_and_not_where),
		cmocka_unit_test(says_connection_refused_when_the_engine_ended),
		cmocka_unit_test(asks_an_older_engine_in_its_own_version),
		cmocka_unit_test(asks_a_newer_engine_in_ours),
		cmocka_unit_test(refuses_an_engine_that_is_too_old),
		cmocka_unit_test(refuses_what_is_no_engine),
		cmocka_unit_test(maps_answers_to_codes),
		cmocka_unit_test(waits_on_for_a_silent_engine_that_answers_pings),
		cmocka_unit_test(gives_up_a_silent_engine_that_answers_no_ping),
		cmocka_unit_test(
			gives_up_an_engine_that_hangs_while_its_events_are_waited_for),
		cmocka_unit_test(poll_ends_in_time_with_an_engine_that_is_only_silent),
		cmocka_unit_test(talks_to_a_real_engine),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
