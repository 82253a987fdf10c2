#include "builder/engine/engine.h"

#include "builder/engine/private.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <string.h>

/* An answer that is gathered whole. */
struct call {
	struct engine *engine;
	struct buf answer;
	bool too_large;
};

static size_t take_answer(char *data, size_t size, size_t n, void *ctx)
{
	struct call *c = ctx;

	engine_heard(c->engine);
	if (buf_add(&c->answer, data, size * n) < 0) {
		c->too_large = true;
		return 0;
	}
	return size * n;
}

static void set_body(struct engine *e, const char *method, const char *body)
{
	(void)curl_easy_setopt(e->easy, CURLOPT_CUSTOMREQUEST, method);
	if (!strcmp(method, "HEAD"))
		(void)curl_easy_setopt(e->easy, CURLOPT_NOBODY, 1L);
	if (!body && strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0)
		return;
	/* Without this an empty POST would be sent with chunked coding. */
	(void)curl_easy_setopt(e->easy, CURLOPT_POSTFIELDS, body ? body : "");
	(void)curl_easy_setopt(
		e->easy, CURLOPT_POSTFIELDSIZE, body ? (long)strlen(body) : 0L);
	if (body)
		(void)curl_easy_setopt(e->easy, CURLOPT_HTTPHEADER, e->json_headers);
}

static int exchange(struct engine *e, struct call *c, const char *method,
	const char *path, const char *body, struct err *err)
{
	const struct engine_wait wait = {.timeout = ENGINE_CALL_TIMEOUT};
	long status = 0;
	int rc = engine_prepare(e, e->easy, e->version, path, err);

	if (rc)
		return rc;
	set_body(e, method, body);
	(void)curl_easy_setopt(e->easy, CURLOPT_WRITEFUNCTION, take_answer);
	(void)curl_easy_setopt(e->easy, CURLOPT_WRITEDATA, c);
	rc = engine_transfer(e, e->easy, &wait, err);
	if (c->too_large)
		return err_set(err, ERR_FAILED,
			"the Docker Engine answered %s %s with more than %d MB", method,
			path, ENGINE_REPLY_MAX / 1024 / 1024);
	if (rc)
		return rc == ERR_BUSY
			? err_set(err, ERR_AWAY, "%s",
				  "the Docker Engine "
				  "has not ended a request within 15 minutes; look at "
				  "its log: journalctl -u docker")
			: rc;
	(void)curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!engine_is_success(status))
		return engine_refused(status, buf_text(&c->answer), c->answer.len, err);
	return 0;
}

static int parse_reply(struct cJSON **reply, const struct buf *answer, struct err *err)
{
	if (!answer->len)
		return 0;
	*reply = cJSON_ParseWithLength(answer->data, answer->len);
	return *reply
		? 0
		: err_set(err, ERR_FAILED,
			  "the Docker Engine answered with something that is not JSON");
}

int engine_call(struct engine *e, struct cJSON **reply, const struct cJSON *body,
	struct err *err, const char *method, const char *path, ...)
{
	struct call c = {.engine = e};
	char full[ENGINE_PATH_MAX];
	char *text = NULL;
	va_list ap;
	int rc;

	buf_init(&c.answer, ENGINE_REPLY_MAX);
	if (reply)
		*reply = NULL;
	va_start(ap, path);
	rc = engine_format_path(full, err, path, ap);
	va_end(ap);
	if (rc)
		goto out;
	rc = engine_ready(e, err);
	if (rc)
		goto out;
	if (body) {
		text = cJSON_PrintUnformatted(body);
		if (!text) {
			rc = err_set(err, ERR_FAILED, "out of memory");
			goto out;
		}
	}
	rc = exchange(e, &c, method, full, text, err);
	if (rc == 0 && reply)
		rc = parse_reply(reply, &c.answer, err);
out:
	cJSON_free(text);
	buf_finish(&c.answer);
	return rc;
}
