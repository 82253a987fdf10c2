#ifndef BARDO_BUILDER_LIVENESS_H
#define BARDO_BUILDER_LIVENESS_H

#include <stdbool.h>

struct app;
struct err;
struct life;
struct mask;
struct plan;
struct server;

/* The liveness checks of app.json, for a life that serves. */

/* Whether any process type has one. */
bool liveness_is_asked(const struct plan *plan);

/* Asks them in every container that has run for their initialDelay. Returns at once when
 * they pass; one that doesn't gets all its attempts. ERR_FAILED: "web.1: /alive answered
 * 500 (tried for 30 s)". A container that ends meanwhile is no failure here. */
int liveness_check(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct mask *mask, struct err *err);

#endif
