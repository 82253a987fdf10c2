#include "builder/source/dockerfile_args.h"

#include "builder/source/dockerfile_lines.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 4096
#define NESTING_MAX 16 /* of ${A:-${B:-…}} */

void dockerfile_args_finish(struct dockerfile_args *a)
{
	for (size_t i = 0; i < a->len; i++) {
		free(a->list[i].name);
		free(a->list[i].value);
	}
	a->len = 0;
}

/* ---- looking up ---- */

/* The last one counts. */
static const char *find(const struct dockerfile_args *a, const char *name, size_t len)
{
	for (size_t i = a->len; i--;) {
		if (strlen(a->list[i].name) == len && !memcmp(a->list[i].name, name, len))
			return a->list[i].value;
	}
	return NULL;
}

static const char *find_given(
	const struct dockerfile_args *a, const char *name, size_t len)
{
	for (const char *const *g = a->given; g && *g; g++) {
		if (!strncmp(*g, name, len) && (*g)[len] == '=')
			return *g + len + 1;
	}
	return NULL;
}

/* ---- expanding ---- */

struct expansion {
	const struct dockerfile_args *args;
	const char *at, *end;
	struct buf *out;
	int nesting;
	bool unknown; /* a variable that counts has no value */
};

static int expand_until(struct expansion *x, char stop);

static size_t name_length(const struct expansion *x)
{
	const char *p = x->at;

	if (p < x->end && isdigit((unsigned char)*p))
		return 1;
	while (p < x->end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	return (size_t)(p - x->at);
}

static int put(struct expansion *x, const char *value)
{
	if (value)
		return buf_adds(x->out, value);
	x->unknown = true;
	return 0;
}

/* The word of ${NAME-word} and its like is read in any case, and kept if it is used. */
static int expand_word(struct expansion *x, bool used)
{
	const size_t len = x->out->len; /* what is kept if it isn't used */
	const bool unknown = x->unknown;
	int rc = x->nesting == NESTING_MAX ? -1 : 0;

	x->nesting++;
	if (!rc)
		rc = expand_until(x, '}');
	x->nesting--;
	if (!rc && !used) {
		x->out->len = len;
		if (x->out->data)
			x->out->data[len] = '\0';
		x->unknown = unknown;
	}
	return rc;
}

/* Behind "${". */
static int expand_braces(struct expansion *x)
{
	size_t len = name_length(x);
	const char *value = find(x->args, x->at, len);
	bool set = value != NULL;
	char how;

	x->at += len;
	if (!len || x->at == x->end)
		return -1;
	if (*x->at == ':' && x->at + 1 < x->end) {
		x->at++;
		set = set && *value;
	}
	how = *x->at++;
	switch (how) {
	case '}':
		return put(x, value);
	case '-':
		if (set && put(x, value) < 0)
			return -1;
		return expand_word(x, !set);
	case '+':
		return expand_word(x, set);
	case '?':
		if (put(x, set ? value : NULL) < 0)
			return -1;
		return expand_word(x, false);
	default: /* patterns: rare enough to leave the image to the build */
		return -1;
	}
}

static int expand_dollar(struct expansion *x)
{
	const char *value;
	size_t len;

	x->at++;
	if (x->at < x->end && *x->at == '{') {
		x->at++;
		return expand_braces(x);
	}
	len = name_length(x);
	if (!len)
		return buf_adds(x->out, "$");
	value = find(x->args, x->at, len);
	x->at += len;
	return put(x, value);
}

static int expand_single_quotes(struct expansion *x)
{
	const char *start = x->at + 1;
	const char *close = memchr(start, '\'', (size_t)(x->end - start));

	if (!close)
		return -1;
	x->at = close + 1;
	return buf_add(x->out, start, (size_t)(close - start));
}

static int expand_double_quotes(struct expansion *x)
{
	for (x->at++; x->at < x->end && *x->at != '"';) {
		int rc;

		if (*x->at == '$') {
			rc = expand_dollar(x);
		} else {
			if (*x->at == x->args->escape && x->at + 1 < x->end &&
				(x->at[1] == '"' || x->at[1] == '$' ||
					x->at[1] == x->args->escape))
				x->at++;
			rc = buf_add(x->out, x->at++, 1);
		}
		if (rc)
			return -1;
	}
	if (x->at == x->end)
		return -1;
	x->at++;
	return 0;
}

/* Goes behind the stop character; '\0' means up to the end. */
static int expand_until(struct expansion *x, char stop)
{
	int rc = 0;

	while (x->at < x->end && !rc) {
		if (stop && *x->at == stop) {
			x->at++;
			return 0;
		}
		if (*x->at == '$') {
			rc = expand_dollar(x);
		} else if (*x->at == '\'') {
			rc = expand_single_quotes(x);
		} else if (*x->at == '"') {
			rc = expand_double_quotes(x);
		} else {
			if (*x->at == x->args->escape && x->at + 1 < x->end)
				x->at++;
			rc = buf_add(x->out, x->at++, 1);
		}
	}
	return rc || stop ? -1 : 0;
}

int dockerfile_args_expand(
	const struct dockerfile_args *a, const struct dockerfile_word *w, struct buf *b)
{
	struct expansion x = {
		.args = a, .at = w->text, .end = w->text + w->len, .out = b};

	return expand_until(&x, '\0') < 0 || x.unknown ? -1 : 0;
}

/* ---- ARG ---- */

/* A copy of the default with its variables put in; NULL if it isn't known. */
static char *default_value(
	const struct dockerfile_args *a, const struct dockerfile_word *w)
{
	struct buf b;
	char *value = NULL;

	buf_init(&b, VALUE_MAX);
	if (!dockerfile_args_expand(a, w, &b))
		value = strdup(buf_text(&b));
	buf_finish(&b);
	return value;
}

int dockerfile_args_add(
	struct dockerfile_args *a, const struct dockerfile_word *w, struct err *err)
{
	const char *equals = memchr(w->text, '=', w->len);
	size_t len = equals ? (size_t)(equals - w->text) : w->len;
	const char *given = find_given(a, w->text, len);
	char *value = NULL;

	if (a->len == DOCKERFILE_ARGS_MAX)
		return err_set(err, ERR_USAGE, "the Dockerfile has more than %d ARGs",
			DOCKERFILE_ARGS_MAX);
	if (given) {
		value = strdup(given);
	} else if (equals) {
		struct dockerfile_word rest = {equals + 1, w->len - len - 1};

		value = default_value(a, &rest);
	}
	a->list[a->len].name = strndup(w->text, len);
	a->list[a->len].value = value;
	if (!a->list[a->len].name) {
		free(value);
		return err_set(err, ERR_FAILED, "out of memory");
	}
	a->len++;
	return 0;
}
