/* BuildKit's trace messages: base64 around a protobuf. What decodes is shown as steps. */
#include "builder/image/trace.h"

#include "builder/image/steps.h"
#include "builder/say.h"
#include "config/base/err.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_vertex(void *ctx, const struct trace_vertex *v)
{
	steps_vertex(ctx, v);
}

static void on_log(
	void *ctx, const char *digest, int stream, const char *data, size_t len)
{
	(void)stream;
	steps_log(ctx, digest, data, len);
}

static void on_warning(void *ctx, const char *digest, const char *text, size_t len)
{
	(void)digest;
	steps_warning(ctx, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_sink sink = {
		.vertex = on_vertex, .log = on_log, .warning = on_warning};
	struct steps *steps = NULL;
	struct err err = {0};
	struct say say;
	char why[STEPS_EXPLAIN_SIZE];

	say_init(&say, -1);
	if (steps_create(&steps, &say, &err))
		return 0;
	sink.ctx = steps;
	(void)trace_decode((const char *)data, size, &sink, &err);
	steps_end(steps, true);
	steps_explain(steps, "", 0, why);
	steps_destroy(steps);
	return 0;
}
