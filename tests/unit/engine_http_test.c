/* What the Engine's client reads by the byte: heads, chunks, frames; and escaping. */
#include "builder/engine/http.h"

#include "builder/engine/engine.h"
#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_head_however_it_is_cut),
		cmocka_unit_test(refuses_heads_that_are_no_http),
		cmocka_unit_test(takes_chunks_apart_byte_by_byte),
		cmocka_unit_test(refuses_chunk_sizes_that_are_no_number),
		cmocka_unit_test(takes_frames_apart_byte_by_byte),
		cmocka_unit_test(refuses_what_is_no_frame),
		cmocka_unit_test(escapes_all_but_unreserved_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
