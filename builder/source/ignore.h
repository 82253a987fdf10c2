#ifndef BARDO_BUILDER_IGNORE_H
#define BARDO_BUILDER_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * `.dockerignore` by the rules of moby/patternmatcher and its ignorefile: comments, blank
 * lines, path.Clean, `*` `?` `[a-z]` within a path segment, `**` over any number, `!`
 * exceptions, the last line that matches decides, and a folder's match holds for all
 * below it: as docker's clients walk (MatchesUsingParentResults), where an exception for
 * a folder that isn't left out means nothing for what is below. Matching takes time in
 * proportion to pattern × path, whatever they hold.
 */
struct ignore;

#define IGNORE_FILE_MAX (256 * 1024)
#define IGNORE_PATTERNS_MAX 10000

/* text may be anything; ERR_USAGE names the line of a malformed pattern: those that
 * docker refuses, and few that it takes but reads in a way that nobody can mean (`*` or
 * `?` inside brackets, `\x` `\p` `\Q` and numbers after a backslash). */
int ignore_create(struct ignore **out, const char *text, size_t len, struct err *err);
void ignore_destroy(struct ignore *ig);

/* Whether path is left out, which is relative to the context, without a leading "/" or
 * "./". It is asked on the way down: parent is what this call gave for the folder that
 * holds path (NULL at the top), own what to hand down if path is a folder itself (NULL
 * for a file). Both have ignore_patterns(ig) elements. */
bool ignore_matches(
	const struct ignore *ig, const char *path, const bool *parent, bool *own);
size_t ignore_patterns(const struct ignore *ig);

/* Whether something below this left-out folder may still be wanted by an exception, so
 * that it must be walked. */
bool ignore_may_except_below(const struct ignore *ig, const char *path);

#endif
