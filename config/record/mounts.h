#ifndef BARDO_CONFIG_MOUNTS_H
#define BARDO_CONFIG_MOUNTS_H

#include "config/record/lives.h"

#include <stdint.h>

struct err;
struct store;

/* Which lives had what mounted where, from their frozen configurations. */

struct mount_use {
	const char *app; /* its name */
	int64_t app_id;
	int life;
	bool over;	    /* retired or failed */
	bool live;	    /* the one that serves */
	const char *source; /* a volume's name, or a path of the host */
	const char *target;
	const char *options;
};

/* Of one app (0: of all) and one source (NULL: of all), by app and life. The texts are
 * borrowed for the call; each's nonzero return ends it and is returned. */
int mounts_each_use(struct store *s, int64_t app_id, const char *source,
	int (*each)(void *ctx, const struct mount_use *u), void *ctx, struct err *err);

/* What storage:mount has of a source for any app: calls each with the app's name. */
int mounts_each_set(struct store *s, const char *source,
	int (*each)(void *ctx, const char *app), void *ctx, struct err *err);

#endif
