#ifndef BARDO_BUILDER_HEALTHCHECKS_H
#define BARDO_BUILDER_HEALTHCHECKS_H

struct cJSON;
struct json_file;
struct json_place;

/* One process type's healthchecks of an app.json, in the fields that Dokku's
 * docker-container-healthchecker has. As json_check. */
int healthchecks_check(const struct json_file *f, const struct json_place *place,
	const struct cJSON *list);

#endif
