#ifndef BARDO_BARDOD_CHILDREN_H
#define BARDO_BARDOD_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Every process that bardod started and has not reaped yet, found by its pid. */

#define CHILDREN_BUCKETS 256

/* Owned by whoever started it, and alive until `ended` was called. */
struct child {
	pid_t pid;
	/* status is waitpid's; the child is forgotten already, and may be freed. */
	void (*ended)(void *data, int status);
	void *data;
	struct child *next;
};

struct children {
	struct child *buckets[CHILDREN_BUCKETS];
	size_t len;
};

void children_add(struct children *c, struct child *child);

/* Takes leave of all that have ended, in no order. */
void children_reap(struct children *c);

/* Ended by a signal, or with 128 and above, which says that of a child of its own. A
 * hang-up is no accident: commands that must finish don't listen to it. */
bool child_is_abnormal(int status);

/* "with status 3" or "by signal 9 (Killed)", for the log. */
#define CHILD_TEXT_MAX 64
const char *child_describe(int status, char out[CHILD_TEXT_MAX]);

#endif
