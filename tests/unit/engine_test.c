/* The Engine's client: against a stand-in that fails on purpose, and, where
 * $BARDO_TEST_ENGINE names one, against a real Engine. */
#include "builder/engine.h"

#include "builder/engine_http.h"
#include "builder/engine_private.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "tests/unit/standin.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define assert_contains(text, part)                                                      \
	do {                                                                             \
		if (!strstr((text), (part)))                                             \
			fail_msg("\"%s\" has no \"%s\"", (text), (part));                \
	} while (0)

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

static void names_the_host_when_no_engine_is_there(void **state)
{
	struct engine *e = open_engine("unix:///nonexistent/docker.sock");
	struct err err;

	(void)state;
	assert_int_equal(engine_call(e, NULL, NULL, &err, "GET", "/info"), ERR_AWAY);
	assert_contains(err.msg, "unix:///nonexistent/docker.sock");
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
	engine_close(e);
	standin_finish(&s);
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
	engine_close(e);
	standin_finish(&s);
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
	engine_close(e);
	standin_finish(&s);
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
	standin_start(&s, "1.41", serve_status);
	e = open_engine(s.host);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = {0};
		cJSON *reply = NULL;
		int rc = engine_call(e, &reply, NULL, &err, "POST", "%s", cases[i].path);

		if (rc != cases[i].code)
			fail_msg("%s: %d, %s", cases[i].path, rc, err.msg);
		assert_contains(err.msg, cases[i].words);
		assert_null(reply);
	}
	engine_close(e);
	standin_finish(&s);
}

static void serve_silence(int fd, const char *head)
{
	char byte;

	(void)head;
	while (read(fd, &byte, 1) > 0)
		continue;
}

static void waits_on_for_a_silent_engine_that_answers_pings(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	struct engine_stream stream = {.method = "GET", .path = "/x", .timeout = 300};

	(void)state;
	standin_start(&s, "1.41", serve_silence);
	e = open_engine(s.host);
	e->silence = 20;
	/* Only its own timeout ends it, after many pings. */
	assert_int_equal(engine_stream(e, &stream, &err), ERR_BUSY);
	engine_close(e);
	standin_finish(&s);
}

static void serve_and_stop_the_engine(int fd, const char *head)
{
	(void)kill(getppid(), SIGSTOP);
	serve_silence(fd, head);
}

static void gives_up_a_silent_engine_that_answers_no_ping(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};

	(void)state;
	standin_start(&s, "1.41", serve_and_stop_the_engine);
	e = open_engine(s.host);
	e->silence = 20;
	e->ping_timeout = 100;
	assert_int_equal(engine_call(e, NULL, NULL, &err, "GET", "/x"), ERR_AWAY);
	assert_contains(err.msg, s.host);
	assert_contains(err.msg, "does not answer");
	engine_close(e);
	standin_finish(&s);
}

/* ---- streams ---- */

struct lines {
	char text[4096];
	int fail_at;
	int count;
};

static int take_line(void *ctx, const char *line, size_t len, struct err *err)
{
	struct lines *l = ctx;

	(void)snprintf(l->text + strlen(l->text), sizeof(l->text) - strlen(l->text),
		"%.*s|", (int)len, line);
	if (++l->count == l->fail_at)
		return err_set(err, ERR_DENIED, "enough of it");
	return 0;
}

static void serve_pieces(int fd, const char *head)
{
	(void)head;
	standin_write(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	standin_chunk(fd, "one\r\ntw");
	standin_chunk(fd, "o\n\nth");
	standin_chunk(fd, "ree\r");
	standin_chunk(fd, "\nfour");
	if (!strstr(head, "/half"))
		standin_write(fd, "0\r\n\r\n");
}

static void puts_lines_together_from_pieces(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	struct lines lines = {0};
	struct engine_stream stream = {
		.method = "POST", .path = "/x", .line = take_line, .ctx = &lines};

	(void)state;
	standin_start(&s, "1.41", serve_pieces);
	e = open_engine(s.host);
	assert_int_equal(engine_stream(e, &stream, &err), 0);
	assert_string_equal(lines.text, "one|two|three|four|");
	engine_close(e);
	standin_finish(&s);
}

static void ends_a_stream_with_the_code_of_its_line(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	struct lines lines = {.fail_at = 2};
	struct engine_stream stream = {
		.method = "POST", .path = "/x", .line = take_line, .ctx = &lines};

	(void)state;
	standin_start(&s, "1.41", serve_pieces);
	e = open_engine(s.host);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_DENIED);
	assert_string_equal(err.msg, "enough of it");
	assert_string_equal(lines.text, "one|two|");
	engine_close(e);
	standin_finish(&s);
}

