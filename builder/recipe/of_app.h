#ifndef BARDO_BUILDER_RECIPE_OF_APP_H
#define BARDO_BUILDER_RECIPE_OF_APP_H

#include <stddef.h>

struct app;
struct err;
struct recipe;
struct server;
struct variables;

/* The recipe that a commit is for one app, by what is set for it: which files, which
 * configuration. repository NULL: from the environment that git gives its hooks. As
 * recipe_read. */
int recipe_of_app(struct recipe *out, struct server *s, const struct app *app,
	const char *repository, const char *commit, struct err *err);

/* Whether each variable that app.json requires has a value: one that is set, its own or
 * the configuration's. ERR_FAILED names the first that has none, and what to do. */
int recipe_check_env(
	const struct recipe *r, struct server *s, const struct app *app, struct err *err);

/* Sets what the env of app.json has for the app and isn't set yet: at its first deploy
 * all, later what has "sync". names gets what was set, "KEY, KEY"; cut where it is too
 * long. */
int recipe_set_env(const struct recipe *r, struct server *s, const struct app *app,
	char *names, size_t size, struct err *err);

#endif
