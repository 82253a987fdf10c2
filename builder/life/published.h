#ifndef BARDO_BUILDER_PUBLISHED_H
#define BARDO_BUILDER_PUBLISHED_H

struct app;
struct err;
struct life;
struct plan;
struct server;

/*
 * Lives without the proxy. The Engine publishes the ports of a container that has
 * PortBindings in the first network with a way out of the host that it joins, and in an
 * internal one never. So a web container begins in the app's internal network
 * (network_inside_name), is proved there, and gets its ports by joining the app's own
 * when the one before has left that: both go on running.
 */

/* Freezes the ports into the plan of a new life, or takes them out of it, as is set for
 * the app by now. ERR_FAILED: it can't publish any. */
int published_compose(
	struct plan *plan, struct server *s, const struct app *app, struct err *err);

/* Makes the host's ports lead to this life, whose plan publishes them: other lives'
 * containers leave, its own joins, and is asked for. Leads there already: success.
 * ERR_FAILED: something else has a port; then nobody of the app's has one. */
int published_claim(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

/* Ends a change of the app's driver (publish_change) by what its live life has: it stays,
 * or is taken back. None under way: success. The caller holds the app's lock. */
int published_settle(struct server *s, struct app *app, struct err *err);

#endif
