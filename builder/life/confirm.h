#ifndef BARDO_BUILDER_CONFIRM_H
#define BARDO_BUILDER_CONFIRM_H

struct err;
struct server;

/*
 * What HAProxy's files lead to was so when they were written. Before it is started with
 * them, after a reboot say, this takes out every server that isn't a running container of
 * the backend's app, at that address: visitors get a 503 then, never somebody else's
 * answer, until the app is reconciled. A backend that is no app's is emptied.
 *
 * An Engine that is away can't be asked. Then an app keeps its servers where its
 * network's own address is this machine's: that is gone after a reboot, and there as long
 * as only the Engine has ended.
 */
int confirm_routes(struct server *s, struct err *err);

#endif
