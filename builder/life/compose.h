#ifndef BARDO_BUILDER_COMPOSE_H
#define BARDO_BUILDER_COMPOSE_H

struct app;
struct cJSON;
struct err;
struct plan;
struct recipe;
struct server;

/*
 * Makes the plan of a new life out of what the image says (GET /images/…/json: the lowest
 * EXPOSEd TCP port, VOLUMEs as volumes APP_path), what the repository says (its recipe)
 * and what is set for the app. What was set by command wins over the files.
 *
 * An image without EXPOSE and with HEALTHCHECK NONE serves nothing. ERR_FAILED: what was
 * asked for can't be; the message names it. The caller finishes out after success.
 */
int plan_compose(struct plan *out, struct server *s, const struct app *app,
	const struct cJSON *image, const struct recipe *recipe, struct err *err);

/* What of that can be told before there is an image: whether the app can have the ports
 * and networks that bardo.json asks for. ERR_FAILED as above. */
int plan_check_recipe(struct server *s, const struct app *app,
	const struct recipe *recipe, struct err *err);

#endif
