#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/deploy/reboot.h"
#include "builder/engine/engine.h"
#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/mask.h"
#include "builder/recipe/recipe.h"
#include "builder/secrets.h"
#include "config/app/properties.h"
#include "config/app/scale.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ps: what there is to see and to set. What changes containers is in ps_change.c. */

#define FAMILY "ps"
#define ID_SHOWN 11
#define STOP_SECONDS_DEFAULT "10"
#define STOP_SECONDS_MAX 86400
#define RETRIES_MAX 1000

/* ---- ps:report ---- */

static void add_bool(cJSON *out, const char *key, bool is)
{
	(void)cJSON_AddStringToObject(out, key, is ? "true" : "false");
}

/* "running (CID: 0123456789a)", as Dokku has it. */
static int read_status(struct request *r, const struct app *app,
	const struct place *place, char out[96], bool *runs, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	cJSON *reply = NULL;
	const char *status, *id;
	int rc = engine_call(r->server.engine, &reply, NULL, err, "GET",
		"/containers/%s/json", place_container_name(app, place, name));

	status = plan_text(cJSON_GetObjectItemCaseSensitive(reply, "State"), "Status");
	id = plan_text(reply, "Id");
	*runs = !strcmp(status, "running");
	if (rc == ERR_NOTFOUND)
		(void)snprintf(out, 96, "missing");
	else
		(void)snprintf(out, 96, "%.40s (CID: %.*s)", status, ID_SHOWN, id);
	cJSON_Delete(reply);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int add_statuses(struct request *r, const struct app *app, cJSON *status,
	int *processes, int *running, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	size_t len = 0;
	int rc = app->live
		? places_read(r->server.store, app, app->live, places, &len, err)
		: 0;

	for (size_t i = 0; i < len && !rc; i++) {
		char key[PROCESS_SIZE + 24], text[96];
		bool runs = false;

		if (!strcmp(places[i].process, PLAN_RUN))
			continue;
		rc = read_status(r, app, &places[i], text, &runs, err);
		(void)snprintf(key, sizeof(key), "status-%s-%d", places[i].process,
			places[i].position);
		(void)cJSON_AddStringToObject(status, key, text);
		++*processes;
		*running += runs;
	}
	return rc;
}

/* What only an app has: in force as it is set. */
static int add_own(struct request *r, const struct app *app, const char *name, cJSON *out,
	struct err *err)
{
	char value[PROPERTY_VALUE_SIZE], key[64];
	int rc = property_get_own(r->server.store, app->id, FAMILY, name, value, err);

	(void)snprintf(key, sizeof(key), FAMILY "-computed-%s", name);
	(void)cJSON_AddStringToObject(out, key, value);
	(void)snprintf(key, sizeof(key), FAMILY "-%s", name);
	(void)cJSON_AddStringToObject(out, key, value);
	return rc;
}

static int add_properties(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	static const struct {
		const char *name, *otherwise;
	} all[] = {
		{"procfile-path", RECIPE_PROCFILE},
		{"restart-policy", PLAN_RESTART_DEFAULT},
		{"stop-timeout-seconds", STOP_SECONDS_DEFAULT},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !rc; i++)
		rc = command_report_property(
			r, app, FAMILY, all[i].name, all[i].otherwise, out, err);
	return rc;
}

static int fill_of_app(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	cJSON *status = cJSON_CreateObject();
	int processes = 0, running = 0;
	char number[16];
	bool restored = true;
	int rc = add_statuses(r, app, status, &processes, &running, err);

	(void)snprintf(number, sizeof(number), "%d", processes);
	add_bool(out, "deployed", app->live != 0);
	(void)cJSON_AddStringToObject(out, "processes", number);
	add_bool(out, "ps-can-scale", true);
	if (!rc)
		rc = add_properties(r, app, out, err);
	if (!rc)
		rc = add_own(r, app, PLAN_START_COMMAND, out, err);
	if (!rc)
		rc = add_own(r, app, PLAN_START_DOCKERFILE, out, err);
	if (!rc)
		rc = reboot_is_restored(&r->server, app, &restored, err);
	add_bool(out, "restore", restored && !app->stopped);
	(void)cJSON_AddStringToObject(out, "running",
		!running		       ? "false"
			: running == processes ? "true"
					       : "mixed");
	/* Last, as Dokku has them. */
	while (status->child) {
		cJSON *one = cJSON_DetachItemViaPointer(status, status->child);

		(void)cJSON_AddStringToObject(
			out, one->string, cJSON_GetStringValue(one));
		cJSON_Delete(one);
	}
	cJSON_Delete(status);
	return rc;
}

static int fill_report(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	return app ? fill_of_app(r, app, out, err) : add_properties(r, app, out, err);
}

int run_ps_report(struct request *r, struct err *err)
{
	return command_report(r, FAMILY, fill_report, true, err);
}

/* ---- ps:set ---- */

static int check_policy(const char *value, struct err *err)
{
	static const char *const policies[] = {
		"no", "always", "unless-stopped", "on-failure"};
	int64_t n;

	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (!strcmp(value, policies[i]))
			return 0;
	}
	if (!strncmp(value, "on-failure:", 11) &&
		number_parse(value + 11, 1, RETRIES_MAX, &n) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"%.60s is no restart policy: there are no, always, unless-stopped, "
		"on-failure and on-failure:N",
		value);
}

