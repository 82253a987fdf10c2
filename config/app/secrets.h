#ifndef BARDO_CONFIG_SECRETS_H
#define BARDO_CONFIG_SECRETS_H

#include <stdint.h>

struct err;
struct store;

/* What must never show: the values of variables, those of docker-options:add --env among
 * them. */

/* app_id for those of all apps. */
#define SECRETS_OF_ALL (-1)

/*
 * Every value that is set for the app or for every app, and those that lives which are
 * not over were given when they were made. The same value may come several times. The
 * text is borrowed for the call; each's nonzero return ends it and is returned.
 */
int secrets_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const char *value), void *ctx, struct err *err);

#endif
