#ifndef BARDO_BUILDER_IGNORE_PATTERN_H
#define BARDO_BUILDER_IGNORE_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One pattern of a .dockerignore. docker translates it to a regular expression; here it
 * becomes a list of steps, and matching keeps the set of steps that are possible after
 * each character, so that no pattern can blow up.
 */

#define IGNORE_PATTERN_MAX 4095

struct ignore_step;

struct ignore_range {
	uint32_t first, last;
};

struct ignore_pattern {
	struct ignore_step *steps;
	size_t steps_len;
	struct ignore_range *ranges; /* of all classes, which point into it */
	size_t ranges_len;
};

/* text: cleaned, without its "!", at most IGNORE_PATTERN_MAX bytes. -1 with why, which
 * lives for ever and follows "the pattern ". Finish it also after failure. */
int ignore_pattern_init(struct ignore_pattern *p, const char *text, const char **why);
void ignore_pattern_finish(struct ignore_pattern *p);

bool ignore_pattern_matches(const struct ignore_pattern *p, const char *path);

/* Whether some path below this folder could match. */
bool ignore_pattern_may_match_below(const struct ignore_pattern *p, const char *path);

#endif
