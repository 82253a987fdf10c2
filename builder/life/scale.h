#ifndef BARDO_BUILDER_SCALE_H
#define BARDO_BUILDER_SCALE_H

#include <stddef.h>

struct app;
struct err;
struct life;
struct plan;
struct say;
struct scale_wish;
struct server;

/* What changes the containers of the live life without a new one. The caller holds the
 * app's lock. */

/*
 * Makes its containers those that the plan has: starts what is missing or rests, proves
 * it, writes the plan down as the life's, and only then sends it traffic; then what is
 * too much drains and goes. When something can't be started, it goes again, and nothing
 * has changed. Says what it does. wishes: what the lives to come are to have of it, too,
 * written down in the same moment.
 */
int life_follow(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct scale_wish *wishes, size_t wishes_len,
	struct say *say, struct err *err);

/* Takes away what isn't in its plan: what a ps:scale or a restart that was cut off left.
 * Nothing is routed there any more, but requests may be under way. */
int life_remove_surplus(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

/* Replaces the containers of one process type, one after the other; a lone web has
 * another beside it meanwhile, but where two must not have its volume at once. That one
 * is in no plan, unless it stays because what it stood in for can't be proved.
 * ERR_NOTFOUND: no such process type. */
int life_restart_process(struct server *s, const struct app *app, const struct life *life,
	const char *process, struct say *say, struct err *err);

/* Nobody is sent there any more (app->stopped is set), what is under way may end, and the
 * containers are stopped and stay so after a reboot; those of lives that drain beside it,
 * too. Stopped already: 0. */
int life_rest(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

#endif