static void says_that_a_stream_was_cut_off(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	struct lines lines = {0};
	struct engine_stream stream = {.method = "POST",
		.path = "/half",
		.line = take_line,
		.ctx = &lines,
		.what = "build"};

	(void)state;
	standin_start(&s, "1.41", serve_pieces);
	e = open_engine(s.host);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_AWAY);
	assert_contains(err.msg, "closed the connection in the middle of the build");
	engine_close(e);
	standin_finish(&s);
}

/* An upload without an end of its own, but for the Engine's. */
static ssize_t give_forever(void *ctx, void *to, size_t len, struct err *err)
{
	size_t *given = ctx;

	(void)err;
	memset(to, 'x', len);
	*given += len;
	return *given > 64 * 1024 * 1024 ? 0 : (ssize_t)len;
}

static void serve_early_refusal(int fd, const char *head)
{
	struct pollfd p = {.fd = fd};

	(void)head;
	standin_write(fd,
		"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n"
		"Content-Length: 35\r\n\r\n{\"message\":\"BuildKit is not there\"}");
	(void)shutdown(fd, SHUT_WR);
	/* As Go's server does, it reads no more, and closes a little later. */
	(void)poll(&p, 1, 500);
}

static void hears_a_refusal_before_all_is_sent(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	size_t given = 0;
	struct engine_stream stream = {.method = "POST",
		.path = "/build",
		.content_type = "application/x-tar",
		.upload = give_forever,
		.line = take_line,
		.ctx = &given};

	(void)state;
	standin_start(&s, "1.41", serve_early_refusal);
	e = open_engine(s.host);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_FAILED);
	assert_string_equal(err.msg, "BuildKit is not there");
	assert_true(given < 4 * 1024 * 1024);
	engine_close(e);
	standin_finish(&s);
}

static ssize_t give_failure(void *ctx, void *to, size_t len, struct err *err)
{
	(void)ctx;
	(void)to;
	(void)len;
	return err_set(err, ERR_FAILED, "vendor/x is a submodule");
}

static void ends_a_stream_with_the_reason_of_its_upload(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	struct engine_stream stream = {.method = "POST",
		.path = "/build",
		.content_type = "application/x-tar",
		.upload = give_failure,
		.line = take_line};

	(void)state;
	standin_start(&s, "1.41", serve_silence);
	e = open_engine(s.host);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_FAILED);
	assert_string_equal(err.msg, "vendor/x is a submodule");
	engine_close(e);
	standin_finish(&s);
}

static void serve_long_line(int fd, const char *head)
{
	static char piece[64 * 1024 + 1];

	(void)head;
	memset(piece, 'x', sizeof(piece) - 1);
	standin_write(fd, "HTTP/1.1 200 OK\r\n\r\n");
	for (int i = 0; i < ENGINE_LINE_MAX / 65536 + 1; i++)
		standin_write(fd, piece);
}

static void refuses_a_line_without_an_end(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	struct lines lines = {0};
	struct engine_stream stream = {
		.method = "GET", .path = "/x", .line = take_line, .ctx = &lines};

	(void)state;
	standin_start(&s, "1.41", serve_long_line);
	e = open_engine(s.host);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_FAILED);
	assert_contains(err.msg, "a line of more than");
	engine_close(e);
	standin_finish(&s);
}

static int count_idle(void *ctx, struct err *err)
{
	return ++*(int *)ctx == 2 ? err_set(err, ERR_DENIED, "idle for too long") : 0;
}

static void calls_idle_while_nothing_arrives(void **state)
{
	struct standin s;
	struct engine *e;
	struct err err = {0};
	int calls = 0;
	struct engine_stream stream = {.method = "GET",
		.path = "/x",
		.line = take_line,
		.idle = count_idle,
		.ctx = &calls};

	(void)state;
	standin_start(&s, "1.41", serve_silence);
	e = open_engine(s.host);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_DENIED);
	assert_string_equal(err.msg, "idle for too long");
	engine_close(e);
	standin_finish(&s);
}

/* ---- following ---- */

