#ifndef BARDO_CONFIG_PROPERTIES_H
#define BARDO_CONFIG_PROPERTIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct store;

/* What FAMILY:set sets: one text a family and name, for an app or for every app
 * (EVERY_APP of config/app/variables.h, --global). */

#define PROPERTY_VALUE_SIZE 1024

/* The app's own value, else every app's; "" where neither is set. */
int property_get(struct store *s, int64_t app_id, const char *family, const char *name,
	char out[PROPERTY_VALUE_SIZE], struct err *err);

/* The value of this very app (or of EVERY_APP) alone; "". */
int property_get_own(struct store *s, int64_t app_id, const char *family,
	const char *name, char out[PROPERTY_VALUE_SIZE], struct err *err);

/* "" takes it away. ERR_USAGE: too long. */
int property_set(struct store *s, int64_t app_id, const char *family, const char *name,
	const char *value, struct err *err);

/* The apps for which it is set, by their ids; each's nonzero return ends it and is
 * returned. */
int property_each_app(struct store *s, const char *family, const char *name,
	int (*each)(void *ctx, int64_t app_id), void *ctx, struct err *err);

#endif
