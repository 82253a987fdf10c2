#ifndef BARDO_CONFIG_BUILD_SETTINGS_H
#define BARDO_CONFIG_BUILD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct settings;
struct store;

/* How an app is built, whoever asks: what is set for it, else for every app
 * (builder:set, builder-dockerfile:set), else the server's settings (build.*). */

#define BUILD_PATH_MAX 255

struct build_settings {
	char dir[BUILD_PATH_MAX + 1];	     /* folder of the tree; "" its root */
	char dockerfile[BUILD_PATH_MAX + 1]; /* relative to dir */
	char target[BUILD_PATH_MAX + 1];     /* a stage of the Dockerfile; "" the last */
	bool classic; /* the Engine's old builder instead of BuildKit */
};

int build_settings_read(struct build_settings *out, struct store *s,
	const struct settings *set, int64_t app_id, struct err *err);

const char *build_settings_builder(const struct build_settings *b);

/* What the properties may be. ERR_USAGE. */
int build_settings_check_path(const char *value, struct err *err);
int build_settings_check_builder(const char *value, struct err *err);
int build_settings_check_target(const char *value, struct err *err);

#endif
