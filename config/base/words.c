#include "config/base/words.h"

#include "config/base/err.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Where the splitter reads and writes; the text only ever becomes shorter. */
struct cursor {
	const char *in;
	char *out;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* A newline behind a backslash is nothing at all, also between words. */
static void skip_blanks(struct cursor *c)
{
	for (;;) {
		if (is_blank(*c->in))
			c->in++;
		else if (c->in[0] == '\\' && c->in[1] == '\n')
			c->in += 2;
		else
			return;
	}
}

static int single_quoted(struct cursor *c)
{
	for (c->in++; *c->in && *c->in != '\''; c->in++)
		*c->out++ = *c->in;
	if (!*c->in)
		return -1;
	c->in++;
	return 0;
}

static int double_quoted(struct cursor *c)
{
	for (c->in++; *c->in && *c->in != '"'; c->in++) {
		if (*c->in == '\\' && c->in[1] == '\n') {
			c->in++;
			continue;
		}
		if (*c->in == '\\' && c->in[1] && strchr("$`\"\\", c->in[1]))
			c->in++;
		*c->out++ = *c->in;
	}
	if (!*c->in)
		return -1;
	c->in++;
	return 0;
}

static int one_word(struct cursor *c)
{
	while (*c->in && !is_blank(*c->in)) {
		if (*c->in == '\'') {
			if (single_quoted(c) < 0)
				return -1;
		} else if (*c->in == '"') {
			if (double_quoted(c) < 0)
				return -1;
		} else if (*c->in == '\\') {
			if (!c->in[1])
				return -1;
			c->in++;
			if (*c->in != '\n')
				*c->out++ = *c->in;
			c->in++;
		} else {
			*c->out++ = *c->in++;
		}
	}
	return 0;
}

int words_split(struct words *out, const char *line, struct err *err)
{
	struct words w = {0};
	struct cursor c;

	w.argv = calloc(WORDS_MAX + 1, sizeof(*w.argv));
	/* A word needs a blank after it in the line, so its NUL always has room. */
	w.text = malloc(strlen(line) + 2);
	if (!w.argv || !w.text) {
		words_finish(&w);
		return err_set(err, ERR_FAILED, "out of memory");
	}
	c = (struct cursor){line, w.text};
	for (;;) {
		skip_blanks(&c);
		if (!*c.in)
			break;
		if (w.argc == WORDS_MAX) {
			words_finish(&w);
			return err_set(err, ERR_USAGE, "more than %d words", WORDS_MAX);
		}
		w.argv[w.argc++] = c.out;
		if (one_word(&c) < 0) {
			words_finish(&w);
			return err_set(err, ERR_USAGE,
				"the command ends inside a quotation: close it");
		}
		*c.out++ = '\0';
	}
	*out = w;
	return 0;
}

void words_finish(struct words *w)
{
	free(w->argv);
	free(w->text);
	*w = (struct words){0};
}
