#include "builder/image/pull.h"

#include "builder/engine/engine.h"
#include "builder/say.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Pushing people's lines a minute, however many layers move. */
#define TELL_EVERY 5000
#define LAYERS_MAX 256
#define LAYER_ID_SIZE 32
#define REASON_MAX 512
#define MEGABYTE 1000000.0
#define ESCAPED_SIZE (PULL_NAME_SIZE * 3 + 1)

struct layer {
	char id[LAYER_ID_SIZE];
	double current, total; /* bytes */
	bool done;
};

struct pull {
	struct say *say;
	struct layer layers[LAYERS_MAX];
	size_t len;
	int64_t told; /* when */
	char reason[REASON_MAX];
};

static const struct {
	const char *word;
	const char *advice;
} advices[] = {
	{"no such host", "can the server reach that registry?"},
	{"connection refused", "can the server reach that registry?"},
	{"network is unreachable", "can the server reach that registry?"},
	{"timeout", "can the server reach that registry?"},
	{"toomanyrequests", "the registry limits how much one address may pull"},
	{"denied", "is its name right? If it is private: docker login"},
	{"unauthorized", "is its name right? If it is private: docker login"},
	{"not found", "is the name in FROM right?"},
	{"manifest unknown", "is the tag in FROM right?"},
	{"no matching manifest", "it isn't made for the server's architecture"},
	{"no space left", "make room on the server: docker system df"},
};

int pull_split_name(const char *name, char repository[PULL_NAME_SIZE],
	char tag[PULL_NAME_SIZE], struct err *err)
{
	const char *at = strchr(name, '@');
	size_t len = at ? (size_t)(at - name) : strlen(name);
	const char *slash = memrchr(name, '/', len);
	const char *colon = memrchr(name, ':', len);

	/* In "host:5000/app" the colon is a port's. */
	if (colon && slash && colon < slash)
		colon = NULL;
	if (!len || strlen(name) >= PULL_NAME_SIZE || colon == name)
		return err_set(
			err, ERR_USAGE, "FROM %.200s: no such name of an image", name);
	(void)snprintf(repository, PULL_NAME_SIZE, "%.*s",
		colon ? (int)(colon - name) : (int)len, name);
	if (at)
		(void)snprintf(tag, PULL_NAME_SIZE, "%s", at + 1);
	else if (colon)
		(void)snprintf(tag, PULL_NAME_SIZE, "%s", colon + 1);
	else
		(void)snprintf(tag, PULL_NAME_SIZE, "latest");
	return 0;
}

static struct layer *find_layer(struct pull *p, const char *id)
{
	struct layer *l;

	for (size_t i = 0; i < p->len; i++) {
		if (!strcmp(p->layers[i].id, id))
			return &p->layers[i];
	}
	if (p->len == LAYERS_MAX || strlen(id) >= LAYER_ID_SIZE)
		return NULL;
	l = &p->layers[p->len++];
	(void)snprintf(l->id, sizeof(l->id), "%s", id);
	return l;
}

static void tell_progress(struct pull *p)
{
	int64_t now = clock_monotonic_ms();
	double current = 0, total = 0;
	size_t done = 0;

	if (now - p->told < TELL_EVERY)
		return;
	p->told = now;
	for (size_t i = 0; i < p->len; i++) {
		current += p->layers[i].current;
		total += p->layers[i].total;
		done += p->layers[i].done;
	}
	say_detail(p->say, "%.0f of %.0f MB, %zu of %zu layers", current / MEGABYTE,
		total / MEGABYTE, done, p->len);
}

static void take_layer(
	struct pull *p, const char *id, const char *status, const cJSON *detail)
{
	const cJSON *current = cJSON_GetObjectItemCaseSensitive(detail, "current");
	const cJSON *total = cJSON_GetObjectItemCaseSensitive(detail, "total");
	struct layer *l;

	/* Its first line has the tag as its id. */
	if (!strncmp(status, "Pulling from", strlen("Pulling from")))
		return;
	l = find_layer(p, id);
	if (!l)
		return;
	if (!strcmp(status, "Downloading") && cJSON_IsNumber(current))
		l->current = current->valuedouble;
	if (!strcmp(status, "Downloading") && cJSON_IsNumber(total))
		l->total = total->valuedouble;
	if (!strcmp(status, "Download complete"))
		l->current = l->total;
	if (!strcmp(status, "Pull complete") || !strcmp(status, "Already exists"))
		l->done = true;
	tell_progress(p);
}

static int on_line(void *ctx, const char *line, size_t len, struct err *err)
{
	struct pull *p = ctx;
	cJSON *json = cJSON_ParseWithLength(line, len);
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
	const char *id =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "id"));
	const char *status =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "status"));

	(void)err;
	if (cJSON_IsString(error))
		(void)snprintf(p->reason, sizeof(p->reason), "%s", error->valuestring);
	else if (id && status)
		take_layer(p, id, status,
			cJSON_GetObjectItemCaseSensitive(json, "progressDetail"));
	cJSON_Delete(json);
	return 0;
}

static int explain(const char *name, const char *reason, struct err *err)
{
	const char *advice = "load it on the server first: docker pull";
	char text[REASON_MAX];

	(void)snprintf(text, sizeof(text), "%s", reason);
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
		if (strstr(text, advices[i].word)) {
			advice = advices[i].advice;
			break;
		}
	}
	return err_set(err, ERR_FAILED, "pulling %s: %s; %s", name, text, advice);
}

static int pull(struct engine *e, const char *name, struct pull *p, int64_t timeout,
	struct err *err)
{
	char repository[PULL_NAME_SIZE], tag[PULL_NAME_SIZE];
	char from[ESCAPED_SIZE], with_tag[ESCAPED_SIZE];
	char path[ESCAPED_SIZE * 2 + 64];
	struct engine_stream s = {
		.method = "POST",
		.path = path,
		.line = on_line,
		.ctx = p,
		.timeout = timeout,
		.what = "pull",
	};
	int rc = pull_split_name(name, repository, tag, err);

	if (rc)
		return rc;
	(void)snprintf(path, sizeof(path), "/images/create?fromImage=%s&tag=%s",
		engine_escape(repository, from, sizeof(from)),
		engine_escape(tag, with_tag, sizeof(with_tag)));
	rc = engine_stream(e, &s, err);
	if (rc == ERR_AWAY || rc == ERR_BUSY)
		return rc;
	if (rc)
		return explain(name, err ? err->msg : "", err);
	return p->reason[0] ? explain(name, p->reason, err) : 0;
}

int pull_if_missing(struct engine *e, const char *name, struct say *say, int64_t timeout,
	struct err *err)
{
	struct pull p = {.say = say, .told = clock_monotonic_ms()};
	int64_t started = p.told;
	char escaped[ESCAPED_SIZE], took[SAY_DURATION_SIZE];
	int rc;

	if (!engine_escape(name, escaped, sizeof(escaped)))
		return err_set(err, ERR_USAGE, "FROM %.200s: the name is too long", name);
	rc = engine_call(e, NULL, NULL, err, "GET", "/images/%s/json", escaped);
	if (rc != ERR_NOTFOUND)
		return rc;
	say_step(say, "Pulling %s", name);
	rc = pull(e, name, &p, timeout, err);
	if (rc == 0)
		say_detail(say, "done in %s",
			say_duration(clock_monotonic_ms() - started, took));
	return rc;
}
