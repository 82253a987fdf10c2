#ifndef BARDO_BUILDER_IGNORE_H
#define BARDO_BUILDER_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* `.dockerignore` by the rules of moby/patternmatcher: comments, blank lines, path.Clean,
 * `*` `?` `[a-z]` within a path segment, `**` over any number, `!` exceptions, the last
 * match decides, and a folder's match holds for all below it. */
struct ignore;

#define IGNORE_FILE_MAX (1024 * 1024)
#define IGNORE_PATTERNS_MAX 10000

/* text may be anything; ERR_USAGE names the line of a malformed pattern. */
int ignore_create(struct ignore **out, const char *text, size_t len, struct err *err);
void ignore_destroy(struct ignore *ig);

/* path is relative to the context, without a leading "/" or "./". */
bool ignore_matches(const struct ignore *ig, const char *path);

/* Whether something below this left-out folder may still be wanted by an exception, so
 * that it must be walked. */
bool ignore_may_except_below(const struct ignore *ig, const char *path);

#endif
