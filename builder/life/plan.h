#ifndef BARDO_BUILDER_PLAN_H
#define BARDO_BUILDER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct app;
struct cJSON;
struct err;

/*
 * A life's frozen configuration: everything besides the image that decides how it runs.
 * It is made once, out of the image's own settings, stored with the life as JSON, and
 * read back to revive it or to start its containers again:
 *
 *   {"port": 5000, "env": {"PORT": "5000"},
 *    "volumes": [{"name": "shop_data", "path": "/data"}]}
 */

#define PLAN_VOLUMES_MAX 16
#define PLAN_PATH_SIZE 256
#define PLAN_VOLUME_NAME_SIZE 320
#define PLAN_PORT_DEFAULT 5000

struct plan_volume {
	char name[PLAN_VOLUME_NAME_SIZE];
	char path[PLAN_PATH_SIZE];
};

struct plan {
	int port; /* where web listens, told it as PORT; 0: it serves nothing */
	struct plan_volume volumes[PLAN_VOLUMES_MAX];
	size_t volumes_len;
};

/* Out of GET /images/…/json: the lowest EXPOSEd TCP port, VOLUMEs as volumes APP_path.
 * An image without EXPOSE and with HEALTHCHECK NONE serves nothing. ERR_FAILED: too many
 * or too long volumes. */
int plan_from_image(struct plan *p, const struct app *app, const struct cJSON *image,
	struct err *err);

/* The JSON text, malloc'd; NULL without memory. */
char *plan_to_json(const struct plan *p);
int plan_from_json(struct plan *p, const char *json, struct err *err);

/* Two lives must not run at once on one volume: the old one is stopped first. */
bool plan_stops_first(const struct plan *p);

#endif
