#ifndef BARDO_BUILDER_RECIPE_LEFT_OUT_H
#define BARDO_BUILDER_RECIPE_LEFT_OUT_H

struct recipe;

/* What app.json says and bardo doesn't do, so that nobody waits for it: one line each, as
 * "app.json: cron is not run yet". The text is borrowed for the call. */
void recipe_each_left_out(
	const struct recipe *r, void (*each)(void *ctx, const char *line), void *ctx);

#endif