static int check_seconds(const char *value, struct err *err)
{
	int64_t n;

	if (number_parse(value, 0, STOP_SECONDS_MAX, &n) == 0)
		return 0;
	return err_set(err, ERR_USAGE, "%.60s: expected seconds, 0 to %d", value,
		STOP_SECONDS_MAX);
}

static int check_line(const char *value, struct err *err)
{
	for (const char *c = value; *c; c++) {
		if ((unsigned char)*c < ' ')
			return err_set(err, ERR_USAGE, "a line with a control character");
	}
	return 0;
}

static int check_bool(const char *value, struct err *err)
{
	if (!strcmp(value, "true") || !strcmp(value, "false"))
		return 0;
	return err_set(err, ERR_USAGE, "%.60s: it is true or false", value);
}

static int check_path(const char *value, struct err *err)
{
	int rc = check_line(value, err);

	if (rc)
		return rc;
	if (!strcmp(value, "..") || !strncmp(value, "../", 3) || strstr(value, "/../"))
		return err_set(err, ERR_USAGE,
			"%.200s leads out of the repository: it is relative to the "
			"folder "
			"that is built",
			value);
	return 0;
}

/* What no two apps have in common. */
static int judge(struct request *r, const struct app *app, const char *name,
	const char *value, struct err *err)
{
	static const char *const own[] = {
		PLAN_START_DOCKERFILE, PLAN_START_COMMAND, REBOOT_RESTORE};

	(void)value;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (app->id == EVERY_APP && !strcmp(name, own[i]))
			return err_set(err, ERR_USAGE, "%s is for one app: %s APP %s",
				name, r->argv[0], name);
	}
	return 0;
}

int run_ps_set(struct request *r, struct err *err)
{
	static const struct property properties[] = {
		{PLAN_START_DOCKERFILE, check_line},
		{"procfile-path", check_path},
		{"restart-policy", check_policy},
		{REBOOT_RESTORE, check_bool},
		{PLAN_START_COMMAND, check_line},
		{"stop-timeout-seconds", check_seconds},
	};
	struct app app;

	return command_property_set_judged(r, FAMILY, properties,
		sizeof(properties) / sizeof(properties[0]), judge, &app, err);
}

/* ---- ps:inspect ---- */

static void hide_values(cJSON *container)
{
	cJSON *env = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(container, "Config"), "Env");
	cJSON *one, *next;

	for (one = env ? env->child : NULL; one; one = next) {
		const char *text = cJSON_GetStringValue(one);
		char name[VARIABLE_NAME_MAX + 16];

		next = one->next;
		(void)snprintf(name, sizeof(name), "%.*s=XXXXXX",
			(int)(text ? strcspn(text, "=") : 0), text ? text : "");
		(void)cJSON_ReplaceItemViaPointer(env, one, cJSON_CreateString(name));
	}
}

/* docker inspect's list, fit to be shown to somebody: a command may hold a secret, too.
 */
static int print_inspected(
	struct request *r, const struct app *app, const cJSON *list, struct err *err)
{
	struct mask *mask = NULL;
	char *text = cJSON_Print(list);
	int rc = text ? secrets_mask(&r->server, app->id, &mask, err)
		      : err_set(err, ERR_FAILED, "out of memory");

	if (!rc) {
		mask_string(mask, text);
		(void)printf("%s\n", text);
	}
	mask_destroy(mask);
	cJSON_free(text);
	return rc;
}

int run_ps_inspect(struct request *r, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	struct app app = {0};
	cJSON *list, *one;
	size_t len = 0;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && !app.live)
		rc = err_set(err, ERR_NOTFOUND, "nothing of %s is live: push it first",
			app.name);
	if (!rc)
		rc = places_read(r->server.store, &app, app.live, places, &len, err);
	if (rc)
		return rc;
	list = cJSON_CreateArray();
	for (size_t i = 0; i < len && !rc; i++) {
		char name[CONTAINER_NAME_SIZE];

		one = NULL;
		rc = engine_call(r->server.engine, &one, NULL, err, "GET",
			"/containers/%s/json",
			place_container_name(&app, &places[i], name));
		if (rc == ERR_NOTFOUND) /* it has just gone */
			rc = 0;
		if (one)
			hide_values(one);
		if (one)
			(void)cJSON_AddItemToArray(list, one);
	}
	if (!rc)
		rc = print_inspected(r, &app, list, err);
	cJSON_Delete(list);
	return rc;
}
