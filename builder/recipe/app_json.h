#ifndef BARDO_BUILDER_APP_JSON_H
#define BARDO_BUILDER_APP_JSON_H

#include <stddef.h>

struct cJSON;
struct err;

/*
 * app.json, as Dokku reads it: scripts, formation, env, healthchecks and cron. What it
 * doesn't name (Heroku has more) is kept and passed over.
 */

#define APP_JSON_CHECKS_MAX 16 /* of a process type */
#define APP_JSON_CRON_MAX 100

/* out: the validated object, the caller's to delete. ERR_FAILED: "line 12: formation.web.
 * quantity: …". */
int app_json_parse(const char *text, size_t len, struct cJSON **out, struct err *err);

#endif
