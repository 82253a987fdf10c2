#ifndef BARDO_BUILDER_RUNS_H
#define BARDO_BUILDER_RUNS_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct err;
struct life;
struct mask;
struct place;
struct server;

/*
 * The one-off containers of an app: who holds which, and what becomes of those that
 * nobody holds.
 *
 * Each has a place in the record. Whoever is attached to it holds the place's byte of the
 * app's file of runs, so that the kernel lets go of it with them, however they end. A
 * detached one is held while it is made, and is then looked after by runs_tend.
 */

/* What the labels of a one-off container say. */
#define RUN_LABEL_UNTIL "bardo.until"	    /* seconds since the epoch */
#define RUN_LABEL_DETACHED "bardo.detached" /* "true": nobody is attached to it */
#define RUN_LABEL_USER "bardo.user"	    /* who started it */

/* The file of runs, for runs_reserve; close(2) lets go of all that it holds. */
int runs_open(struct server *s, const struct app *app, struct err *err);

/* A place that is held until runs is closed. ERR_FAILED: the app's network is full. */
int runs_reserve(struct server *s, const struct app *app, const struct life *life,
	int runs, struct place *out, struct err *err);

/* The container goes, with its place. */
int runs_remove(struct server *s, const struct app *app, const struct place *place,
	struct err *err);

struct runs_left {
	int len;      /* detached ones that run */
	int64_t next; /* when the first of them is over, in seconds since the epoch */
};

/* Takes away what nobody holds and nobody should: containers whose bardo has died, places
 * of those that have ended. Detached ones that run stay; left may be NULL. */
int runs_sweep(
	struct server *s, const struct app *app, struct runs_left *left, struct err *err);

/* Stays with the detached ones until none is left: gives back their places, and stops
 * those whose time is over. Returns at once when somebody else does so. */
int runs_tend(struct server *s, const struct app *app, struct err *err);

/* Has bardod do so. */
void runs_ask_tending(struct server *s, const struct app *app);

/* All of them, whoever holds them; for an app that goes. */
int runs_remove_all(struct server *s, const struct app *app, struct err *err);

/* Adds what the container's environment holds and its image's doesn't: the variables of
 * the life that it was started in, which may be other ones by now, and those that were
 * given to it alone. A container that is gone has none. */
int runs_add_secrets(
	struct server *s, const char *container, struct mask *mask, struct err *err);

/* One of the Engine's list; the texts are borrowed for the call. */
struct run_seen {
	const char *name;
	const char *handle;  /* the app's */
	const char *state;   /* "running", "exited" … */
	const char *command; /* as the Engine shortens it */
	const char *user;
	int64_t created, until; /* in seconds since the epoch; until 0: none */
	bool detached;
};

/* The newest first; app NULL means of all apps. each's nonzero return ends it and is
 * returned. */
int runs_each(struct server *s, const struct app *app,
	int (*each)(void *ctx, const struct run_seen *run), void *ctx, struct err *err);

#endif
