#include "receiver/dispatch/command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SUGGEST_DISTANCE_MAX 3
#define VERB_LEN_MAX 64

/* How many letters must be put in, left out or changed (Levenshtein's distance). */
static size_t distance(const char *a, const char *b)
{
	size_t row[VERB_LEN_MAX + 1];
	size_t len = strlen(b);

	if (len > VERB_LEN_MAX || strlen(a) > VERB_LEN_MAX)
		return VERB_LEN_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (; *a; a++) {
		size_t diagonal = row[0]++;

		for (size_t j = 1; j <= len; j++) {
			size_t change =
				diagonal + (tolower((unsigned char)*a) != b[j - 1]);
			size_t in = row[j] + 1, out = row[j - 1] + 1;

			diagonal = row[j];
			row[j] = in < out ? in : out;
			row[j] = change < row[j] ? change : row[j];
		}
	}
	return row[len];
}

/* Of a short word hardly anything would be left: sh is no run. */
static const char *nearest_verb(const char *verb)
{
	const char *best = NULL;
	size_t half = (strlen(verb) + 1) / 2;
	size_t nearest = half <= SUGGEST_DISTANCE_MAX ? half : SUGGEST_DISTANCE_MAX + 1;

	for (const struct command *c = command_table; c->verb; c++) {
		size_t d = c->purpose ? distance(verb, c->verb) : nearest;

		if (d < nearest) {
			nearest = d;
			best = c->verb;
		}
	}
	return best;
}

/* "config set" is meant as config:set. */
static const char *joined_verb(const char *verb, const char *next)
{
	char both[2 * VERB_LEN_MAX + 2];
	const struct command *c;

	if (!next || strlen(verb) > VERB_LEN_MAX || strlen(next) > VERB_LEN_MAX)
		return NULL;
	(void)snprintf(both, sizeof(both), "%s:%s", verb, next);
	c = command_find(both);
	return c && c->purpose ? c->verb : NULL;
}

const char *command_suggest(const char *verb, const char *next)
{
	const char *joined = joined_verb(verb, next);

	return joined ? joined : nearest_verb(verb);
}
