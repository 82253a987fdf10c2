#include "builder/source/ignore.h"

#include "builder/source/ignore_pattern.h"
#include "builder/source/path.h"
#include "config/base/array.h"
#include "config/base/err.h"

#include <stdlib.h>
#include <string.h>

struct rule {
	struct ignore_pattern pattern;
	bool exception;
};

struct ignore {
	struct rule *rules;
	size_t len, cap;
};

/* Unicode's white space beyond ASCII, which docker trims too. */
static const char *const wide_spaces[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80",
	"\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
	"\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
	"\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
	"\xe3\x80\x80"};

/* The length of the white space that text starts, or ends, with. */
static size_t space_at(const char *text, size_t len, bool at_end)
{
	if (len && strchr(" \t\n\v\f\r", at_end ? text[len - 1] : text[0]))
		return 1;
	for (size_t i = 0; i < sizeof(wide_spaces) / sizeof(wide_spaces[0]); i++) {
		size_t n = strlen(wide_spaces[i]);

		if (len >= n && !memcmp(text + (at_end ? len - n : 0), wide_spaces[i], n))
			return n;
	}
	return 0;
}

/* Cuts the end off in place, and gives the start. */
static char *trim(char *text)
{
	size_t len, n;

	while ((n = space_at(text, strlen(text), false)))
		text += n;
	len = strlen(text);
	while ((n = space_at(text, len, true)))
		len -= n;
	text[len] = '\0';
	return text;
}

/* The pattern that a line means, with a "!" before it if it is an exception; "" if it
 * means none. docker cleans twice, once before and once after it takes a leading "/"
 * away, and so does this. */
static char *normalise(char *line)
{
	bool exception;
	char *p;

	if (line[0] == '#')
		return line + strlen(line);
	line = trim(line);
	exception = line[0] == '!';
	p = exception ? trim(line + 1) : line;
	if (*p) {
		source_path_clean(p);
		if (p[0] == '/' && p[1])
			p++;
	}
	if (exception)
		*--p = '!';
	p = trim(p);
	if (*p)
		source_path_clean(p);
	return p;
}

static struct rule *new_rule(struct ignore *ig)
{
	if (array_reserve(&ig->rules, ig->len, &ig->cap, sizeof(*ig->rules)))
		return NULL;
	ig->rules[ig->len] = (struct rule){0};
	return &ig->rules[ig->len++];
}

static int add_pattern(struct ignore *ig, const char *text, size_t line, struct err *err)
{
	const bool exception = text[0] == '!';
	struct rule *rule;
	const char *why;

	if (exception && !text[1])
		return err_set(err, ERR_USAGE, "line %zu: a ! needs a pattern", line);
	if (ig->len == IGNORE_PATTERNS_MAX)
		return err_set(err, ERR_USAGE, "line %zu: more than %d patterns", line,
			IGNORE_PATTERNS_MAX);
	rule = new_rule(ig);
	if (!rule)
		return err_set(err, ERR_FAILED, "out of memory");
	rule->exception = exception;
	if (ignore_pattern_init(&rule->pattern, text + (exception ? 1 : 0), &why) < 0)
		return err_set(err, ERR_USAGE, "line %zu: the pattern %.200s %s", line,
			text, why);
	return 0;
}

static int add_line(
	struct ignore *ig, const char *text, size_t len, size_t line, struct err *err)
{
	char copy[IGNORE_PATTERN_MAX + 2];
	char *pattern;

	if (memchr(text, '\0', len))
		return err_set(err, ERR_USAGE,
			"line %zu: a zero byte; save the file as UTF-8", line);
	if (len > IGNORE_PATTERN_MAX && text[0] != '#')
		return err_set(err, ERR_USAGE, "line %zu: more than %d bytes", line,
			IGNORE_PATTERN_MAX);
	if (text[0] == '#')
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	pattern = normalise(copy);
	return *pattern ? add_pattern(ig, pattern, line, err) : 0;
}

int ignore_create(struct ignore **out, const char *text, size_t len, struct err *err)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct ignore *ig;
	size_t line = 0;
	int rc = 0;

	if (len > IGNORE_FILE_MAX)
		return err_set(
			err, ERR_USAGE, "more than %d KiB", IGNORE_FILE_MAX / 1024);
	ig = calloc(1, sizeof(*ig));
	if (!ig)
		return err_set(err, ERR_FAILED, "out of memory");
	if (len >= 3 && !memcmp(text, byte_order_mark, 3)) {
		text += 3;
		len -= 3;
	}
	while (len && !rc) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		rc = add_line(ig, text, n, ++line, err);
		n += end ? 1 : 0;
		text += n;
		len -= n;
	}
	if (rc) {
		ignore_destroy(ig);
		return rc;
	}
	*out = ig;
	return 0;
}

void ignore_destroy(struct ignore *ig)
{
	if (!ig)
		return;
	for (size_t i = 0; i < ig->len; i++)
		ignore_pattern_finish(&ig->rules[i].pattern);
	free(ig->rules);
	free(ig);
}

size_t ignore_patterns(const struct ignore *ig)
{
	return ig->len;
}

bool ignore_matches(
	const struct ignore *ig, const char *path, const bool *parent, bool *own)
{
	bool left_out = false;

	for (size_t i = 0; i < ig->len; i++) {
		const struct rule *rule = &ig->rules[i];
		bool hit = parent && parent[i];

		/* One that would change nothing isn't tried, and so never counts as a
		 * match for what is below. */
		if (!hit && rule->exception == left_out)
			hit = ignore_pattern_matches(&rule->pattern, path);
		if (hit)
			left_out = !rule->exception;
		if (own)
			own[i] = hit;
	}
	return left_out;
}

bool ignore_may_except_below(const struct ignore *ig, const char *path)
{
	for (size_t i = 0; i < ig->len; i++) {
		if (ig->rules[i].exception &&
			ignore_pattern_may_match_below(&ig->rules[i].pattern, path))
			return true;
	}
	return false;
}
