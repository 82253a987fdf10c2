#ifndef BARDO_BUILDER_FOLDER_H
#define BARDO_BUILDER_FOLDER_H

#include <stdint.h>

struct err;
struct server;

#define FOLDER_OWNER_MAX 65535

/* Gives parent/name, a folder of the host, to a user and the group of the same number,
 * and makes it if it isn't there. bardo isn't root: the Engine does it, by unpacking a
 * tar into a container that never runs, made of an image without a file. */
int folder_give(struct server *s, const char *parent, const char *name, int64_t owner,
	struct err *err);

#endif
