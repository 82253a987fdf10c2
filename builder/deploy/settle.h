#ifndef BARDO_BUILDER_SETTLE_H
#define BARDO_BUILDER_SETTLE_H

struct app;
struct err;
struct server;

/* What follows a switch, when the push has ended already. */

/* Asks bardod to settle the app, and does it here if there is no bardod. */
int settle_start(struct server *s, struct app *app, struct err *err);

/*
 * The live life's containers are kept by the Engine from now on; the lives before drain
 * until their requests are answered or `deploy.drain` is over, then their containers end
 * and they are retired. Takes the app's lock only to remove things, so that a newer
 * deploy never waits for an old one's drain. Run it as often as you like.
 */
int settle_run(struct server *s, struct app *app, struct err *err);

#endif