static void read_all(struct engine_follow *f, char *out, size_t size)
{
	size_t len = 0;

	for (;;) {
		struct pollfd p = {.fd = engine_follow_fd(f), .events = POLLIN};
		struct err err = {0};
		ssize_t n = engine_follow_read(f, out + len, size - 1 - len, &err);

		if (n == ERR_BUSY) {
			(void)poll(&p, 1, 5000);
			continue;
		}
		if (n < 0)
			fail_msg("%s", err.msg);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
}

static void follows_a_chunked_answer(void **state)
{
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};
	char text[256];

	(void)state;
	standin_start(&s, "1.41", serve_pieces);
	e = open_engine(s.host);
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET", "/events"), 0);
	read_all(f, text, sizeof(text));
	assert_string_equal(text, "one\r\ntwo\n\nthree\r\nfour");
	engine_follow_close(f);
	engine_close(e);
	standin_finish(&s);
}

static void tells_a_followed_answer_that_was_cut_off(void **state)
{
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};
	char text[256];
	ssize_t n;

	(void)state;
	standin_start(&s, "1.41", serve_pieces);
	e = open_engine(s.host);
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET", "/half"), 0);
	while ((n = engine_follow_read(f, text, sizeof(text), &err)) > 0 ||
		n == ERR_BUSY) {
		struct pollfd p = {.fd = engine_follow_fd(f), .events = POLLIN};

		if (n == ERR_BUSY)
			(void)poll(&p, 1, 5000);
	}
	assert_int_equal(n, ERR_AWAY);
	engine_follow_close(f);
	engine_close(e);
	standin_finish(&s);
}

static void serve_echo(int fd, const char *head)
{
	char data[512];
	ssize_t n;

	if (!strstr(head, "Upgrade: tcp"))
		return;
	standin_write(fd,
		"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n"
		"Upgrade: tcp\r\n\r\n");
	while ((n = read(fd, data, sizeof(data))) > 0)
		(void)send(fd, data, (size_t)n, MSG_NOSIGNAL);
	standin_write(fd, "bye");
}

static void upgrades_and_half_closes(void **state)
{
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};
	char text[256];

	(void)state;
	standin_start(&s, "1.41", serve_echo);
	e = open_engine(s.host);
	assert_int_equal(
		engine_follow(e, &f, NULL, &err, "POST", "/containers/x/attach"), 0);
	assert_int_equal(engine_follow_write(f, "hello ", 6, &err), 6);
	assert_int_equal(engine_follow_end_write(f), 0);
	read_all(f, text, sizeof(text));
	assert_string_equal(text, "hello bye");
	engine_follow_close(f);
	engine_close(e);
	standin_finish(&s);
}

static void follow_gives_the_reason_of_a_refusal(void **state)
{
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};

	(void)state;
	standin_start(&s, "1.41", serve_status);
	e = open_engine(s.host);
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET", "/gone"), ERR_NOTFOUND);
	assert_string_equal(err.msg, "No such image: x");
	assert_null(f);
	engine_close(e);
	standin_finish(&s);
}

/* ---- HTTP and frames by the byte ---- */

static void reads_a_head_however_it_is_cut(void **state)
{
	static const char text[] =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	struct http_head head;
	struct err err;

	(void)state;
	for (size_t i = 0; i < strlen(text); i++)
		assert_int_equal(http_head_parse(&head, text, i, &err), 0);
	assert_int_equal(http_head_parse(&head, text, strlen(text), &err), strlen(text));
	assert_int_equal(head.status, 200);
	assert_true(head.chunked);
}

static void refuses_heads_that_are_no_http(void **state)
{
	static const char *const bad[] = {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 abc\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"};
	struct http_head head;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
			http_head_parse(&head, bad[i], strlen(bad[i]), &err), ERR_FAILED);
}

static void takes_chunks_apart_byte_by_byte(void **state)
{
	static const char text[] =
		"4;ext=1\r\nWiki\r\nA\r\npedia in c\r\n0\r\nT: x\r\n\r\nrest";
	struct http_head head = {.status = 200, .chunked = true};
	struct http_body body;
	char out[64] = "";
	size_t len = 0, i = 0;
	struct err err;

	(void)state;
	http_body_init(&body, &head);
	while (body.state != HTTP_BODY_DONE) {
		size_t used = 0;
		ssize_t n = http_body_decode(
			&body, text + i, 1, &used, out + len, sizeof(out) - len, &err);

		assert_true(n >= 0);
		len += (size_t)n;
		i += used;
	}
	assert_string_equal(out, "Wikipedia in c");
	assert_string_equal(text + i, "rest");
}

