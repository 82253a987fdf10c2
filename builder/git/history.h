#ifndef BARDO_BUILDER_HISTORY_H
#define BARDO_BUILDER_HISTORY_H

#include <stdbool.h>

struct err;

/* The commits that `to` has and `from` has not, the newest first, at most `max` of them.
 * commit is 40 hex, summary the first line of its message; both are borrowed for the
 * call, and each's nonzero return ends it and is returned. *more tells that there are
 * others: beyond max, or cut off by a shallow clone. */
int history_each(const char *repository, const char *from, const char *to, int max,
	bool *more, int (*each)(void *ctx, const char *commit, const char *summary),
	void *ctx, struct err *err);

#endif
