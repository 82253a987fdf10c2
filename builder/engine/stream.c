#include "builder/engine/engine.h"

#include "builder/engine/private.h"
#include "config/base/err.h"

#include <stdio.h>
#include <string.h>

/* Of what curl asks upload for at once: fewer turns for a large context. */
#define UPLOAD_CHUNK (256L * 1024)

struct stream {
	const struct engine_stream *s;
	struct engine *e;
	struct buf pending; /* of a line that has no end yet, or of a refusal's body */
	int rc;		    /* what a callback of the caller's ended it with, */
	struct err said;    /* and why */
};

static long status_of(const struct engine *e)
{
	long status = 0;

	(void)curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

static bool is_refusal(const struct stream *st)
{
	return !engine_is_success(status_of(st->e));
}

static int give_line(struct stream *st, const char *line, size_t len)
{
	if (len && line[len - 1] == '\r')
		len--;
	return len ? st->s->line(st->s->ctx, line, len, &st->said) : 0;
}

/* A line that came in pieces is put together; whole ones are given where they are. */
static int take_lines(struct stream *st, const char *data, size_t len)
{
	const char *nl;

	while ((nl = memchr(data, '\n', len))) {
		size_t n = (size_t)(nl - data);
		int rc;

		if (st->pending.len) {
			if (buf_add(&st->pending, data, n) < 0)
				break;
			rc = give_line(st, st->pending.data, st->pending.len);
			buf_reset(&st->pending);
		} else {
			rc = give_line(st, data, n);
		}
		if (rc < 0)
			return rc;
		data += n + 1;
		len -= n + 1;
	}
	if (nl || buf_add(&st->pending, data, len) < 0)
		return err_set(&st->said, ERR_FAILED,
			"the Docker Engine sent a line of more than %d MB",
			ENGINE_LINE_MAX / 1024 / 1024);
	return 0;
}

static size_t take_data(char *data, size_t size, size_t n, void *ctx)
{
	struct stream *st = ctx;
	size_t len = size * n;

	engine_heard(st->e);
	if (is_refusal(st)) {
		size_t room = ENGINE_ERROR_BODY_MAX - st->pending.len;

		(void)buf_add(&st->pending, data, len < room ? len : room);
		return len;
	}
	st->rc = take_lines(st, data, len);
	return st->rc < 0 ? 0 : len;
}

static size_t give_data(char *to, size_t size, size_t n, void *ctx)
{
	struct stream *st = ctx;
	ssize_t got = st->s->upload(st->s->ctx, to, size * n, &st->said);

	engine_heard(st->e);
	if (got < 0) {
		st->rc = (int)got;
		return CURL_READFUNC_ABORT;
	}
	return (size_t)got;
}

static struct curl_slist *stream_headers(const struct engine_stream *s)
{
	struct curl_slist *list = NULL;
	const char *lines[4] = {"Expect:"};
	char type[256], auth[ENGINE_PATH_MAX];
	size_t n = 1;

	(void)snprintf(type, sizeof(type), "Content-Type: %s",
		s->content_type ? s->content_type : "");
	lines[n++] = s->content_type ? type : "Content-Type:";
	if (s->content_type)
		lines[n++] = "Transfer-Encoding: chunked";
	if (s->registry_auth) {
		(void)snprintf(
			auth, sizeof(auth), "X-Registry-Auth: %s", s->registry_auth);
		lines[n++] = auth;
	}
	for (size_t i = 0; i < n; i++) {
		struct curl_slist *longer = curl_slist_append(list, lines[i]);

		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static void set_transfer(struct stream *st, struct curl_slist *headers)
{
	CURL *easy = st->e->easy;

	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_data);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, st);
	if (st->s->content_type) {
		(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_data);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, st);
		(void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_CHUNK);
	} else if (!strcmp(st->s->method, "POST")) {
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
	}
	(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, st->s->method);
}

static int exchange(struct stream *st, struct err *err)
{
	const struct engine_wait wait = {st->s->what, st->s->timeout};
	struct curl_slist *headers = NULL;
	int rc;

	rc = engine_prepare(st->e, st->e->easy, st->e->version, st->s->path, err);
	if (rc)
		return rc;
	headers = stream_headers(st->s);
	if (!headers)
		return err_set(err, ERR_FAILED, "out of memory");
	set_transfer(st, headers);
	rc = engine_transfer(st->e, st->e->easy, &wait, err);
	if (st->rc < 0)
		rc = err_set(err, st->rc, "%s", st->said.msg);
	else if (rc == 0 && is_refusal(st))
		rc = engine_refused(
			status_of(st->e), buf_text(&st->pending), st->pending.len, err);
	(void)curl_easy_setopt(st->e->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	return rc;
}

int engine_stream(struct engine *e, const struct engine_stream *s, struct err *err)
{
	struct stream st = {.s = s, .e = e};
	int rc = engine_ready(e, err);

	if (rc)
		return rc;
	buf_init(&st.pending, ENGINE_LINE_MAX);
	rc = exchange(&st, err);
	if (rc == 0 && st.pending.len)
		rc = s->line(s->ctx, st.pending.data, st.pending.len, err);
	buf_finish(&st.pending);
	return rc < 0 ? rc : 0;
}
