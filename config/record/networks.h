#ifndef BARDO_CONFIG_NETWORKS_H
#define BARDO_CONFIG_NETWORKS_H

#include "config/names.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct settings;
struct store;
struct user;

/* Networks that apps share, in the record. The Engine knows them by the same name. */

#define NETWORK_NAME_SIZE 64
#define NETWORK_HOST "host" /* the host's own; it is no row */

struct shared_network {
	char name[NETWORK_NAME_SIZE];
	int subnet;	      /* which /27 of network.pool */
	int64_t user_id;      /* who made it; 0 the host's shell, USER_NOBODY gone */
	char user[NAME_SIZE]; /* by name; "" gone */
	int64_t created_at;
	bool internal; /* it has no way out of the host */
};

/* ERR_USAGE: no name that a shared network could have. */
int shared_network_check_name(const char *name, struct err *err);

/* For a user (id 0: the host's shell). ERR_EXISTS. ERR_FAILED: network.pool is used up.
 */
int shared_network_create(struct store *s, const struct settings *set, const char *name,
	const struct user *user, bool internal, struct shared_network *out,
	struct err *err);

/* ERR_NOTFOUND. */
int shared_network_find(
	struct store *s, const char *name, struct shared_network *out, struct err *err);
int shared_network_forget(struct store *s, const char *name, struct err *err);

/* All, by name; each's nonzero return ends it and is returned. */
int shared_networks_each(struct store *s,
	int (*each)(void *ctx, const struct shared_network *n), void *ctx,
	struct err *err);

/* The apps for which network:set names it, "--global" for every app; as above. */
int shared_network_each_app(struct store *s, const char *name,
	int (*each)(void *ctx, const char *app), void *ctx, struct err *err);

#endif
