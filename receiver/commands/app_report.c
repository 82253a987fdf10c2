#include "receiver/commands/command.h"
#include "receiver/commands/families.h"

#include "config/app/properties.h"
#include "config/base/err.h"
#include "config/paths.h"
#include "config/record/lives.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* apps:report: Dokku's keys first, then what bardo knows beside them. */

static void add_number(cJSON *out, const char *key, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	(void)cJSON_AddStringToObject(out, key, text);
}

static void add_bool(cJSON *out, const char *key, bool is)
{
	(void)cJSON_AddStringToObject(out, key, is ? "true" : "false");
}

/* The number of a life, "" for none. */
static void add_life(cJSON *out, const char *key, int life)
{
	if (life)
		add_number(out, key, life);
	else
		(void)cJSON_AddStringToObject(out, key, "");
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	char configuration[PROPERTY_VALUE_SIZE], path[PATH_TEXT_MAX];
	struct life live = {0};
	int rc = app->live ? life_find(r->server.store, app, app->live, &live, err) : 0;

	if (!rc)
		rc = property_get(r->server.store, app->id, "apps", "configuration",
			configuration, err);
	if (rc)
		return rc;
	add_number(out, "app-created-at", app->created_at / 1000);
	(void)cJSON_AddStringToObject(out, "app-deploy-source", app->live ? "git" : "");
	(void)cJSON_AddStringToObject(out, "app-deploy-source-metadata", live.commit);
	(void)cJSON_AddStringToObject(
		out, "app-dir", path_repository(r->settings, app, path));
	add_bool(out, "app-locked", app->locked_at != 0);
	(void)cJSON_AddStringToObject(out, "app-locked-by", app->locked_by);
	(void)cJSON_AddStringToObject(out, "app-configuration", configuration);
	(void)cJSON_AddStringToObject(out, "app-deploy-branch", app->deploy_branch);
	add_life(out, "app-live", app->live);
	add_life(out, "app-stable", app->stable);
	add_bool(out, "app-stopped", app->stopped);
	(void)cJSON_AddStringToObject(out, "app-image", live.tag);
	(void)cJSON_AddStringToObject(out, "app-version", live.version);
	(void)cJSON_AddStringToObject(out, "app-url", live.url);
	return 0;
}

int run_apps_report(struct request *r, struct err *err)
{
	return command_report(r, "app", fill, false, err);
}
