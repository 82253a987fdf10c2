#ifndef BARDO_BARDOD_JOBS_H
#define BARDO_BARDOD_JOBS_H

#include "receiver/bardod/children.h"
#include "receiver/bardod/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server;

/*
 * What bardo does for itself: commands that no person waits for. `reconcile` is special:
 * it makes the machine match the database, so that one of it at a time is enough, one
 * more is remembered while it runs, and it is tried again until it succeeds.
 */

/* Jobs at once; what can't be started then is made up for by a reconcile. */
#define JOBS_MAX 256

/* Between two reconciles: the first after a success, doubled after each failure. */
#define RECONCILE_GAP_MIN_MS 1000
#define RECONCILE_GAP_MAX_MS 60000

struct jobs {
	struct server *server;
	size_t len;
	struct child reconcile; /* pid 0 while none runs */
	bool wanted;		/* another one, once this has ended */
	int64_t gap_ms;
	struct timer gap; /* set after a reconcile, in which no other begins */
};

void jobs_init(struct jobs *j, struct server *server);

/* Starts command as the server; "reconcile" is jobs_reconcile. */
void jobs_start(struct jobs *j, const char *command);

/* Runs a reconcile now or as soon as may be. */
void jobs_reconcile(struct jobs *j);

#endif
