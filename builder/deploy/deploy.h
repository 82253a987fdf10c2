#ifndef BARDO_BUILDER_DEPLOY_H
#define BARDO_BUILDER_DEPLOY_H

#include "builder/git/ref.h"
#include "config/record/lives.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct say;
struct server;

/* The way of every deploy, whoever asked for it: a push, a rebuild, a revive. */

struct deploy {
	struct server *server;
	struct app *app;
	struct say *say;
	const struct user *user;
	const char *key; /* fingerprint; "" from the host's shell */
	const char
		*client_side; /* the address that the client connected to, for the URL */
	const char *peer;     /* the client's own, for the record; "" from the host */
	const char *source;   /* push, rebuild, revive, config …: for the record */
	const char *reason;   /* why, where nobody asked for it; NULL */
	const char *commit;   /* 40 hex */
	const char *version;  /* "" none */
	const char *ref;      /* the branch that it moves, for the record; NULL none */
	/* What moves with the switch: the branch, and in an atomic push the tags. None:
	 * git moves ref itself when this has succeeded. */
	const struct ref_change *changes;
	size_t changes_len;
	const struct life *from; /* whose image is used again; NULL: the commit's */
	bool renew;	/* with what is set by now, and not with from's configuration */
	bool rebuild;	/* build even if this tree was built before */
	bool no_cache;	/* and without the Engine's cache */
	int64_t waited; /* milliseconds until the lock was free */
};

/*
 * Makes the next life and moves the traffic over to it. The caller holds the app's lock
 * and nobody else's. Everything is said as it happens and written to the life's log.
 *
 * 0: the life is live, its branch has moved, and the life before drains: settle does the
 * rest. Otherwise nothing has changed for the app: the life is failed in the record, with
 * err's one line as its reason ("build failed: step 3/5 exited with 1"), and what it had
 * made is gone again. ERR_BUSY: the branch has moved meanwhile.
 */
int deploy_run(const struct deploy *d, struct life *life, struct err *err);

#endif
