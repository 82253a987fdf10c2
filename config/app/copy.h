#ifndef BARDO_CONFIG_COPY_H
#define BARDO_CONFIG_COPY_H

#include <stdbool.h>

struct app;
struct err;
struct store;

/*
 * What an owner has set for one app, for another one too, in one transaction: variables,
 * properties, scale, resources, mounts, docker options, networks, the deploy branch. Not
 * what only one app can have (ports), nor who may do what. Named volumes become ones of
 * the other app's own: "shop_data" of shop is "store_data" of store. What only server
 * admins may set (docker options, networks, folders of the host) goes along with root
 * true alone. The other app is no longer provisional afterwards, and is read again.
 */
int settings_copy(struct store *s, const struct app *from, struct app *to, bool root,
	struct err *err);

/* The volume that a mount of `from` becomes for `to`; a path of the host stays what it
 * is. out has room for LISTED_TEXT_MAX + 1 bytes. ERR_USAGE: too long. */
int settings_own_mount(const char *text, const struct app *from, const struct app *to,
	char *out, struct err *err);

#endif
