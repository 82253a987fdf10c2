/* BuildKit's trace messages, recorded from Engine 20.10 where they are long. */
#include "builder/image/trace.h"

#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What the sink was told, as one text. */
static char told[4096];

static void on_vertex(void *ctx, const struct trace_vertex *v)
{
	(void)ctx;
	(void)snprintf(told + strlen(told), sizeof(told) - strlen(told),
		"vertex %.11s '%s' '%s' %d %lld %lld\n", v->digest, v->name, v->error,
		v->cached, (long long)v->started, (long long)v->completed);
}

static void on_log(
	void *ctx, const char *digest, int stream, const char *data, size_t len)
{
	(void)ctx;
	(void)snprintf(told + strlen(told), sizeof(told) - strlen(told),
		"log %s %d '%.*s'\n", digest, stream, (int)len, data);
}

static void on_warning(void *ctx, const char *digest, const char *text, size_t len)
{
	(void)ctx;
	(void)snprintf(told + strlen(told), sizeof(told) - strlen(told),
		"warning %s '%.*s'\n", digest, (int)len, text);
}

static int decode(const char *base64, struct err *err)
{
	const struct trace_sink sink = {
		.vertex = on_vertex, .log = on_log, .warning = on_warning};

	told[0] = '\0';
	return trace_decode(base64, strlen(base64), &sink, err);
}

static void decodes_a_vertex(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(
		decode("CokBCkdzaGEyNTY6Y2MxZTg1Y2VlMjM0YTA3OWFiYmUzZWNlNzg1MzA4NWZlYTc4"
		       "MTAxNDA4YTgyYjgxMTBjNTVlZTk5MjE2NGZjOBokW2ludGVybmFsXSBsb2FkIHJlb"
		       "W90ZSBidWlsZCBjb250ZXh0KgsIt+uD2AYQ+9r5CDILCLfrg9gGEN3hnQs=",
			&err),
		0);
	assert_string_equal(told,
		"vertex sha256:cc1e '[internal] load remote build context' '' 0 "
		"1795225015018 1795225015023\n");
}

static void decodes_logs_and_warnings(void **state)
{
	struct err err = {0};

	(void)state;
	/* logs {vertex "d" stream 2 msg "err\n"} warnings {vertex "d" short "old"} */
	assert_int_equal(decode("GgsKAWQYAiIEZXJyCiIICgFkGgNvbGQ=", &err), 0);
	assert_string_equal(told, "log d 2 'err\n'\nwarning d 'old'\n");
}

static void passes_over_fields_that_are_new(void **state)
{
	struct err err = {0};

	(void)state;
	/* vertexes {digest "d" name "n" 8: {1: "g"} 15: 7} and an unknown field 9 */
	assert_int_equal(decode("Cg0KAWQaAW5CAwoBZ3gHSgF4", &err), 0);
	assert_string_equal(told, "vertex d 'n' '' 0 0 0\n");
}

static void refuses_what_is_no_trace(void **state)
{
	static const char *const bad[] = {"", "!!!!", "abc", "CokB", "////////"};
	struct err err = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(decode(bad[i], &err), ERR_FAILED);
		assert_string_equal(told, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_a_vertex),
		cmocka_unit_test(decodes_logs_and_warnings),
		cmocka_unit_test(passes_over_fields_that_are_new),
		cmocka_unit_test(refuses_what_is_no_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
