#include "builder/recipe/json_line.h"

#include "builder/recipe/json.h"
#include "builder/recipe/text.h"

#include <stdio.h>
#include <string.h>

/* cJSON forgets where it read a value: this goes over the text once more, with the path
 * of where it is. */
struct walk {
	const char *at, *end;
	const char *wanted, *found;
	char path[JSON_PATH_SIZE];
	size_t len; /* of path */
};

/* As deep as cJSON parses. */
#define DEPTH_MAX 1000

static void skip_blanks(struct walk *w)
{
	while (w->at < w->end && (unsigned char)*w->at <= ' ')
		w->at++;
}

/* Moves behind the closing quote; text is what stands between. */
static void skip_string(struct walk *w, const char **text, size_t *len)
{
	*text = ++w->at;
	while (w->at < w->end && *w->at != '"')
		w->at += *w->at == '\\' && w->at + 1 < w->end ? 2 : 1;
	*len = (size_t)(w->at - *text);
	if (w->at < w->end)
		w->at++;
}

/* Adds a step to the path; what is too long can't be what is looked for. */
static void step(struct walk *w, const char *name, size_t len, int at)
{
	size_t room = sizeof(w->path) - w->len;
	int n;

	if (name)
		n = snprintf(w->path + w->len, room, "%s%.*s", w->len ? "." : "",
			len > 80 ? 80 : (int)len, name);
	else
		n = snprintf(w->path + w->len, room, "[%d]", at);
	w->len += n > 0 && (size_t)n < room ? (size_t)n : 0;
}

static void walk_value(struct walk *w, int depth);

static void walk_members(struct walk *w, bool object, int depth)
{
	const size_t len = w->len;
	const char close = object ? '}' : ']';

	w->at++;
	for (int i = 0; w->at < w->end; i++) {
		const char *name = NULL;
		size_t name_len = 0;

		skip_blanks(w);
		if (w->at >= w->end || *w->at == close)
			break;
		if (object && *w->at == '"') {
			skip_string(w, &name, &name_len);
			while (w->at < w->end && *w->at != ':')
				w->at++;
			w->at++;
		}
		step(w, name, name_len, i);
		walk_value(w, depth + 1);
		w->len = len;
		w->path[len] = '\0';
		skip_blanks(w);
		if (w->at < w->end && *w->at == ',')
			w->at++;
	}
	if (w->at < w->end)
		w->at++;
}

static void walk_value(struct walk *w, int depth)
{
	const char *text;
	size_t len;

	skip_blanks(w);
	if (w->at >= w->end || depth > DEPTH_MAX) {
		w->at = w->end;
		return;
	}
	if (!strcmp(w->path, w->wanted))
		w->found = w->at;
	if (*w->at == '{' || *w->at == '[')
		walk_members(w, *w->at == '{', depth);
	else if (*w->at == '"')
		skip_string(w, &text, &len);
	else
		while (w->at < w->end && !strchr(",]}", *w->at))
			w->at++;
}

size_t json_line(const struct json_file *f, const char *path)
{
	struct walk w = {.at = f->text, .end = f->text + f->len, .wanted = path};

	walk_value(&w, 0);
	return w.found ? text_line(f->text, w.found) : 0;
}
