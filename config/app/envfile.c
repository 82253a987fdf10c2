#include "config/app/envfile.h"

#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct reader {
	const char *at, *end;
	int line;
	struct buf name, value;
	struct err *err;
};

static int refuse(const struct reader *r, int line, const char *why)
{
	return err_set(r->err, ERR_USAGE, "line %d: %s", line, why);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && is_blank(*r->at))
		r->at++;
}

static size_t rest_of_line(const struct reader *r)
{
	const char *nl = memchr(r->at, '\n', (size_t)(r->end - r->at));

	return (size_t)((nl ? nl : r->end) - r->at);
}

static void skip_line(struct reader *r)
{
	r->at += rest_of_line(r);
	if (r->at < r->end) {
		r->at++;
		r->line++;
	}
}

/* What a backslash in double quotes makes of c; 0 if it stays with its backslash. */
static char unescape(char c)
{
	static const char pairs[] = "n\nr\rt\t\"\"\\\\$$``";

	for (const char *p = pairs; *p; p += 2) {
		if (*p == c)
			return p[1];
	}
	return 0;
}

static int add(struct reader *r, char c)
{
	return buf_add(&r->value, &c, 1) < 0 ? refuse(r, r->line, "too long a value") : 0;
}

/* From behind the opening quote to behind the closing one. */
static int take_quoted(struct reader *r, char quote)
{
	int first = r->line, rc = 0;

	for (; r->at < r->end && *r->at != quote && !rc; r->at++) {
		char c = *r->at, escaped = 0;

		if (c == '\\' && quote == '"' && r->at + 1 < r->end)
			escaped = unescape(r->at[1]);
		if (escaped)
			r->at++;
		r->line += *r->at == '\n';
		rc = add(r, escaped ? escaped : c);
	}
	if (rc)
		return rc;
	if (r->at == r->end)
		return refuse(r, first, "the quote that begins here has no end");
	r->at++;
	return 0;
}

static int take_quoted_value(struct reader *r)
{
	int rc = 0;

	while (r->at < r->end && !rc && !is_blank(*r->at) && *r->at != '\n') {
		char c = *r->at++;

		if (c == '\'' || c == '"')
			rc = take_quoted(r, c);
		else if (c == '\\' && r->at < r->end && *r->at != '\n')
			rc = add(r, *r->at++);
		else
			rc = refuse(r, r->line, "something follows the closing quote");
	}
	skip_blanks(r);
	if (!rc && r->at < r->end && *r->at != '\n' && *r->at != '#')
		rc = refuse(r, r->line, "something follows the closing quote");
	return rc;
}

static int take_bare_value(struct reader *r)
{
	size_t len = rest_of_line(r);

	for (size_t i = 0; i < len; i++) {
		if (r->at[i] == '#' && (i == 0 || is_blank(r->at[i - 1])))
			len = i;
	}
	while (len && is_blank(r->at[len - 1]))
		len--;
	return buf_add(&r->value, r->at, len) < 0 ? refuse(r, r->line, "too long a value")
						  : 0;
}

static int take_name(struct reader *r)
{
	static const char export[] = "export";
	size_t n = strlen(export);
	const char *from;

	if ((size_t)(r->end - r->at) > n && !memcmp(r->at, export, n) &&
		is_blank(r->at[n])) {
		r->at += n;
		skip_blanks(r);
	}
	from = r->at;
	while (r->at < r->end && (isalnum((unsigned char)*r->at) || *r->at == '_'))
		r->at++;
	if (buf_add(&r->name, from, (size_t)(r->at - from)) < 0)
		return refuse(r, r->line, "too long a name");
	skip_blanks(r);
	if (r->at == r->end || *r->at != '=' || !r->name.len)
		return refuse(r, r->line, "it is not NAME=VALUE");
	r->at++;
	skip_blanks(r);
	return 0;
}

static int take_variable(struct reader *r, struct variables *out)
{
	int line = r->line, rc;

	buf_reset(&r->name);
	buf_reset(&r->value);
	rc = take_name(r);
	if (!rc)
		rc = r->at < r->end && (*r->at == '\'' || *r->at == '"')
			? take_quoted_value(r)
			: take_bare_value(r);
	if (!rc && variables_put(out, buf_text(&r->name), buf_text(&r->value), r->err))
		rc = err_prefix(r->err, "line %d: ", line);
	if (!rc)
		skip_line(r);
	return rc;
}

int envfile_parse(struct variables *out, const char *text, size_t len, struct err *err)
{
	struct reader r = {.at = text, .end = text + len, .line = 1, .err = err};
	int rc = 0;

	if (len && memchr(text, '\0', len))
		return err_set(err, ERR_USAGE, "there is a NUL in it");
	buf_init(&r.name, VARIABLE_NAME_MAX);
	buf_init(&r.value, VARIABLE_VALUE_MAX);
	while (!rc && r.at < r.end) {
		skip_blanks(&r);
		if (r.at < r.end && *r.at != '\n' && *r.at != '#')
			rc = take_variable(&r, out);
		else
			skip_line(&r);
	}
	buf_finish(&r.name);
	buf_finish(&r.value);
	return rc;
}

/* ---- JSON ---- */

static int put_json(
	struct variables *out, const char *name, const cJSON *value, struct err *err)
{
	char *text;
	int rc;

	if (!name)
		return err_set(err, ERR_USAGE,
			"each entry of a list is {\"name\": \"NAME\", \"value\": "
			"\"VALUE\"}");
	if (cJSON_IsString(value))
		return variables_put(out, name, value->valuestring, err);
	if (!cJSON_IsNumber(value) && !cJSON_IsBool(value))
		return err_set(err, ERR_USAGE, "the value of %.60s is no text", name);
	text = cJSON_PrintUnformatted(value);
	rc = text ? variables_put(out, name, text, err)
		  : err_set(err, ERR_FAILED, "out of memory");
	cJSON_free(text);
	return rc;
}

int variables_parse_json(
	struct variables *out, const char *text, size_t len, struct err *err)
{
	cJSON *json = cJSON_ParseWithLength(text, len);
	const cJSON *one;
	int rc = 0;

	if (!cJSON_IsObject(json) && !cJSON_IsArray(json))
		rc = err_set(err, ERR_USAGE,
			"it is not JSON of the form {\"NAME\": \"VALUE\"}");
	/* A text would end there. */
	if (!rc && memmem(text, len, "\\u0000", 6))
		rc = err_set(err, ERR_USAGE, "there is a NUL in it");
	cJSON_ArrayForEach(one, json)
	{
		const char *name = cJSON_IsObject(json)
			? one->string
			: cJSON_GetStringValue(
				  cJSON_GetObjectItemCaseSensitive(one, "name"));

		if (!rc)
			rc = put_json(out, name,
				cJSON_IsObject(json)
					? one
					: cJSON_GetObjectItemCaseSensitive(one, "value"),
				err);
	}
	cJSON_Delete(json);
	return rc;
}
