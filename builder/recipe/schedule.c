#include "builder/recipe/schedule.h"

#include "config/base/number.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define FIELDS 5
#define TERM_SIZE 32

static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul",
	"aug", "sep", "oct", "nov", "dec", NULL};
static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
static const char *const words[] = {
	"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"};

static const struct field {
	int min, max;
	const char *const *names; /* of min, min + 1, … */
	const char *wrong;
} fields[FIELDS] = {
	{0, 59, NULL, "the minute is none: 0 to 59, *, lists, ranges and steps"},
	{0, 23, NULL, "the hour is none: 0 to 23, *, lists, ranges and steps"},
	{1, 31, NULL,
		"the day of the month is none: 1 to 31, *, lists, ranges and steps"},
	{1, 12, months, "the month is none: 1 to 12 or jan to dec, *, lists and ranges"},
	{0, 7, days, "the day of the week is none: 0 to 7 or sun to sat, *, lists"},
};

/* -1: no such value. */
static int value_of(const struct field *f, const char *text)
{
	int64_t n;

	for (int i = 0; f->names && f->names[i]; i++) {
		if (!strcasecmp(text, f->names[i]))
			return f->min + i;
	}
	return number_parse(text, f->min, f->max, &n) == 0 ? (int)n : -1;
}

/* N, N-N or *, each with /STEP behind it. */
static bool term_is_valid(const struct field *f, char *term)
{
	char *slash = strchr(term, '/'), *dash;
	int64_t step;
	int from, to;

	if (slash) {
		*slash = '\0';
		if (number_parse(slash + 1, 1, f->max, &step) < 0)
			return false;
	}
	if (!strcmp(term, "*"))
		return true;
	dash = strchr(term, '-');
	if (!dash)
		return value_of(f, term) >= 0;
	*dash = '\0';
	from = value_of(f, term);
	to = value_of(f, dash + 1);
	return from >= 0 && to >= from;
}

static bool field_is_valid(const struct field *f, const char *text, size_t len)
{
	char term[TERM_SIZE];

	for (size_t at = 0, n; at <= len; at += n + 1) {
		for (n = 0; at + n < len && text[at + n] != ',';)
			n++;
		if (!n || n >= sizeof(term))
			return false;
		memcpy(term, text + at, n);
		term[n] = '\0';
		if (!term_is_valid(f, term))
			return false;
	}
	return true;
}

const char *schedule_check(const char *text)
{
	for (size_t i = 0; *text == '@' && i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(text, words[i]))
			return NULL;
	}
	if (*text == '@')
		return "expected @yearly, @monthly, @weekly, @daily or @hourly";
	for (int i = 0; i < FIELDS; i++) {
		size_t len;

		text += strspn(text, " \t");
		len = strcspn(text, " \t");
		if (!len)
			return "expected five fields: minute, hour, day, month, weekday";
		if (!field_is_valid(&fields[i], text, len))
			return fields[i].wrong;
		text += len;
	}
	return text[strspn(text, " \t")] ? "more than five fields" : NULL;
}
