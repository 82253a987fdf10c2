#ifndef BARDO_BUILDER_ROUTE_H
#define BARDO_BUILDER_ROUTE_H

#include <stdbool.h>

struct app;
struct err;
struct life;
struct place;
struct plan;
struct server;

/* Where an app's traffic goes. The record says which life serves; this makes the proxy,
 * or the ports that the Engine publishes, follow it: which of them it is stands in the
 * life's plan. Nothing here reloads the proxy. */

/* A proxy answers, started through bardod if none did. ERR_AWAY: it could not be had.
 * Without one (proxy.driver = none): success. */
int route_ensure_proxy(struct server *s, struct err *err);

/* What a new life of the app needs to be reached: the proxy, or a port and networks.
 * Reads the app again. The caller holds the app's lock. */
int route_prepare(struct server *s, struct app *app, struct err *err);

/* All apps' ports, names and maintenance pages as the record has them, after an app was
 * made or destroyed. */
int route_ports(struct server *s, struct err *err);

/* Sends the app's traffic to this life; others of the app's drain. NULL: to nobody. */
int route_to_life(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

/* What can fail about a switch to this life, for which nothing stands in the record yet:
 * published ports lead there, and visitors with them. Its proxy is asked for nothing.
 * When it fails, route_to_life of the one before takes it back. */
int route_claim(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

/* Makes the app's ports lead where the record says by now: backends get the live life's
 * servers (NULL: none is live) before a port leads to them, and are given back when none
 * does any more. The caller holds the app's lock. */
int route_ports_of(struct server *s, const struct app *app, const struct life *live,
	struct err *err);

/* Gives back backends that a ports:remove whose bardo died left behind. */
int route_release_unused(struct server *s, const struct app *app, struct err *err);

/* The same as route_to_life, but for one of its containers, which drains. plan: which of
 * them there are now, where that isn't what the life's own plan has. */
int route_past(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *resting, struct err *err);

/* The app's backends; each's nonzero return ends it and is returned. */
int route_each_slot(struct server *s, const struct app *app,
	int (*each)(void *ctx, int slot), void *ctx, struct err *err);

/* Whether requests to this place are still under way. */
int route_is_busy(struct server *s, const struct app *app, const struct place *place,
	bool *busy, struct err *err);

/* Takes the place's server out of the proxy, cutting what is left. */
int route_drop(struct server *s, const struct app *app, const struct place *place,
	struct err *err);

/* "https://shop.example.org/" if it has a name, else "http://example.net:8100/";
 * client_side is the address that the client connected to, plan the life's (empty: none
 * yet). */
void route_url(struct server *s, const struct app *app, const struct plan *plan,
	const char *client_side, char *out);

#endif
