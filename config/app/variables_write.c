#include "config/app/variables_write.h"

#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <string.h>

/* A quote becomes four characters; "export =''" and its separator stand around. */
#define GROWTH_MAX 4
#define AROUND_MAX 16

void variables_write_quoted(struct buf *out, const char *value)
{
	(void)buf_adds(out, "'");
	for (const char *quote; (quote = strchr(value, '\'')); value = quote + 1) {
		(void)buf_add(out, value, (size_t)(quote - value));
		(void)buf_adds(out, "'\\''");
	}
	(void)buf_adds(out, value);
	(void)buf_adds(out, "'");
}

static void write_export(struct buf *out, const struct variable *v)
{
	(void)buf_addf(out, "export %s=", v->name);
	variables_write_quoted(out, v->value);
}

static void write_assignment(struct buf *out, const struct variable *v)
{
	(void)buf_addf(out, "%s=", v->name);
	variables_write_quoted(out, v->value);
}

static void write_docker(struct buf *out, const struct variable *v)
{
	(void)buf_adds(out, "--env=");
	write_assignment(out, v);
}

static void write_docker_key(struct buf *out, const struct variable *v)
{
	(void)buf_addf(out, "--env=%s", v->name);
}

/* In double quotes, as config/app/envfile.h reads it. */
static void write_envfile(struct buf *out, const struct variable *v)
{
	(void)buf_addf(out, "%s=\"", v->name);
	for (const char *c = v->value; *c; c++) {
		if (*c == '\n')
			(void)buf_adds(out, "\\n");
		else if (*c == '\r')
			(void)buf_adds(out, "\\r");
		else if (strchr("\"\\$`", *c))
			(void)buf_addf(out, "\\%c", *c);
		else
			(void)buf_add(out, c, 1);
	}
	(void)buf_adds(out, "\"");
}

static int write_pretty(struct buf *out, const struct variables *v, struct err *err)
{
	size_t width = 0;

	for (size_t i = 0; i < v->len; i++) {
		size_t len = strlen(v->items[i].name);

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < v->len; i++) {
		if (buf_addf(out, "%s:%*s%s\n", v->items[i].name,
			    (int)(width - strlen(v->items[i].name)) + 2, "",
			    v->items[i].value) < 0)
			return err_set(err, ERR_FAILED, "out of memory");
	}
	return 0;
}

static cJSON *json_object(const struct variables *v)
{
	cJSON *json = cJSON_CreateObject();

	for (size_t i = 0; i < v->len; i++)
		(void)cJSON_AddStringToObject(json, v->items[i].name, v->items[i].value);
	return json;
}

static cJSON *json_list(const struct variables *v)
{
	cJSON *json = cJSON_CreateArray();

	for (size_t i = 0; i < v->len; i++) {
		cJSON *one = cJSON_CreateObject();

		(void)cJSON_AddStringToObject(one, "name", v->items[i].name);
		(void)cJSON_AddStringToObject(one, "value", v->items[i].value);
		(void)cJSON_AddItemToArray(json, one);
	}
	return json;
}

static int write_json(struct buf *out, cJSON *(*make)(const struct variables *),
	const struct variables *v, struct err *err)
{
	cJSON *json = make(v);
	char *text = cJSON_PrintUnformatted(json);
	int rc = 0;

	if (!text || buf_adds(out, text) < 0 || buf_adds(out, "\n") < 0)
		rc = err_set(err, ERR_FAILED, "out of memory");
	cJSON_free(text);
	cJSON_Delete(json);
	return rc;
}

static const struct {
	const char *name;
	const char *separator;
	void (*write)(struct buf *out, const struct variable *v);
	cJSON *(*json)(const struct variables *v);
} formats[] = {
	{"exports", "\n", write_export, NULL},
	{"shell", " ", write_assignment, NULL},
	{"envfile", "\n", write_envfile, NULL},
	{"docker-args", " ", write_docker, NULL},
	{"docker-args-keys", " ", write_docker_key, NULL},
	{"json", NULL, NULL, json_object},
	{"json-list", NULL, NULL, json_list},
};

int variables_write(
	struct buf *out, const struct variables *v, const char *format, struct err *err)
{
	size_t f = 0, count = sizeof(formats) / sizeof(formats[0]);

	if (!strcmp(format, "pretty"))
		return write_pretty(out, v, err);
	while (f < count && strcmp(formats[f].name, format) != 0)
		f++;
	if (f == count)
		return err_set(err, ERR_USAGE,
			"--format %.40s: it is exports, shell, envfile, docker-args, "
			"docker-args-keys, json, json-list or pretty",
			format);
	if (formats[f].json)
		return write_json(out, formats[f].json, v, err);
	/* With all the room from the start, no part of it is left out. */
	if (!buf_reserve(out, v->bytes * GROWTH_MAX + v->len * AROUND_MAX + 1))
		return err_set(err, ERR_FAILED, "out of memory");
	for (size_t i = 0; i < v->len; i++) {
		if (i)
			(void)buf_adds(out, formats[f].separator);
		formats[f].write(out, &v->items[i]);
	}
	return v->len ? buf_adds(out, "\n") : 0;
}
