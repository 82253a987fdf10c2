#include "builder/source/dockerfile_lines.h"

#include "builder/source/dockerfile.h"
#include "config/base/err.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_LEN 256 /* of a directive's value, a here-document's end */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

/* ---- physical lines ---- */

/* Takes one off the text, without its end. */
static bool take_line(struct dockerfile_lines *l, struct dockerfile_word *out)
{
	const char *nl;

	if (l->at == l->end)
		return false;
	nl = memchr(l->at, '\n', (size_t)(l->end - l->at));
	out->text = l->at;
	out->len = (size_t)((nl ? nl : l->end) - l->at);
	l->at = nl ? nl + 1 : l->end;
	if (out->len && out->text[out->len - 1] == '\r')
		out->len--;
	return true;
}

static void trim_left(struct dockerfile_word *w)
{
	while (w->len && is_blank(*w->text)) {
		w->text++;
		w->len--;
	}
}

/* Takes the escape character off the end if the line goes on below; two of them are one
 * that doesn't. */
static bool is_continued(struct dockerfile_word *w, char escape)
{
	size_t len = w->len;

	while (len && (w->text[len - 1] == ' ' || w->text[len - 1] == '\t'))
		len--;
	if (!len || w->text[len - 1] != escape || (len > 1 && w->text[len - 2] == escape))
		return false;
	w->len = len - 1;
	return true;
}

/* ---- directives ---- */

/* "# name = value"; false for every other line. */
static bool parse_directive(
	struct dockerfile_word line, char name[NAME_MAX_LEN], char value[NAME_MAX_LEN])
{
	char text[NAME_MAX_LEN * 2];
	int end = 0;

	if (!line.len || *line.text != '#' || line.len >= sizeof(text))
		return false;
	memcpy(text, line.text, line.len);
	text[line.len] = '\0';
	if (sscanf(text, "# %255[A-Za-z0-9] = %255[^\n]%n", name, value, &end) != 2 ||
		text[end])
		return false;
	while (*value && is_blank(value[strlen(value) - 1]))
		value[strlen(value) - 1] = '\0';
	return isalpha((unsigned char)name[0]) && *value;
}

/* They only count at the very start: the first line that is none ends them. */
static int read_directives(struct dockerfile_lines *l)
{
	char name[NAME_MAX_LEN], value[NAME_MAX_LEN];
	struct dockerfile_word line;
	int rc = 0;

	for (;;) {
		const char *start = l->at;

		if (!take_line(l, &line) || !parse_directive(line, name, value)) {
			l->at = start;
			return rc;
		}
		if (!strcasecmp(name, "syntax") && !l->syntax.len)
			rc = buf_add(&l->syntax, value, strcspn(value, " "));
		else if (!strcasecmp(name, "escape") && !strcmp(value, "`"))
			l->escape = '`';
		else if (strcasecmp(name, "escape") && strcasecmp(name, "check"))
			return rc;
		if (rc)
			return rc;
	}
}

int dockerfile_lines_init(
	struct dockerfile_lines *l, const char *text, size_t len, struct err *err)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";

	*l = (struct dockerfile_lines){.at = text, .end = text + len, .escape = '\\'};
	buf_init(&l->syntax, NAME_MAX_LEN);
	buf_init(&l->line, DOCKERFILE_MAX);
	if (len >= 3 && !memcmp(text, byte_order_mark, 3))
		l->at += 3;
	if (read_directives(l) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	return 0;
}

void dockerfile_lines_finish(struct dockerfile_lines *l)
{
	buf_finish(&l->syntax);
	buf_finish(&l->line);
}

/* ---- words ---- */

/* Goes behind a quotation. */
static const char *skip_quoted(const char *p, char escape)
{
	const char quote = *p++;

	while (*p && *p != quote) {
		if (*p == escape && quote == '"' && p[1])
			p++;
		p++;
	}
	return *p ? p + 1 : NULL;
}

/* The end of the word at p, NULL with an open quote. */
static const char *skip_word(const char *p, char escape, bool heredocs)
{
	while (p && *p && !is_blank(*p)) {
		if (*p == '\'' || *p == '"') {
			p = skip_quoted(p, escape);
		} else if (*p == escape && p[1]) {
			p += 2;
		} else if (heredocs && p[0] == '<' && p[1] == '<') {
			for (p += 2; is_blank(*p);)
				p++;
		} else {
			p++;
		}
	}
	return p;
}

