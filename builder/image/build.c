#include "builder/image/build.h"

#include "builder/engine/engine.h"
#include "builder/image/build_error.h"
#include "builder/image/progress.h"
#include "builder/image/pull.h"
#include "builder/say.h"
#include "builder/source/dockerfile.h"
#include "builder/source/source.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_MAX 32000
#define VALUE_MAX 16000
/* How much of the context may be gone when an Engine refuses a builder, and still be sent
 * to it again. It refuses by the address alone, before the sockets' buffers are full. */
#define REPLAY_MAX (1024 * 1024)

/* A context that can be begun again as long as little of it was given. */
struct context {
	struct source *src;
	struct buf given;
	size_t again; /* how much of `given` is yet to be given again */
	bool gone;    /* more was given than is kept */
};

struct build {
	struct engine *engine;
	struct say *say;
	const struct build_options *options;
	struct context context;
	struct progress *progress;
	int64_t deadline; /* monotonic */
};

static ssize_t read_context(void *ctx, void *to, size_t len, struct err *err)
{
	struct context *c = &((struct build *)ctx)->context;
	ssize_t n;

	if (c->again) {
		size_t give = c->again < len ? c->again : len;

		memcpy(to, c->given.data + c->given.len - c->again, give);
		c->again -= give;
		return (ssize_t)give;
	}
	n = source_read(c->src, to, len, err);
	if (n > 0 && !c->gone && buf_add(&c->given, to, (size_t)n) < 0) {
		c->gone = true;
		buf_finish(&c->given);
	}
	return n;
}

/* The Engine speaks: it has accepted the request, so nothing is given twice. */
static int on_line(void *ctx, const char *line, size_t len, struct err *err)
{
	struct build *b = ctx;

	if (!b->context.gone) {
		b->context.gone = true;
		buf_finish(&b->context.given);
	}
	return progress_line(b->progress, line, len, err);
}

static int took_too_long(const struct build_options *o, struct err *err)
{
	char text[SAY_DURATION_SIZE];

	return err_set(err, ERR_FAILED, "the build took longer than %s (build.timeout)",
		say_duration(o->timeout, text));
}

/* Milliseconds until the build must be done; at least 1, since 0 means no limit. */
static int64_t time_left(const struct build *b)
{
	int64_t left = b->deadline - clock_monotonic_ms();

	return left > 0 ? left : 1;
}

static int pull_bases(struct build *b, struct err *err)
{
	struct dockerfile_images images;
	struct buf text;
	int rc;

	buf_init(&text, DOCKERFILE_MAX);
	rc = source_file(b->context.src, b->options->dockerfile, &text, err);
	if (rc == 0)
		rc = dockerfile_images(&images, buf_text(&text), text.len, NULL, err);
	buf_finish(&text);
	if (rc)
		return rc;
	for (size_t i = 0; rc == 0 && i < images.len; i++)
		rc = pull_if_missing(
			b->engine, images.names[i], b->say, time_left(b), err);
	dockerfile_images_finish(&images);
	return rc == ERR_BUSY ? took_too_long(b->options, err) : rc;
}

static int add_parameter(struct buf *q, const char *name, const char *value)
{
	char escaped[VALUE_MAX];

	if (!engine_escape(value, escaped, sizeof(escaped)))
		return -1;
	return buf_addf(q, "%s=%s&", name, escaped);
}

static int add_json(struct buf *q, const char *name, const cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);
	int rc = text ? add_parameter(q, name, text) : -1;

	cJSON_free(text);
	return rc;
}

/* {"NAME":"VALUE", …}: what the owner set, and ours. */
static int add_labels(struct buf *q, const cJSON *set, const char *const *labels)
{
	cJSON *json = set ? cJSON_Duplicate(set, true) : cJSON_CreateObject();
	int rc = json ? 0 : -1;

	for (; rc == 0 && labels && *labels; labels++) {
		const char *eq = strchr(*labels, '=');
		char *name = eq ? strndup(*labels, (size_t)(eq - *labels)) : NULL;

		if (!name || !cJSON_AddStringToObject(json, name, eq + 1))
			rc = -1;
		free(name);
	}
	if (rc == 0)
		rc = add_json(q, "labels", json);
	cJSON_Delete(json);
	return rc;
}

/* Hosts are one parameter each, other lists and objects are JSON. */
static int add_set(struct buf *q, const cJSON *parameters)
{
	const cJSON *one, *host;
	int rc = 0;

	cJSON_ArrayForEach(one, parameters)
	{
		if (!strcmp(one->string, "labels"))
			continue;
		if (cJSON_IsString(one)) {
			rc |= add_parameter(q, one->string, cJSON_GetStringValue(one));
		} else if (!strcmp(one->string, "extrahosts")) {
			cJSON_ArrayForEach(host, one) rc |=
				add_parameter(q, one->string, cJSON_GetStringValue(host));
		} else {
			rc |= add_json(q, one->string, one);
		}
	}
	return rc;
}

/* "Build an image" in the API. Containers of the classic builder are removed after
 * failures too (forcerm), or each failed push would leave one. */
