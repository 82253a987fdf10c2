#ifndef BARDO_CONFIG_VARIABLES_H
#define BARDO_CONFIG_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct store;

/* Environment variables: what config:set sets, for one app or (app 0) for all. */

#define VARIABLE_NAME_MAX 255
/* Linux starts no program with a "NAME=VALUE" of more than 128 KiB, and none with more
 * than 2 MiB of arguments and environment. */
#define VARIABLE_VALUE_MAX (127 * 1024)
#define VARIABLES_MAX 2000
#define VARIABLES_BYTES_MAX                                                              \
	(1024 * 1024) /* of an app's own ones, or of the global ones */

/* [A-Za-z_][A-Za-z0-9_]*, of VARIABLE_NAME_MAX bytes at most. */
bool variable_name_is_valid(const char *name);

/* app_id of what is set with --global. */
#define EVERY_APP 0

struct variable {
	char *name;
	char *value; /* UTF-8, newlines and all; never NUL */
};

/* By name; no name twice. The texts are its own. */
struct variables {
	struct variable *items;
	size_t len, cap;
	size_t bytes; /* of all names and values */
};

void variables_finish(struct variables *v);

/* NULL if there is none; borrowed until the next change. */
const char *variables_get(const struct variables *v, const char *name);

/* Puts it in, or in place of what was there; copies both. ERR_USAGE: a name that is not
 * [A-Za-z_][A-Za-z0-9_]*; a value that is no UTF-8, or too long; too many. */
int variables_put(
	struct variables *v, const char *name, const char *value, struct err *err);

/* What is set for this app alone; adds to out. */
int variables_read(
	struct store *s, int64_t app_id, struct variables *out, struct err *err);

/* What its containers get: the global ones, and over them the app's own; adds to out. */
int variables_read_merged(
	struct store *s, int64_t app_id, struct variables *out, struct err *err);

/* In one transaction: takes the names of unset away (those that aren't there are fine),
 * then sets the others. *changed (may be NULL): how many rows that took. ERR_USAGE: they
 * would become more than VARIABLES_MAX or VARIABLES_BYTES_MAX. */
int variables_change(struct store *s, int64_t app_id, const struct variables *set,
	const char *const *unset, size_t unset_len, int *changed, struct err *err);

#endif
