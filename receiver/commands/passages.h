#ifndef BARDO_RECEIVER_PASSAGES_H
#define BARDO_RECEIVER_PASSAGES_H

#include "config/record/lives.h"

#include <stdbool.h>

struct err;
struct request;

/* What the commands share that make a new life without a push. */

/* Takes the app's lock, or says who has it: a person at a terminal rather tries again
 * than waits for somebody else's build. Reads the app again under it. *lock is the
 * caller's to close after success. ERR_BUSY. */
int passage_lock(struct request *r, struct app *app, int *lock, struct err *err);

/* As passage_lock, but waits for the deploy that is under way, and says so. */
int passage_wait_lock(struct request *r, struct app *app, int *lock, struct err *err);

struct passage_wish {
	const char *source; /* for the record: rebuild, revive, config, restart … */
	struct life from;   /* whose commit, and image, are used */
	/* built anew; as it was; with what is set by now; built if it never was */
	enum { PASSAGE_BUILD, PASSAGE_REVIVE, PASSAGE_RENEW, PASSAGE_COMMIT } kind;
	const char *ref; /* a new branch that comes with it; NULL none */
	bool no_cache;
};

/* Makes the new life under the lock, which it closes, and has the old one settled. Says
 * everything on standard output; what went wrong was said then, and a positive exit
 * status is given. ERR_BUSY: the app is locked by its owner. */
int passage_run(struct request *r, struct app *app, const struct passage_wish *wish,
	int lock, struct err *err);

/* A new life with the live one's image and with what is set by now. Closes the lock.
 * Nothing live: 0, and nothing is done. */
int passage_renew(struct request *r, struct app *app, int lock, const char *source,
	struct err *err);

#endif
