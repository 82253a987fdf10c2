#ifndef BARDO_BARDOD_JOBS_H
#define BARDO_BARDOD_JOBS_H

#include "receiver/bardod/children.h"
#include "receiver/bardod/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct job;
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

/* From a job that failed to the reconcile that asks for it again: doubled while jobs go
 * on failing, the first again when none did for so long. */
#define JOB_RETRY_MIN_MS 10000
#define JOB_RETRY_MAX_MS (5 * 60 * 1000)
#define JOB_STEADY_MS (2 * JOB_RETRY_MAX_MS)

struct jobs {
	struct server *server;
	struct job *first; /* those that run, the newest first */
	size_t len;
	struct child reconcile; /* pid 0 while none runs */
	bool wanted;		/* another one, once this has ended */
	int64_t gap_ms;
	struct timer gap; /* set after a reconcile, in which no other begins */
	int64_t retry_ms;
	int64_t failed_at; /* the last job that did; monotonic */
	struct timer retry;
};

void jobs_init(struct jobs *j, struct server *server);

/* For bardod's end: jobs that still run go on by themselves. */
void jobs_finish(struct jobs *j);

/* Starts command as the server; "reconcile" is jobs_reconcile. */
void jobs_start(struct jobs *j, const char *command);

/* Runs a reconcile now or as soon as may be. */
void jobs_reconcile(struct jobs *j);

#endif
