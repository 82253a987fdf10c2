#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/recipe/recipe.h"
#include "config/app/build_settings.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/paths.h"
#include "config/record/lives.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

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

/* bardo.json of what is live must have it; nothing live is asked at the next push. */
static int check_configuration(
	struct request *r, const struct app *app, const char *value, struct err *err)
{
	struct build_settings build = {0};
	char path[PATH_TEXT_MAX];
	struct life live;
	struct recipe recipe = {0};
	struct recipe_options options = {
		.commit = live.commit, .dir = build.dir, .configuration = value};
	int rc;

	if (app->id == EVERY_APP)
		return err_set(err, ERR_USAGE,
			"a configuration is of one app's repository, not --global");
	rc = name_check("configuration", value, err);
	if (rc || !app->live)
		return rc;
	rc = life_find(r->server.store, app, app->live, &live, err);
	if (!rc)
		rc = build_settings_read(
			&build, r->server.store, r->settings, app->id, err);
	options.repository = path_repository(r->settings, app, path);
	if (!rc)
		rc = recipe_read(&recipe, &options, err);
	recipe_finish(&recipe);
	return rc;
}

static int check_autocreation(const struct app *app, const char *value, struct err *err)
{
	if (app->id != EVERY_APP)
		return err_set(err, ERR_USAGE,
			"disable-autocreation is for the server: apps:set --global");
	if (strcmp(value, "true") && strcmp(value, "false"))
		return err_set(err, ERR_USAGE,
			"disable-autocreation is true or false, not %.40s", value);
	return 0;
}

static int judge(struct request *r, const struct app *app, const char *name,
	const char *value, struct err *err)
{
	return !strcmp(name, "configuration") ? check_configuration(r, app, value, err)
					      : check_autocreation(app, value, err);
}

int run_apps_set(struct request *r, struct err *err)
{
	static const struct property properties[] = {
		{"configuration", NULL},
		{"disable-autocreation", NULL},
	};
	struct app app = {0};
	int rc = command_property_set_judged(r, "apps", properties, 2, judge, &app, err);

	if (!rc && app.id != EVERY_APP)
		command_say_later(r, &app, false);
	return rc;
}

int run_apps_report(struct request *r, struct err *err)
{
	return command_report(r, "app", fill, false, err);
}
