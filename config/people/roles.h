#ifndef BARDO_CONFIG_ROLES_H
#define BARDO_CONFIG_ROLES_H

#include "config/people/users.h"

#include <stdint.h>

struct err;
struct store;

/* What a user may do with an app: each role can do all that the one before it can. */

enum role { ROLE_NONE, ROLE_READ, ROLE_DEPLOY, ROLE_OWNER };

/* "read", "deploy", "owner". */
const char *role_name(enum role role);

/* ERR_USAGE for anything that is none of the three. */
int role_parse(const char *name, enum role *out, struct err *err);

int role_find(struct store *s, int64_t user_id, int64_t app_id, enum role *out,
	struct err *err);

/* ROLE_NONE takes it away. */
int role_set(struct store *s, int64_t user_id, int64_t app_id, enum role role,
	struct err *err);

/* Who has which role for the app, by name; each's nonzero return ends it and is returned.
 */
int roles_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const struct user *u, enum role role), void *ctx,
	struct err *err);

#endif
