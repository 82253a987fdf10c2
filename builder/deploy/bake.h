#ifndef BARDO_BUILDER_BAKE_H
#define BARDO_BUILDER_BAKE_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct err;
struct life;
struct server;

/* The first moments of a life: it serves, and the containers of the life before it still
 * stay, so that trouble can be taken back at once. */

#define BAKE_REASON_SIZE 256
/* What the record says of a life that was made by falling back. */
#define BAKE_SOURCE "fallback"
/* So many ends of one container are a crash loop. */
#define BAKE_CRASHES 3

enum bake_end {
	BAKE_FINE,  /* the time is over */
	BAKE_NEWER, /* the next life is live, or the app is gone */
	BAKE_CRASHED,
	BAKE_SICK, /* a liveness check fails */
};

/* Watches the live life's containers, by the Engine's events since it went live, until a
 * time (milliseconds since the epoch), and asks its liveness checks. reason is filled for
 * BAKE_CRASHED and BAKE_SICK: "web.1 exited with 1 for the 3rd time after 4 s". */
int bake_watch(struct server *s, const struct app *app, const struct life *live,
	int64_t until, enum bake_end *end, char reason[BAKE_REASON_SIZE],
	struct err *err);

/* Whether a liveness check fails still: what failed may have been a container that a
 * command had just made, or was about to stop. The caller holds the app's lock. */
bool bake_is_sick(struct server *s, const struct app *app, const struct life *live);

/* Brings the life before back: its containers serve again at once, the live one fails
 * with the reason, and the next life is made of what the one before was (source
 * "fallback"). The caller holds the app's lock, and app->live is the life that is in
 * trouble. */
int bake_fall_back(struct server *s, struct app *app, struct life *live,
	struct life *before, const char *reason, struct err *err);

#endif
