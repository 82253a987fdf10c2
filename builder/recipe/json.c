#include "builder/recipe/json.h"

#include "builder/recipe/json_line.h"
#include "builder/recipe/text.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CHOICES_SIZE 256

/* ---- reading ---- */

/* cJSON ends a text at an escaped zero byte: it would be cut in silence. */
static int refuse_zeros(const struct json_file *f)
{
	for (size_t i = 0; i + 5 < f->len; i++) {
		if (f->text[i] != '\\')
			continue;
		if (!memcmp(f->text + i + 1, "u0000", 5))
			return err_set(f->err, ERR_FAILED,
				"line %zu: \\u0000 can't stand in a text",
				text_line(f->text, f->text + i));
		i++;
	}
	return 0;
}

static int fail_to_parse(const struct json_file *f, const char *at)
{
	const char *end = f->text + f->len;
	int shown = 0;

	if (!at || at < f->text || at >= end)
		at = end;
	if (at == end)
		return err_set(f->err, ERR_FAILED,
			"line %zu: not JSON: it ends too early", text_line(f->text, at));
	while (at + shown < end && shown < 20 && isprint((unsigned char)at[shown]))
		shown++;
	return err_set(f->err, ERR_FAILED, "line %zu: not JSON at %.*s",
		text_line(f->text, at), shown, at);
}

/* Of two members with one name readers take one or the other. */
static int check_names(
	const struct json_file *f, const struct json_place *place, const cJSON *value)
{
	const cJSON *member, *other;
	int at = 0, rc = 0;

	if (cJSON_IsObject(value) && cJSON_GetArraySize(value) > JSON_MEMBERS_MAX)
		return json_fail(f, place, "more than %d members", JSON_MEMBERS_MAX);
	cJSON_ArrayForEach(member, value)
	{
		struct json_place here = {place, member->string, at++};

		if (member->string) {
			other = cJSON_GetObjectItemCaseSensitive(value, member->string);
			if (other != member)
				return json_fail(f, &here, "stands there twice");
		}
		rc = check_names(f, &here, member);
		if (rc)
			break;
	}
	return rc;
}

int json_file_read(const struct json_file *f, cJSON **out)
{
	const char *end = NULL;
	cJSON *root;
	int rc = text_check(f->text, f->len, f->err);

	if (!rc)
		rc = refuse_zeros(f);
	if (rc)
		return rc;
	root = cJSON_ParseWithLengthOpts(f->text, f->len, &end, false);
	/* Where the text ends too early, cJSON points at its last character. */
	if (!root)
		return fail_to_parse(f, end && end + 1 < f->text + f->len ? end : NULL);
	for (; end < f->text + f->len; end++) {
		if (!strchr(" \t\r\n", *end)) {
			cJSON_Delete(root);
			return fail_to_parse(f, end);
		}
	}
	if (!cJSON_IsObject(root))
		rc = err_set(f->err, ERR_FAILED, "line 1: it must hold an object: {…}");
	if (!rc)
		rc = check_names(f, NULL, root);
	if (rc)
		cJSON_Delete(root);
	else
		*out = root;
	return rc;
}

/* ---- errors ---- */

static void print_place(struct buf *b, const struct json_place *place)
{
	if (!place)
		return;
	print_place(b, place->up);
	if (place->name)
		(void)buf_addf(b, "%s%.80s", b->len ? "." : "", place->name);
	else
		(void)buf_addf(b, "[%d]", place->at);
}

int json_fail(
	const struct json_file *f, const struct json_place *place, const char *fmt, ...)
{
	char what[ERR_MSG_MAX / 2];
	struct buf path;
	size_t line;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	buf_init(&path, JSON_PATH_SIZE);
	print_place(&path, place);
	line = json_line(f, buf_text(&path));
	if (line)
		(void)err_set(f->err, ERR_FAILED, "line %zu: %s%s%s", line,
			buf_text(&path), path.len ? ": " : "", what);
	else
		(void)err_set(f->err, ERR_FAILED, "%s%s%s", buf_text(&path),
			path.len ? ": " : "", what);
	buf_finish(&path);
	return ERR_FAILED;
}

/* ---- checking ---- */

static int check_text(const struct json_file *f, const struct json_place *place,
	const cJSON *value, const struct json_rule *rule)
{
	const char *text = cJSON_GetStringValue(value);
	size_t len = text ? strlen(text) : 0;

	if (!text)
		return json_fail(f, place, "expected a text, in quotes");
	if ((long)len < rule->min)
		return json_fail(f, place, "it is empty");
	if ((long)len > rule->max)
		return json_fail(f, place, "longer than %ld bytes", rule->max);
	for (; rule->kind == JSON_LINE && *text; text++) {
		if (iscntrl((unsigned char)*text))
			return json_fail(f, place, "a line break or control character");
	}
	return 0;
}

