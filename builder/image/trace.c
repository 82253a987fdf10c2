#include "builder/image/trace.h"

#include "builder/image/trace.pb-c.h"
#include "config/base/err.h"

#include <openssl/evp.h>
#include <stdlib.h>

static int64_t milliseconds(const Trace__Time *t)
{
	/* Beyond this a time is nonsense, and would overflow. */
	if (!t || t->seconds <= 0 || t->seconds > INT64_C(1) << 40)
		return 0;
	return t->seconds * 1000 + t->nanos / 1000000;
}

static void tell(const Trace__Status *status, const struct trace_sink *to)
{
	for (size_t i = 0; to->vertex && i < status->n_vertexes; i++) {
		const Trace__Vertex *v = status->vertexes[i];
		const struct trace_vertex vertex = {
			.digest = v->digest,
			.name = v->name,
			.error = v->error,
			.cached = v->cached,
			.started = milliseconds(v->started),
			.completed = milliseconds(v->completed),
		};

		to->vertex(to->ctx, &vertex);
	}
	for (size_t i = 0; to->log && i < status->n_logs; i++) {
		const Trace__Log *l = status->logs[i];

		to->log(to->ctx, l->vertex, l->stream == 2 ? 2 : 1,
			(const char *)l->msg.data, l->msg.len);
	}
	for (size_t i = 0; to->warning && i < status->n_warnings; i++) {
		const Trace__Warning *w = status->warnings[i];

		to->warning(
			to->ctx, w->vertex, (const char *)w->short_.data, w->short_.len);
	}
}

int trace_decode(
	const char *base64, size_t len, const struct trace_sink *to, struct err *err)
{
	unsigned char *raw = NULL;
	Trace__Status *status = NULL;
	int n, rc = 0;

	if (!len || len > TRACE_MESSAGE_MAX)
		return err_set(err, ERR_FAILED, "a build's trace of %zu bytes", len);
	raw = malloc(len / 4 * 3 + 4);
	if (!raw)
		return err_set(err, ERR_FAILED, "out of memory");
	n = EVP_DecodeBlock(raw, (const unsigned char *)base64, (int)len);
	if (n < 0) {
		rc = err_set(err, ERR_FAILED, "a build's trace is not base64");
		goto out;
	}
	/* EVP_DecodeBlock counts the padding as zero bytes. */
	for (size_t i = len; i > 0 && len - i < 2 && base64[i - 1] == '=' && n > 0; i--)
		n--;
	status = trace__status__unpack(NULL, (size_t)n, raw);
	if (!status) {
		rc = err_set(
			err, ERR_FAILED, "a build's trace is not a protobuf message");
		goto out;
	}
	tell(status, to);
out:
	if (status)
		trace__status__free_unpacked(status, NULL);
	free(raw);
	return rc;
}
