#ifndef BARDO_BUILDER_TRACE_H
#define BARDO_BUILDER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* BuildKit's trace messages (trace.proto), as they stand in a build's answer: base64 of a
 * protobuf. */

#define TRACE_MESSAGE_MAX (4 * 1024 * 1024)

/* One step's state. Sent again whenever something of it changes. */
struct trace_vertex {
	const char *digest;
	const char *name;
	const char *error; /* "" none */
	bool cached;
	int64_t started; /* milliseconds since the epoch, 0 not yet */
	int64_t completed;
};

/* Who is told; texts are borrowed for the call. Each may be NULL. */
struct trace_sink {
	void (*vertex)(void *ctx, const struct trace_vertex *v);
	/* Bytes of a step's output, not always whole lines; stream is 1 or 2. */
	void (*log)(
		void *ctx, const char *digest, int stream, const char *data, size_t len);
	void (*warning)(void *ctx, const char *digest, const char *text, size_t len);
	void *ctx;
};

/* Takes a message apart: its vertexes first, then logs, then warnings. ERR_FAILED for
 * what is no such message; nothing was told then. */
int trace_decode(
	const char *base64, size_t len, const struct trace_sink *to, struct err *err);

#endif