static int make_path(
	struct buf *q, const struct build_options *o, bool classic, struct err *err)
{
	const cJSON *set = o->parameters;
	int rc = buf_adds(q, "/build?rm=1&forcerm=1&");

	if (!cJSON_GetObjectItemCaseSensitive(set, "networkmode"))
		rc |= buf_adds(q, "networkmode=default&");
	if (!classic)
		rc |= buf_adds(q, "version=2&");
	if (o->no_cache && !cJSON_GetObjectItemCaseSensitive(set, "nocache"))
		rc |= buf_adds(q, "nocache=1&");
	rc |= add_set(q, set);
	rc |= add_parameter(q, "dockerfile", o->dockerfile);
	rc |= add_labels(q, cJSON_GetObjectItemCaseSensitive(set, "labels"), o->labels);
	rc |= add_parameter(q, "t", o->tag);
	return rc ? err_set(err, ERR_USAGE, "the build's labels and options are too long")
		  : 0;
}

static int run_build(struct build *b, bool classic, struct err *err)
{
	struct engine_stream s = {
		.method = "POST",
		.content_type = "application/x-tar",
		.upload = read_context,
		.line = on_line,
		.ctx = b,
		.timeout = time_left(b),
		.what = "build",
	};
	struct buf path;
	int rc;

	buf_init(&path, QUERY_MAX);
	rc = make_path(&path, b->options, classic, err);
	s.path = buf_text(&path);
	if (rc == 0)
		rc = engine_stream(b->engine, &s, err);
	buf_finish(&path);
	return rc;
}

/* An Engine without BuildKit says so in its own words, with a 400 or 500. */
static bool lacks_buildkit(const struct build *b, int rc, const struct err *err)
{
	return rc == ERR_FAILED && !b->context.gone &&
		(strcasestr(err->msg, "buildkit") ||
			strcasestr(err->msg, "builder version"));
}

static int run_with_fallback(struct build *b, struct err *err)
{
	struct err why = {0};
	char tidy[ERR_MSG_MAX];
	int rc = run_build(b, b->options->classic, &why);

	if (!b->options->classic && lacks_buildkit(b, rc, &why)) {
		say_detail(
			b->say, "the Engine has no BuildKit: its classic builder builds");
		b->context.again = b->context.given.len;
		rc = run_build(b, true, &why);
	}
	if (rc == ERR_BUSY)
		return took_too_long(b->options, err);
	if (rc == 0 || rc == ERR_AWAY)
		return rc ? err_set(err, rc, "%s", why.msg) : 0;
	return err_set(err, ERR_FAILED, "%s",
		build_error_is_disk_full(why.msg, strlen(why.msg))
			? build_error_tidy(why.msg, tidy, sizeof(tidy))
			: why.msg);
}

/* Engines that name no id in their answer (podman) have tagged the image. */
static int find_image(
	struct build *b, char image_id[BUILD_IMAGE_ID_SIZE], struct err *err)
{
	const char *id = progress_image(b->progress);
	char tag[VALUE_MAX];
	cJSON *reply = NULL;
	int rc = 0;

	if (!id[0]) {
		if (!engine_escape(b->options->tag, tag, sizeof(tag)))
			return err_set(err, ERR_USAGE, "the image's tag is too long");
		rc = engine_call(
			b->engine, &reply, NULL, err, "GET", "/images/%s/json", tag);
		id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply, "Id"));
	}
	if (rc == ERR_NOTFOUND || (rc == 0 && !id))
		rc = err_set(err, ERR_FAILED,
			"the Docker Engine ended the build without an image; look at its "
			"log: journalctl -u docker");
	if (rc == 0 && strlen(id) + strlen("sha256:") >= BUILD_IMAGE_ID_SIZE)
		rc = err_set(err, ERR_FAILED, "the image's id is too long");
	if (rc == 0)
		(void)snprintf(image_id, BUILD_IMAGE_ID_SIZE, "%s%s",
			strchr(id, ':') ? "" : "sha256:", id);
	cJSON_Delete(reply);
	return rc;
}

int build_image(struct engine *e, struct source *src, const struct build_options *o,
	struct say *say, char image_id[BUILD_IMAGE_ID_SIZE], struct err *err)
{
	struct build b = {
		.engine = e,
		.say = say,
		.options = o,
		.context = {.src = src},
		.deadline = clock_monotonic_ms() + o->timeout,
	};
	int rc, said;

	buf_init(&b.context.given, REPLAY_MAX);
	rc = progress_create(&b.progress, say, err);
	if (rc == 0)
		rc = pull_bases(&b, err);
	if (rc)
		goto out;
	rc = run_with_fallback(&b, err);
	/* What the build itself said of its failure is worth more than how it ended,
	 * except that it was cut off. */
	said = progress_end(b.progress, rc == 0, rc ? NULL : err);
	rc = rc ? rc : said;
	if (rc == 0)
		rc = find_image(&b, image_id, err);
out:
	progress_destroy(b.progress);
	buf_finish(&b.context.given);
	return rc;
}
