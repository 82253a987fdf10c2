#ifndef BARDO_BUILDER_SETTLE_H
#define BARDO_BUILDER_SETTLE_H

struct app;
struct err;
struct server;

/* What follows a switch, when the push has ended already. */

/* Asks bardod to run settle for the app, and doesn't wait for it. ERR_AWAY: there is no
 * bardod; its next start settles, or who has let go of the app's lock calls settle_run.
 */
int settle_ask(struct server *s, const struct app *app, struct err *err);

/*
 * The live life's containers are kept by the Engine from now on; the lives before drain
 * until their requests are answered or `deploy.drain` is over, stay until the new life
 * has served for `deploy.bake` (builder/deploy/bake.h), then their containers end and
 * they are retired. Takes the app's lock only to remove things, so that a newer deploy
 * never waits for an old one's drain. Run it as often as you like.
 */
int settle_run(struct server *s, struct app *app, struct err *err);

#endif
