#ifndef BARDO_CONFIG_DOMAINS_H
#define BARDO_CONFIG_DOMAINS_H

#include "config/record/apps.h"

#include <stddef.h>
#include <stdint.h>

struct err;
struct store;

/*
 * The names under which apps are reached (RFC 1123 2.1, in lower case): an app's own, or
 * one out of each of the server's ("example.org" gives shop.example.org), which are those
 * of EVERY_APP. A name is one app's at a time.
 */

#define DOMAIN_SIZE 256 /* 253 characters at most */
#define DOMAINS_MAX 100 /* of one app */

/* Checks a name and writes it in lower case: labels of letters, digits and "-", a "*" as
 * the whole first label. ERR_USAGE says what is wrong with it. */
int domain_check(const char *name, char out[DOMAIN_SIZE], struct err *err);

/* Adds names that domain_check has passed, all or none. ERR_EXISTS: another app has one
 * of them, or has it by the server's names; the message says which. */
int domains_add(struct store *s, int64_t app_id, const char *const *names, size_t len,
	struct err *err);

/* ERR_NOTFOUND names the first that it doesn't have; then none is removed. */
int domains_remove(struct store *s, int64_t app_id, const char *const *names, size_t len,
	struct err *err);

/* Takes all away and adds these. */
int domains_set(struct store *s, int64_t app_id, const char *const *names, size_t len,
	struct err *err);

/* The names that were added for it, in order; each's nonzero return ends it and is
 * returned. */
int domains_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const char *name), void *ctx, struct err *err);

/* The names under which it is reached: its own, else the server's; none if its domains
 * are disabled. */
int domains_each_effective(struct store *s, const struct app *app,
	int (*each)(void *ctx, const char *name), void *ctx, struct err *err);

/* Those of all apps, with the backend that each leads to; an app's names stand together.
 * Texts are borrowed for the call. */
struct domain_routed {
	const char *name;
	int slot;
	int64_t app_id;
	const char *handle;
};
int domains_each_routed(struct store *s,
	int (*each)(void *ctx, const struct domain_routed *d), void *ctx,
	struct err *err);

#endif
