/* Answers that arrive as lines, against a stand-in that fails on purpose. */
#include "builder/engine/engine.h"

#include "config/base/err.h"
#include "tests/unit/standin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void serve_silence(int fd, const char *head)
{
	char byte;

	(void)head;
	while (read(fd, &byte, 1) > 0)
		continue;
}

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
	e = standin_engine(&s, serve_pieces);
	assert_int_equal(engine_stream(e, &stream, &err), 0);
	assert_string_equal(lines.text, "one|two|three|four|");
	standin_end(&s, e);
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
	e = standin_engine(&s, serve_pieces);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_DENIED);
	assert_string_equal(err.msg, "enough of it");
	assert_string_equal(lines.text, "one|two|");
	standin_end(&s, e);
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
	e = standin_engine(&s, serve_pieces);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_AWAY);
	assert_contains(err.msg, "closed the connection in the middle of the build");
	standin_end(&s, e);
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
	e = standin_engine(&s, serve_early_refusal);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_FAILED);
	assert_string_equal(err.msg, "BuildKit is not there");
	assert_true(given < 4 * 1024 * 1024);
	standin_end(&s, e);
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
	e = standin_engine(&s, serve_silence);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_FAILED);
	assert_string_equal(err.msg, "vendor/x is a submodule");
	standin_end(&s, e);
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
	e = standin_engine(&s, serve_long_line);
	assert_int_equal(engine_stream(e, &stream, &err), ERR_FAILED);
	assert_contains(err.msg, "a line of more than");
	standin_end(&s, e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_lines_together_from_pieces),
		cmocka_unit_test(ends_a_stream_with_the_code_of_its_line),
		cmocka_unit_test(says_that_a_stream_was_cut_off),
		cmocka_unit_test(hears_a_refusal_before_all_is_sent),
		cmocka_unit_test(ends_a_stream_with_the_reason_of_its_upload),
		cmocka_unit_test(refuses_a_line_without_an_end),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
