#ifndef BARDO_BUILDER_RETAG_H
#define BARDO_BUILDER_RETAG_H

struct app;
struct err;
struct server;

/* After a rename: gives the app's images tags of its new name, in the place of the old
 * ones. The caller holds the app's lock. What was cut off is gone on with the next time;
 * an image that is gone from the Engine loses its place in the record. */
int images_follow_name(struct server *s, const struct app *app, struct err *err);

#endif
