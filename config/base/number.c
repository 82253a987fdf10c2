#include "config/base/number.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

static int split(
	const char *text, int64_t min, int64_t max, int64_t *out, const char **rest)
{
	char *end;
	long long v;

	/* strtoll would take blanks and a plus sign. */
	if (!(text[0] >= '0' && text[0] <= '9') && !(text[0] == '-' && text[1]))
		return -1;
	errno = 0;
	v = strtoll(text, &end, 10);
	if (errno || end == text || v < min || v > max)
		return -1;
	*out = v;
	*rest = end;
	return 0;
}

int number_parse(const char *text, int64_t min, int64_t max, int64_t *out)
{
	const char *rest;
	int64_t v;

	if (split(text, min, max, &v, &rest) < 0 || *rest)
		return -1;
	*out = v;
	return 0;
}

static int parse_unit(const char *text, const struct unit *units, int64_t *out)
{
	const char *rest;
	int64_t v;

	if (split(text, 0, INT64_MAX, &v, &rest) < 0)
		return -1;
	for (; units->name; units++) {
		if (strcasecmp(rest, units->name))
			continue;
		if (v > INT64_MAX / units->factor)
			return -1;
		*out = v * units->factor;
		return 0;
	}
	return -1;
}

int number_parse_size(const char *text, int64_t *bytes)
{
	static const struct unit units[] = {
		{"", 1},
		{"b", 1},
		{"k", 1 << 10},
		{"m", 1 << 20},
		{"g", 1 << 30},
		{NULL, 0},
	};

	return parse_unit(text, units, bytes);
}

int number_parse_duration(const char *text, int64_t *ms)
{
	static const struct unit units[] = {
		{"", 1000},
		{"ms", 1},
		{"s", 1000},
		{"m", 60 * 1000},
		{"h", 60 * 60 * 1000},
		{NULL, 0},
	};

	return parse_unit(text, units, ms);
}
