#include "builder/image/progress.h"

#include "builder/image/classic.h"
#include "builder/image/steps.h"
#include "builder/image/trace.h"
#include "builder/say.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_SIZE 80
#define MESSAGE_SIZE 2048

struct progress {
	struct say *say;
	struct steps *steps;
	struct classic *classic;
	bool traced; /* BuildKit speaks: its `stream` lines say nothing more */
	bool failed;
	int exit_code;
	char message[MESSAGE_SIZE];
	char image[IMAGE_SIZE];
};

int progress_create(struct progress **out, struct say *say, struct err *err)
{
	struct progress *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return err_set(err, ERR_FAILED, "out of memory");
	p->say = say;
	rc = steps_create(&p->steps, say, err);
	if (rc == 0)
		rc = classic_create(&p->classic, p->steps, err);
	if (rc) {
		progress_destroy(p);
		return rc;
	}
	*out = p;
	return 0;
}

void progress_destroy(struct progress *p)
{
	if (!p)
		return;
	classic_destroy(p->classic);
	steps_destroy(p->steps);
	free(p);
}

static void on_vertex(void *ctx, const struct trace_vertex *v)
{
	struct progress *p = ctx;

	steps_vertex(p->steps, v);
}

static void on_log(
	void *ctx, const char *digest, int stream, const char *data, size_t len)
{
	struct progress *p = ctx;

	(void)stream;
	steps_log(p->steps, digest, data, len);
}

static void on_warning(void *ctx, const char *digest, const char *text, size_t len)
{
	struct progress *p = ctx;

	(void)digest;
	steps_warning(p->steps, text, len);
}

static void take_trace(struct progress *p, const char *aux)
{
	const struct trace_sink sink = {
		.vertex = on_vertex, .log = on_log, .warning = on_warning, .ctx = p};

	p->traced = true;
	/* A message that can't be read costs a line on the screen, not the build. */
	(void)trace_decode(aux, strlen(aux), &sink, NULL);
}

/* {"errorDetail":{"code":2,"message":"…"},"error":"…"}; podman has no errorDetail. */
static void take_error(struct progress *p, const cJSON *detail, const cJSON *error)
{
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(detail, "code");
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(detail, "message");
	const char *text = cJSON_GetStringValue(message);
	char *masked;

	if (!text)
		text = cJSON_GetStringValue(error);
	masked = say_masked(p->say, text ? text : "");
	p->failed = true;
	p->exit_code = cJSON_IsNumber(code) && code->valueint > 0 && code->valueint < 256
		? code->valueint
		: 0;
	(void)snprintf(p->message, sizeof(p->message), "%s", masked ? masked : "");
	free(masked);
	if (!p->traced)
		classic_fail(p->classic, p->message);
}

static void take_image(struct progress *p, const cJSON *aux)
{
	const char *id =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(aux, "ID"));

	if (id && strlen(id) < sizeof(p->image))
		(void)snprintf(p->image, sizeof(p->image), "%s", id);
}

int progress_line(struct progress *p, const char *line, size_t len, struct err *err)
{
	cJSON *json = cJSON_ParseWithLength(line, len);
	const cJSON *aux = cJSON_GetObjectItemCaseSensitive(json, "aux");
	const cJSON *stream = cJSON_GetObjectItemCaseSensitive(json, "stream");
	const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
	const cJSON *detail = cJSON_GetObjectItemCaseSensitive(json, "errorDetail");
	const char *id =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "id"));
	int rc = 0;

	if (error || detail)
		take_error(p, detail, error);
	else if (cJSON_IsString(aux) && id && !strcmp(id, "moby.buildkit.trace"))
		take_trace(p, aux->valuestring);
	else if (cJSON_IsObject(aux))
		take_image(p, aux);
	else if (cJSON_IsString(stream) && !p->traced)
		rc = classic_text(p->classic, stream->valuestring, err);
	cJSON_Delete(json);
	return rc;
}

int progress_end(struct progress *p, bool complete, struct err *err)
{
	char why[STEPS_EXPLAIN_SIZE];

	classic_end(p->classic, complete);
	steps_end(p->steps, p->failed || !complete);
	if (!p->failed)
		return 0;
	/* A reason of several lines, such as a parser's, is shown whole. */
	if (strchr(p->message, '\n'))
		say_output(p->say, p->message, strlen(p->message));
	steps_explain(p->steps, p->message, p->exit_code, why);
	return err_set(err, ERR_FAILED, "%s", why);
}

const char *progress_image(const struct progress *p)
{
	return p->image;
}
