#ifndef BARDO_CONFIG_NAMES_H
#define BARDO_CONFIG_NAMES_H

#include <stdbool.h>

struct err;

/* An app's and a user's name: [a-z0-9][a-z0-9-]{0,62}. */
#define NAME_LEN_MAX 63
#define NAME_SIZE (NAME_LEN_MAX + 1)

bool name_is_valid(const char *name);

/* The app that a client's repository path means: "shop", "/shop" and "shop.git" are shop.
 * ERR_USAGE for anything else, before the disk is touched. */
int name_from_path(char out[NAME_SIZE], const char *path, struct err *err);

/* ERR_USAGE with what is wrong with it; what is "app" or "user". */
int name_check(const char *what, const char *name, struct err *err);

#endif
