#ifndef BARDO_SSH_ENVIRONMENT_H
#define BARDO_SSH_ENVIRONMENT_H

#include "config/door.h"

#include <stddef.h>

struct err;

/* What a client may put into a command's environment: few names, with values of plain
 * characters only, since git and the C library act on them. */

#define ENVIRONMENT_VALUE_MAX 256

struct environment {
	char *entries[DOOR_ENV_MAX]; /* NAME=VALUE, owned */
	size_t len;
};

void environment_finish(struct environment *e);

/* ERR_DENIED: this name or value is not let through, or there are too many. A name that
 * is there already gets the new value. */
int environment_set(
	struct environment *e, const char *name, const char *value, struct err *err);

#endif
