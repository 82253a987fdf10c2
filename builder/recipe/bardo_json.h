#ifndef BARDO_BUILDER_BARDO_JSON_H
#define BARDO_BUILDER_BARDO_JSON_H

#include <stddef.h>

struct cJSON;
struct err;

/*
 * bardo.json: named sets of what a life runs with, so that one repository can be several
 * apps. apps:set APP configuration NAME picks one.
 *
 *   {"configurations": {"wordpress": {
 *        "volumes": ["data:/var/lib/x:ro"], "ports": ["http:80:5000"],
 *        "networks": ["shared"], "env": {"K": "v"}, "arguments": ["--flag"]}}}
 *
 * A volume is the app's own, called APP_data: a repository can name no path of the host.
 */

#define BARDO_JSON_CONFIGURATIONS_MAX 32
#define BARDO_JSON_LIST_MAX 64

/* Validates every set and gives the one called name, which the caller deletes; name ""
 * gives NULL. ERR_FAILED: "line 12: …", or there is none of that name. */
int bardo_json_parse(const char *text, size_t len, const char *name, struct cJSON **out,
	struct err *err);

#endif