static bool take_word(
	const char **line, char escape, bool heredocs, struct dockerfile_word *w)
{
	const char *end;

	while (is_blank(**line))
		(*line)++;
	end = skip_word(*line, escape, heredocs);
	if (!end || end == *line)
		return false;
	*w = (struct dockerfile_word){*line, (size_t)(end - *line)};
	*line = end;
	return true;
}

bool dockerfile_take_word(const char **line, char escape, struct dockerfile_word *w)
{
	return take_word(line, escape, false, w);
}

bool dockerfile_unquote(
	const struct dockerfile_word *w, char escape, char *out, size_t size)
{
	char quote = '\0';
	size_t n = 0;

	for (size_t i = 0; i < w->len; i++) {
		char c = w->text[i];

		if (c == quote) {
			quote = '\0';
			continue;
		}
		if (!quote && (c == '\'' || c == '"')) {
			quote = c;
			continue;
		}
		if (c == escape && quote != '\'' && i + 1 < w->len)
			c = w->text[++i];
		if (n + 1 >= size)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

/* ---- here-documents ---- */

struct heredoc {
	char end[NAME_MAX_LEN];
	bool tabs; /* <<-: tabs may stand before the end */
};

/* [digits]<<[-]WORD */
static bool parse_heredoc(struct dockerfile_word w, struct heredoc *h)
{
	size_t i = 0;

	while (i < w.len && isdigit((unsigned char)w.text[i]))
		i++;
	if (w.len - i < 3 || strncmp(w.text + i, "<<", 2) != 0)
		return false;
	i += 2;
	h->tabs = w.text[i] == '-';
	if (h->tabs)
		i++;
	w.text += i;
	w.len -= i;
	trim_left(&w);
	return w.len && !memchr(w.text, '<', w.len) &&
		dockerfile_unquote(&w, '\\', h->end, sizeof(h->end));
}

/* Goes behind its body. One without an end is none: what follows are instructions to an
 * older builder, and an error to a newer one. */
static void skip_heredoc(struct dockerfile_lines *l, const struct heredoc *h)
{
	const char *start = l->at;
	struct dockerfile_word line;

	while (take_line(l, &line)) {
		while (h->tabs && line.len && *line.text == '\t') {
			line.text++;
			line.len--;
		}
		if (line.len == strlen(h->end) && !memcmp(line.text, h->end, line.len))
			return;
	}
	l->at = start;
}

static bool is_word(const struct dockerfile_word *w, const char *name)
{
	return w->len == strlen(name) && !strncasecmp(w->text, name, w->len);
}

/* Only these instructions have them, and not when they are written as JSON. */
static bool may_have_heredocs(const char *line)
{
	struct dockerfile_word w;

	if (!strstr(line, "<<") || !take_word(&line, '\\', false, &w))
		return false;
	if (is_word(&w, "ONBUILD") && !take_word(&line, '\\', false, &w))
		return false;
	if (!is_word(&w, "RUN") && !is_word(&w, "COPY") && !is_word(&w, "ADD"))
		return false;
	line += strspn(line, " \t");
	return line[0] != '[' || !strchr("\"]", line[1 + strspn(line + 1, " \t")]);
}

static void skip_heredocs(struct dockerfile_lines *l, const char *line)
{
	struct dockerfile_word w;
	struct heredoc h;

	if (!may_have_heredocs(line))
		return;
	while (take_word(&line, '\\', true, &w)) {
		if (parse_heredoc(w, &h))
			skip_heredoc(l, &h);
	}
}

/* ---- instructions ---- */

/* Adds the lines that an instruction goes on in; comments and empty ones between them
 * are left out. */
static int add_continued(struct dockerfile_lines *l, struct dockerfile_word w)
{
	bool more = is_continued(&w, l->escape);
	struct dockerfile_word start;

	if (buf_add(&l->line, w.text, w.len) < 0)
		return -1;
	while (more && take_line(l, &w)) {
		start = w;
		trim_left(&start);
		if (!start.len || *start.text == '#')
			continue;
		more = is_continued(&w, l->escape);
		if (buf_add(&l->line, w.text, w.len) < 0)
			return -1;
	}
	return 0;
}

int dockerfile_lines_next(struct dockerfile_lines *l, const char **line, struct err *err)
{
	struct dockerfile_word w;

	while (take_line(l, &w)) {
		trim_left(&w);
		if (!w.len || *w.text == '#')
			continue;
		buf_reset(&l->line);
		if (add_continued(l, w) < 0)
			return err_set(err, ERR_FAILED, "out of memory");
		*line = buf_text(&l->line);
		skip_heredocs(l, *line);
		return 1;
	}
	return 0;
}
