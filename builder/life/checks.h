#ifndef BARDO_BUILDER_LIFE_CHECKS_H
#define BARDO_BUILDER_LIFE_CHECKS_H

struct app;
struct cJSON;
struct err;
struct server;

/* Freezes what is said about checks into a plan whose processes are there: the
 * healthchecks of app.json (NULL: there is none), checks:set, checks:skip and
 * checks:disable. */
int checks_compose(struct cJSON *plan, struct server *s, const struct app *app,
	const struct cJSON *app_json, struct err *err);

#endif