static void refuses_chunk_sizes_that_are_no_number(void **state)
{
	static const char *const bad[] = {
		"x\r\n", "\n", "FFFFFFFFFFFFFFFFF\r\n", "-1\r\n", "3\r\nabcd"};
	struct http_head head = {.status = 200, .chunked = true};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_body body;
		size_t used;
		char out[64];
		struct err err;

		http_body_init(&body, &head);
		assert_int_equal(http_body_decode(&body, bad[i], strlen(bad[i]), &used,
					 out, sizeof(out), &err),
			ERR_FAILED);
	}
}

static int take_frame(void *ctx, int stream, const char *data, size_t len)
{
	char *out = (char *)ctx + strlen(ctx);

	(void)snprintf(out, 8, "%d%.*s", stream, (int)len, data);
	return 0;
}

static void takes_frames_apart_byte_by_byte(void **state)
{
	static const char text[] = "\1\0\0\0\0\0\0\2hi\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\1!";
	struct engine_frames fr = {0};
	char out[64] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		assert_int_equal(
			engine_frames_feed(&fr, text + i, 1, take_frame, out), 0);
	assert_string_equal(out, "1h1i2!");
}

static void refuses_what_is_no_frame(void **state)
{
	struct engine_frames fr = {0};
	char out[64] = "";

	(void)state;
	assert_int_equal(
		engine_frames_feed(&fr, "hello world", 11, take_frame, out), ERR_FAILED);
}

static void escapes_all_but_unreserved_characters(void **state)
{
	char out[64], small[4];

	(void)state;
	assert_string_equal(engine_escape("a b/c:1~\xc3\xa9", out, sizeof(out)),
		"a%20b%2Fc%3A1~%C3%A9");
	assert_null(engine_escape("abcd", small, sizeof(small)));
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

static void opens_the_events_of_a_real_engine_at_once(void **state)
{
	struct engine_follow *f = NULL;
	struct engine *e;
	struct err err = {0};
	char byte;

	(void)state;
	if (!real_host())
		skip();
	e = open_engine(real_host());
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET",
				 "/events?filters=%%7B%%22container%%22%%3A%%5B%%22none"
				 "%%22%%5D%%7D"),
		0);
	assert_int_equal(engine_follow_read(f, &byte, 1, &err), ERR_BUSY);
	engine_follow_close(f);
	engine_close(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_hosts_that_are_no_address),
		cmocka_unit_test(names_the_host_when_no_engine_is_there),
		cmocka_unit_test(says_connection_refused_when_the_engine_ended),
		cmocka_unit_test(asks_an_older_engine_in_its_own_version),
		cmocka_unit_test(asks_a_newer_engine_in_ours),
		cmocka_unit_test(refuses_an_engine_that_is_too_old),
		cmocka_unit_test(refuses_what_is_no_engine),
		cmocka_unit_test(maps_answers_to_codes),
		cmocka_unit_test(waits_on_for_a_silent_engine_that_answers_pings),
		cmocka_unit_test(gives_up_a_silent_engine_that_answers_no_ping),
		cmocka_unit_test(puts_lines_together_from_pieces),
		cmocka_unit_test(ends_a_stream_with_the_code_of_its_line),
		cmocka_unit_test(says_that_a_stream_was_cut_off),
		cmocka_unit_test(hears_a_refusal_before_all_is_sent),
		cmocka_unit_test(ends_a_stream_with_the_reason_of_its_upload),
		cmocka_unit_test(refuses_a_line_without_an_end),
		cmocka_unit_test(calls_idle_while_nothing_arrives),
		cmocka_unit_test(follows_a_chunked_answer),
		cmocka_unit_test(tells_a_followed_answer_that_was_cut_off),
		cmocka_unit_test(upgrades_and_half_closes),
		cmocka_unit_test(follow_gives_the_reason_of_a_refusal),
		cmocka_unit_test(reads_a_head_however_it_is_cut),
		cmocka_unit_test(refuses_heads_that_are_no_http),
		cmocka_unit_test(takes_chunks_apart_byte_by_byte),
		cmocka_unit_test(refuses_chunk_sizes_that_are_no_number),
		cmocka_unit_test(takes_frames_apart_byte_by_byte),
		cmocka_unit_test(refuses_what_is_no_frame),
		cmocka_unit_test(escapes_all_but_unreserved_characters),
		cmocka_unit_test(talks_to_a_real_engine),
		cmocka_unit_test(opens_the_events_of_a_real_engine_at_once),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
