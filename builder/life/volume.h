#ifndef BARDO_BUILDER_VOLUME_H
#define BARDO_BUILDER_VOLUME_H

#include "config/record/apps.h"

#include <stdbool.h>

struct err;
struct plan;
struct server;

/* Named volumes on the Engine. Whose one is stands in its labels: an app's (by the handle
 * that outlives its name), or the server's. */

#define VOLUME_NAME_SIZE 256

struct volume {
	char name[VOLUME_NAME_SIZE];
	char handle[HANDLE_SIZE]; /* of the app that it belongs to; "" none */
	bool ours;		  /* this server made it */
	char path[1024];	  /* a folder of the host that it stands for; "" none */
	char created_at[40];	  /* as the Engine says it */
};

/* ERR_USAGE: the Engine would not have such a name. */
int volume_check_name(const char *name, struct err *err);

/* ERR_NOTFOUND. */
int volume_find(struct server *s, const char *name, struct volume *out, struct err *err);

/* Makes one for an app (NULL: for the server). path is a folder of the host that it
 * stands for, NULL none. ERR_EXISTS is not told: the Engine gives what is there. */
int volume_create(struct server *s, const char *name, const struct app *app,
	const char *path, struct err *err);

/* Whether the app may have the volumes that its image and its files name: one of the
 * app's name (HANDLE_…) that is on the Engine already, and isn't marked as ours, is
 * somebody else's data. What storage:mount has was looked at there. ERR_FAILED names it.
 */
int volumes_check_mounts(struct server *s, const struct app *app, const struct plan *plan,
	struct err *err);

/* ERR_BUSY names the app that has it, in a life that isn't over or by storage:mount; what
 * the app `but` has doesn't count (NULL: all do). */
int volume_check_unused(
	struct server *s, const char *name, const struct app *but, struct err *err);

/* Removes what the app has of volumes of its own, but for those that others have: kept is
 * told why (NULL: nobody). */
int volumes_remove_all(struct server *s, const struct app *app,
	void (*kept)(const char *name, const char *why), struct err *err);

/* With all that is in it. ERR_EXISTS: a container has it. ERR_NOTFOUND. */
int volume_remove(struct server *s, const char *name, struct err *err);

/* Every one that is ours, by name; each's nonzero return ends it and is returned. */
int volumes_each_ours(struct server *s, int (*each)(void *ctx, const struct volume *v),
	void *ctx, struct err *err);

#endif
