#include "builder/source/ignore_pattern.h"
#include "builder/source/ignore_steps.h"

#include <stdlib.h>
#include <string.h>

/* Sets that have names, as pairs of first and last character, in order. */
static const struct named_set {
	const char *name;
	const char *pairs;
} named_sets[] = {
	{"d", "09"},
	{"s", "\t\n\f\r  "},
	{"w", "09AZ__az"},
	{"[:alnum:]", "09AZaz"},
	{"[:alpha:]", "AZaz"},
	{"[:ascii:]", "\001\177"},
	{"[:blank:]", "\t\t  "},
	{"[:cntrl:]", "\001\037\177\177"},
	{"[:digit:]", "09"},
	{"[:graph:]", "!~"},
	{"[:lower:]", "az"},
	{"[:print:]", " ~"},
	{"[:punct:]", "!/:@[`{~"},
	{"[:space:]", "\t\r  "},
	{"[:upper:]", "AZ"},
	{"[:word:]", "09AZ__az"},
	{"[:xdigit:]", "09AFaf"},
};

static const struct named_set *find_set(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(named_sets) / sizeof(named_sets[0]); i++) {
		if (strlen(named_sets[i].name) == len &&
			!memcmp(named_sets[i].name, name, len))
			return &named_sets[i];
	}
	return NULL;
}

static const struct named_set *find_escaped_set(char c)
{
	const char lower = (char)(c | 0x20);

	return strchr("dswDSW", c) ? find_set(&lower, 1) : NULL;
}

static struct ignore_step *add_step(
	struct ignore_pattern *p, enum step_kind kind, uint32_t value)
{
	struct ignore_step *s = &p->steps[p->steps_len++];

	*s = (struct ignore_step){.kind = (uint8_t)kind, .value = value};
	return s;
}

static const char *add_range(struct ignore_pattern *p, uint32_t first, uint32_t last)
{
	struct ignore_range *r;

	/* Each range, or four at most, has a character or more in the pattern. */
	if (p->ranges_len % 16 == 0) {
		r = realloc(p->ranges, (p->ranges_len + 16) * sizeof(*r));
		if (!r)
			return IGNORE_OUT_OF_MEMORY;
		p->ranges = r;
	}
	p->ranges[p->ranges_len++] = (struct ignore_range){first, last};
	return NULL;
}

static const char *add_set(
	struct ignore_pattern *p, const struct named_set *set, bool others)
{
	const char *failed = NULL;
	uint32_t after = 0;

	for (const char *s = set->pairs; *s && !failed; s += 2) {
		uint32_t first = (unsigned char)s[0], last = (unsigned char)s[1];

		if (!others)
			failed = add_range(p, first, last);
		else if (first > after)
			failed = add_range(p, after, first - 1);
		after = last + 1;
	}
	return others && !failed ? add_range(p, after, IGNORE_CHAR_LAST) : failed;
}

/* What a letter or digit after a backslash stands for: as in a regular expression, since
 * docker makes one of it. */
static const char *escaped_char(uint32_t c, uint32_t *out)
{
	static const char names[] = "afnrtv", chars[] = "\a\f\n\r\t\v";
	const char *at = c < 0x80 && c ? strchr(names, (int)c) : NULL;

	*out = at ? (uint32_t)chars[at - names] : c;
	if (!at && c != '_' && ignore_is_word(c))
		return "has a backslash before a letter or digit: separate folders "
		       "with /, and write the character alone";
	return c >= 0x80 ? "has a backslash before a character that needs none" : NULL;
}

/* One end of a range inside brackets. */
static const char *class_char(const char **text, uint32_t *out)
{
	const bool escaped = **text == '\\';

	if (escaped)
		(*text)++;
	if (!**text)
		return "has a [ without its ]";
	if (!escaped && (**text == '-' || **text == ']'))
		return "has a ] or - in a wrong place inside brackets: write \\] or \\-";
	if (!escaped && (**text == '*' || **text == '?'))
		return "has a * or ? inside brackets, which docker misreads: write \\* "
		       "or \\?";
	*out = ignore_next_char(text);
	if (*out >= IGNORE_INVALID_BYTE)
		return "has brackets around bytes that are not UTF-8";
	return escaped ? escaped_char(*out, out) : NULL;
}

/* A set's name at text, inside brackets: 0 if there is none, else its length. */
static size_t find_class_set(const char *text, const struct named_set **set, bool *others)
{
	const char *end;

	*set = NULL;
	if (text[0] == '\\' && text[1] && strchr("dswDSW", text[1])) {
		*set = find_escaped_set(text[1]);
		*others = text[1] < 'a';
		return 2;
	}
	end = !strncmp(text, "[:", 2) ? strstr(text + 2, ":]") : NULL;
	if (!end)
		return 0;
	*set = find_set(text, (size_t)(end + 2 - text));
	*others = false;
	return (size_t)(end + 2 - text);
}

