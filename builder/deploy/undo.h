#ifndef BARDO_BUILDER_UNDO_H
#define BARDO_BUILDER_UNDO_H

struct app;
struct err;
struct life;
struct server;

/* Taking back what a life had made that didn't get to the end. The caller holds the app's
 * lock; all of it can be done again after a failure. */

/* Writes the life down as failed, and removes its containers, its servers at the proxy,
 * an image that came with it and, if nothing of the app is live, the network. */
int undo_life(struct server *s, const struct app *app, struct life *life,
	const char *reason, struct err *err);

/* Does that for every life that was cut off: under the lock, one that is neither over nor
 * live nor draining belongs to nobody. */
int undo_interrupted(struct server *s, const struct app *app, struct err *err);

/* Removes what is left of lives that ended while the Engine was away: containers, and
 * images of failed ones. */
int undo_leftovers(struct server *s, const struct app *app, struct err *err);

#endif
