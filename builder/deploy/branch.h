#ifndef BARDO_BUILDER_BRANCH_H
#define BARDO_BUILDER_BRANCH_H

struct app;
struct err;
struct server;

/* Moves the deploy branch to the commit of the newest push that went live and wasn't
 * taken back, if it is elsewhere: its move may have been cut off after the switch, or the
 * life was fallen back from. The caller holds the app's lock. */
int branch_follow_record(struct server *s, const struct app *app, struct err *err);

#endif