static int check_integer(const struct json_file *f, const struct json_place *place,
	const cJSON *value, const struct json_rule *rule)
{
	/* Compared as the double that it is: 1e99 and 1.5 are no integers here. */
	if (cJSON_IsNumber(value) && value->valuedouble >= (double)rule->min &&
		value->valuedouble <= (double)rule->max &&
		!(value->valuedouble < (double)value->valueint) &&
		!(value->valuedouble > (double)value->valueint))
		return 0;
	return json_fail(f, place, "expected a whole number from %ld to %ld", rule->min,
		rule->max);
}

static int check_choice(const struct json_file *f, const struct json_place *place,
	const cJSON *value, const struct json_rule *rule)
{
	const char *text = cJSON_GetStringValue(value);
	char list[CHOICES_SIZE] = "";
	size_t n = 0;

	for (const char *const *c = rule->choices; *c; c++) {
		if (text && !strcmp(text, *c))
			return 0;
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
			c == rule->choices ? ""
				: c[1]	   ? ", "
					   : " or ",
			*c);
	}
	return json_fail(f, place, "expected %s", list);
}

static int check_texts(const struct json_file *f, const struct json_place *place,
	const cJSON *value, const struct json_rule *rule)
{
	const struct json_rule each = {.kind = JSON_TEXT, .max = TEXT_LINE_MAX};
	const cJSON *element;
	int at = 0, rc = 0;

	if (!cJSON_IsArray(value))
		return json_fail(f, place, "expected a list of texts: [\"…\"]");
	if (cJSON_GetArraySize(value) > rule->max)
		return json_fail(f, place, "more than %ld", rule->max);
	if (cJSON_GetArraySize(value) < rule->min)
		return json_fail(f, place, "it is empty");
	cJSON_ArrayForEach(element, value)
	{
		const struct json_place here = {place, NULL, at++};

		rc = check_text(f, &here, element, &each);
		if (rc)
			break;
	}
	return rc;
}

static int check_container(const struct json_file *f, const struct json_place *place,
	const cJSON *value, const struct json_rule *rule)
{
	if (rule->kind == JSON_OBJECT && !cJSON_IsObject(value))
		return json_fail(f, place, "expected an object: {…}");
	if (rule->kind == JSON_ARRAY && !cJSON_IsArray(value))
		return json_fail(f, place, "expected a list: […]");
	if (cJSON_GetArraySize(value) > rule->max)
		return json_fail(f, place, "more than %ld", rule->max);
	return 0;
}

int json_check(const struct json_file *f, const struct json_place *place,
	const cJSON *value, const struct json_rule *rule)
{
	switch (rule->kind) {
	case JSON_TEXT:
	case JSON_LINE:
		return check_text(f, place, value, rule);
	case JSON_INTEGER:
		return check_integer(f, place, value, rule);
	case JSON_BOOLEAN:
		return cJSON_IsBool(value)
			? 0
			: json_fail(f, place, "expected true or false");
	case JSON_CHOICE:
		return check_choice(f, place, value, rule);
	case JSON_TEXTS:
		return check_texts(f, place, value, rule);
	case JSON_OBJECT:
	case JSON_ARRAY:
		break;
	}
	return check_container(f, place, value, rule);
}

static const struct json_rule *find_rule(const struct json_rule *rules, const char *name)
{
	for (; rules->name; rules++) {
		if (!strcmp(rules->name, name))
			return rules;
	}
	return NULL;
}

static int fail_unknown(const struct json_file *f, const struct json_place *place,
	const struct json_rule *rules)
{
	char list[CHOICES_SIZE] = "";
	size_t n = 0;

	for (const struct json_rule *r = rules; r->name; r++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
			r == rules	    ? ""
				: r[1].name ? ", "
					    : " and ",
			r->name);
	return json_fail(
		f, place, "unknown: there %s %s", rules[1].name ? "are" : "is", list);
}

int json_check_members(const struct json_file *f, const struct json_place *place,
	const cJSON *object, const struct json_rule *rules, bool strict)
{
	const cJSON *member;
	int rc = 0;

	for (const struct json_rule *r = rules; r->name; r++) {
		if (r->required && !cJSON_GetObjectItemCaseSensitive(object, r->name))
			return json_fail(f, place, "%s is missing", r->name);
	}
	cJSON_ArrayForEach(member, object)
	{
		const struct json_place here = {place, member->string, 0};
		const struct json_rule *rule = find_rule(rules, member->string);

		if (rule)
			rc = json_check(f, &here, member, rule);
		else if (strict)
			rc = fail_unknown(f, &here, rules);
		if (rc)
			break;
	}
	return rc;
}
