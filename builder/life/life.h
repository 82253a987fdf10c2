#ifndef BARDO_BUILDER_LIFE_H
#define BARDO_BUILDER_LIFE_H

#include <stdbool.h>

struct app;
struct check_failure;
struct check_options;
struct err;
struct life;
struct place;
struct plan;
struct say;
struct server;

/* The containers of a life, from the places in the record to running and proved ones. The
 * caller holds the app's lock. */

/* The frozen configuration of a life; the caller finishes it after success. */
int life_read_plan(
	struct server *s, const struct life *life, struct plan *plan, struct err *err);

/* That there is a place for each container of a life to come, beside those of the lives
 * that run and drain; else ERR_FAILED, and the numbers. */
int life_check_room(struct server *s, const struct app *app, const struct plan *plan,
	struct err *err);

/* Reserves the places of every process of the plan, and creates the containers: what the
 * Engine refuses of them is refused here. What was made stays for life_remove when it
 * fails. */
int life_make(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, struct err *err);
/* Starts the containers that life_make made. */
int life_start(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

/* Proves each container whose process type isn't skipped; when one fails, says its
 * failure card. */
int life_check(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, struct say *say, struct err *err);

/* The same for containers that serve already, whatever is skipped: all (what is NULL), a
 * type's ("web") or one ("web.2"). Says what passes, too; goes on after a failure, and
 * gives the first. ERR_NOTFOUND: there is nothing of that name. */
int life_check_now(struct server *s, const struct app *app, const struct life *life,
	const char *what, struct say *say, struct err *err);
/* One container of it, as life_check and life_remove have it. */
int life_check_place(struct server *s, const struct app *app, const struct plan *plan,
	const struct place *place, struct say *say, struct err *err);
int life_remove_place(struct server *s, const struct app *app, const struct place *place,
	struct err *err);

/* Puts its containers into the networks that a proved life joins (attach-post-deploy). */
int life_join_late(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, struct err *err);

/* Puts its containers back into every network that they should be in. */
int life_rejoin(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

/* Makes the containers of a life that should run do so: starts stopped ones, creates lost
 * ones again, and those that were being replaced. *changed tells whether there was
 * anything to do. Where something outside its plan may stand in for them, they get time
 * to be ready. */
int life_repair(struct server *s, const struct app *app, const struct life *life,
	bool *changed, struct err *err);

/* Stops its containers, but keeps them: to give a volume to the next life. They stay so
 * until they are started (life_repair); life_keep then gives them their policy again. */
int life_stop(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

/* The same for those of one process type. */
int life_stop_type(struct server *s, const struct app *app, const struct life *life,
	const char *process, struct err *err);

/* The Engine restarts them from now on. */
int life_keep(struct server *s, const struct app *app, const struct life *life,
	struct err *err);

/* Takes servers, containers and places away; gentle lets the containers end by themselves
 * first. Goes on after an error, and gives the first one. */
int life_remove(struct server *s, const struct app *app, const struct life *life,
	bool gentle, struct err *err);

/* Removes containers of lives that ended while the Engine was away. */
int life_sweep(struct server *s, const struct app *app, struct err *err);

#endif