/* One member of a class: a set, a character, a range. */
static const char *class_member(struct ignore_pattern *p, const char **text)
{
	const struct named_set *set;
	const char *failed;
	uint32_t first, last;
	bool others;
	size_t len = find_class_set(*text, &set, &others);

	if (len && !set)
		return "has an unknown [: :] inside brackets";
	*text += len;
	if (set)
		return add_set(p, set, others);
	failed = class_char(text, &first);
	last = first;
	if (!failed && **text == '-') {
		(*text)++;
		failed = class_char(text, &last);
	}
	if (!failed && first > last)
		failed = "has a range inside brackets that ends before it starts";
	return failed ? failed : add_range(p, first, last);
}

/* text stands behind the "[". */
static const char *parse_class(struct ignore_pattern *p, const char **text)
{
	struct ignore_step *s = add_step(p, STEP_CLASS, (uint32_t)p->ranges_len);
	const char *failed;

	s->negated = **text == '^';
	if (s->negated)
		(*text)++;
	do {
		failed = class_member(p, text);
	} while (!failed && **text != ']');
	if (failed)
		return failed;
	(*text)++;
	s->ranges_len = (uint16_t)(p->ranges_len - s->value);
	return NULL;
}

/* text stands behind the "\". */
static const char *parse_escape(struct ignore_pattern *p, const char **text)
{
	const char c = **text;
	const struct named_set *set = c ? find_escaped_set(c) : NULL;
	const char *failed;
	uint32_t value;

	if (!c)
		return "ends with a backslash";
	if (set) {
		struct ignore_step *s = add_step(p, STEP_CLASS, (uint32_t)p->ranges_len);

		failed = add_set(p, set, c < 'a');
		s->ranges_len = (uint16_t)(p->ranges_len - s->value);
		(*text)++;
		return failed;
	}
	value = ignore_next_char(text);
	if (strchr("AbBz", c)) {
		(void)add_step(p, STEP_ASSERT, value);
		return NULL;
	}
	failed = escaped_char(value, &value);
	(void)add_step(p, STEP_CHAR, value);
	return failed;
}

/* text stands behind "**". */
static void parse_folders(struct ignore_pattern *p, const char **text)
{
	if (**text == '/')
		(*text)++;
	if (!**text) {
		(void)add_step(p, STEP_MANY_BUT, '\n');
		return;
	}
	(void)add_step(p, STEP_OPTIONAL, 0);
	(void)add_step(p, STEP_FOLDERS, '\n');
}

/* A pattern that docker makes a regular expression of. */
static const char *parse_expression(struct ignore_pattern *p, const char *text)
{
	const char *failed = NULL;

	while (*text && !failed) {
		uint32_t c = ignore_next_char(&text);

		if (c == '*' && *text == '*') {
			text++;
			parse_folders(p, &text);
		} else if (c == '*' || c == '?') {
			(void)add_step(p, c == '*' ? STEP_MANY_BUT : STEP_ONE_BUT, '/');
		} else if (c == '[') {
			failed = parse_class(p, &text);
		} else if (c == '\\') {
			failed = parse_escape(p, &text);
		} else {
			/* Of all that means something in a regular expression, docker
			 * leaves the ^ as it is. */
			(void)add_step(p, c == '^' ? STEP_ASSERT : STEP_CHAR, c);
		}
	}
	return failed;
}

static void parse_chars(struct ignore_pattern *p, const char *text, size_t len)
{
	for (const char *end = text + len; text < end;)
		(void)add_step(p, STEP_CHAR, ignore_next_char(&text));
}

/* docker compares patterns that have no more than a leading or trailing ** as plain text,
 * and these shapes mean something else than their regular expression would: "**x" also
 * matches "ax". */
enum shape { SHAPE_EXACT, SHAPE_PREFIX, SHAPE_SUFFIX, SHAPE_EXPRESSION };

static enum shape find_shape(const char *text)
{
	enum shape shape = SHAPE_EXACT;

	for (const char *p = text; *p;) {
		const char *start = p;

		if (p[0] == '*' && p[1] == '*') {
			p += p[2] == '/' ? 3 : 2;
			if (start == text)
				shape = SHAPE_SUFFIX;
			else if (!*p && shape == SHAPE_EXACT)
				shape = SHAPE_PREFIX;
			else
				shape = SHAPE_EXPRESSION;
			continue;
		}
		if (strchr("*?[]\\", *p))
			shape = SHAPE_EXPRESSION;
		p += p[0] == '\\' && p[1] ? 2 : 1;
	}
	return shape;
}

const char *ignore_parse(struct ignore_pattern *p, const char *text)
{
	size_t len = strlen(text);

	switch (find_shape(text)) {
	case SHAPE_EXACT:
		parse_chars(p, text, len);
		break;
	case SHAPE_PREFIX:
		parse_chars(p, text, len - 2);
		(void)add_step(p, STEP_MANY_BUT, IGNORE_NO_CHAR);
		break;
	case SHAPE_SUFFIX:
		if (text[2] == '/') {
			(void)add_step(p, STEP_OPTIONAL, 0);
			(void)add_step(p, STEP_FOLDERS, IGNORE_NO_CHAR);
			parse_chars(p, text + 3, len - 3);
		} else {
			(void)add_step(p, STEP_MANY_BUT, IGNORE_NO_CHAR);
			parse_chars(p, text + 2, len - 2);
		}
		break;
	case SHAPE_EXPRESSION:
		return parse_expression(p, text);
	}
	return NULL;
}
