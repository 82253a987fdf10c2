#ifndef BARDO_CONFIG_APPS_H
#define BARDO_CONFIG_APPS_H

#include "config/names.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct settings;
struct store;

/* Apps in the record. */

#define BRANCH_SIZE 256
#define HANDLE_SIZE (NAME_SIZE + 16)

struct app {
	int64_t id;
	char name[NAME_SIZE];
	/* What its repository, logs, lock, network and volumes are called: the name that
	 * it was made with ("shop"; "shop.2" where that was ever taken). It never
	 * changes, and no other app gets it, not when this one is destroyed either. */
	char handle[HANDLE_SIZE];
	int64_t created_at;		 /* ms since the epoch, as all times */
	int64_t destroyed_at;		 /* 0: it exists */
	int64_t made_by;		 /* user; 0 the host's shell, USER_NOBODY gone */
	bool provisional;		 /* made by a push that hasn't succeeded yet */
	char deploy_branch[BRANCH_SIZE]; /* "": not settled yet */
	int last_life;
	int live;		   /* number of the life that serves, 0 none */
	int slot;		   /* its backend in the proxy; -1 only when destroyed */
	int port;		   /* its port of proxy.ports */
	bool port_is_published;	   /* … of proxy.published, since HAProxy has those */
	int subnet;		   /* its /27 of network.pool */
	int inside;		   /* another, of an app without the proxy; -1 none */
	int64_t locked_at;	   /* 0: no; else nothing deploys until apps:unlock */
	char locked_by[NAME_SIZE]; /* "" from the host's shell */
	bool stopped;		   /* the live life rests (ps:stop) */
	int stable;		   /* the life marked as safe to fall back to, 0 none */
};

/* ERR_NOTFOUND: never was, or was destroyed. ERR_USAGE: no valid name. */
int app_find(struct store *s, const char *name, struct app *out, struct err *err);

/* By what stays when the name changes; otherwise the same. */
int app_find_handle(
	struct store *s, const char *handle, struct app *out, struct err *err);

/* By name, but a destroyed app is found too: its record stays readable, as "shop.17" when
 * somebody else has its name. */
int app_find_ever(struct store *s, const char *name, struct app *out, struct err *err);

/* Reads again what another process may have changed, its name among that. */
int app_reload(struct store *s, struct app *app, struct err *err);

/* Makes the row for a user (0: the host's shell), and gives it a backend, a port and a
 * network of its own; provisional until app_confirm or its first live life. A destroyed
 * app that had the name shares nothing with it, but for one that the same user's first
 * push made and that was never more than provisional: that is brought back, with the
 * lives that failed. ERR_EXISTS. ERR_FAILED: a pool is used up, the message names the
 * setting. */
int app_create(struct store *s, const struct settings *set, const char *name,
	int64_t user, bool provisional, struct app *out, struct err *err);
int app_confirm(struct store *s, struct app *app, struct err *err);

/* Nothing serves from now on: every life that isn't over is retired. */
int app_mark_down(struct store *s, struct app *app, struct err *err);

/* Marks it destroyed, gives its backend, port and network back, and forgets what was set
 * for it, its secrets among that. */
int app_mark_destroyed(struct store *s, const struct app *app, struct err *err);

/* Gives it another name; one that a destroyed app had goes over to it. ERR_EXISTS: an app
 * has it. ERR_USAGE: no valid name. */
int app_rename(struct store *s, struct app *app, const char *name, struct err *err);

/* by: who locks it; NULL unlocks. */
int app_set_locked(struct store *s, struct app *app, const char *by, struct err *err);

/* ERR_BUSY if it is locked, with since when, by whom, and the way out. */
int app_check_unlocked(const struct app *app, struct err *err);

int app_set_stopped(struct store *s, struct app *app, bool stopped, struct err *err);
int app_set_stable(struct store *s, struct app *app, int life, struct err *err);
int app_set_deploy_branch(
	struct store *s, struct app *app, const char *branch, struct err *err);

/* All that exist, by name. each's nonzero return ends it and is returned. */
int apps_each(struct store *s, int (*each)(void *ctx, const struct app *app), void *ctx,
	struct err *err);

/* All that were destroyed, in that order, under the names that app_find_ever knows. */
int apps_each_destroyed(struct store *s, int (*each)(void *ctx, const struct app *app),
	void *ctx, struct err *err);

#endif
