#include "receiver/commands/storage.h"
#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/app/listed.h"
#include "config/base/err.h"
#include "config/record/mounts.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* storage: what there is to see of what is mounted where in an app's containers. */

#define LIVES_TEXT_SIZE 200
#define REPORT_MAX (LISTED_MAX * (LISTED_TEXT_MAX + 8))

static cJSON *new_entry(
	cJSON *list, const char *source, const char *target, const char *options)
{
	cJSON *entry = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(entry, "host_path", source);
	(void)cJSON_AddStringToObject(entry, "container_path", target);
	(void)cJSON_AddStringToObject(entry, "volume_options", options);
	(void)cJSON_AddStringToObject(entry, "phase", "");
	(void)cJSON_AddStringToObject(entry, "process_type", "");
	(void)cJSON_AddBoolToObject(entry, "volume", source[0] != '/');
	(void)cJSON_AddBoolToObject(entry, "mounted", false);
	(void)cJSON_AddBoolToObject(entry, "live", false);
	(void)cJSON_AddArrayToObject(entry, "lives");
	(void)cJSON_AddItemToArray(list, entry);
	return entry;
}

static void set_true(cJSON *entry, const char *name)
{
	(void)cJSON_ReplaceItemInObjectCaseSensitive(entry, name, cJSON_CreateBool(true));
}

static int add_mounted(void *ctx, const struct listed *l)
{
	struct storage_mount m = {0};
	cJSON *entry;
	int rc = storage_split(l->text, &m, NULL);

	if (rc)
		return rc;
	entry = new_entry(ctx, m.source, m.target, m.options);
	(void)cJSON_ReplaceItemInObjectCaseSensitive(
		entry, "phase", cJSON_CreateString(l->part));
	(void)cJSON_ReplaceItemInObjectCaseSensitive(
		entry, "process_type", cJSON_CreateString(l->process));
	set_true(entry, "mounted");
	return 0;
}

static const char *text_of(const cJSON *entry, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, name));
}

static int add_use(void *ctx, const struct mount_use *u)
{
	cJSON *list = ctx, *entry;
	bool found = false;

	cJSON_ArrayForEach(entry, list)
	{
		if (strcmp(text_of(entry, "host_path"), u->source) != 0 ||
			strcmp(text_of(entry, "container_path"), u->target) != 0)
			continue;
		found = true;
		storage_add_life(entry, u->life);
		if (u->live)
			set_true(entry, "live");
	}
	if (!found) {
		entry = new_entry(list, u->source, u->target, u->options);
		storage_add_life(entry, u->life);
		if (u->live)
			set_true(entry, "live");
	}
	return 0;
}

static bool is_set(const cJSON *entry, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, name));
}

/* What is mounted or serves as Dokku lists it; then which lives had what. */
static void print_list(const struct request *r, const struct app *app, const cJSON *list)
{
	const cJSON *entry;

	command_say(r, "-----> %s volume bind-mounts:\n", app->name);
	cJSON_ArrayForEach(entry, list)
	{
		const char *options = text_of(entry, "volume_options");

		if (is_set(entry, "mounted") || is_set(entry, "live"))
			(void)printf("       %s:%s%s%s\n", text_of(entry, "host_path"),
				text_of(entry, "container_path"), *options ? ":" : "",
				options);
	}
	if (r->quiet || !list->child)
		return;
	command_say(r, "-----> %s volumes by life:\n", app->name);
	cJSON_ArrayForEach(entry, list)
	{
		char lives[LIVES_TEXT_SIZE];

		storage_lives_text(entry, lives, sizeof(lives));
		(void)printf("       %-32s %s%s\n", text_of(entry, "host_path"),
			*lives ? "lives " : "none yet", lives);
	}
}

int run_storage_list(struct request *r, struct err *err)
{
	struct app app;
	bool json = false;
	cJSON *list;
	int rc = command_only_format(r, 0, 1, &json, err);

	if (!rc && r->argc == 1)
		return storage_list_all(r, json, err);
	if (!rc)
		rc = command_app(r, &app, err);
	if (rc)
		return rc;
	list = cJSON_CreateArray();
	rc = listed_each(r->server.store, app.id, LISTED_MOUNT, add_mounted, list, err);
	if (!rc)
		rc = mounts_each_use(r->server.store, app.id, NULL, add_use, list, err);
	if (!rc && json)
		command_print_json(list);
	else if (!rc)
		print_list(r, &app, list);
	cJSON_Delete(list);
	return rc;
}

static void append(cJSON *report, const char *key, const char *text)
{
	cJSON *row = cJSON_GetObjectItemCaseSensitive(report, key);
	char all[REPORT_MAX];
	const char *before = cJSON_GetStringValue(row);

	(void)snprintf(all, sizeof(all), "%s%s-v %s", before, *before ? " " : "", text);
	(void)cJSON_SetValuestring(row, all);
}

static int add_to_report(void *ctx, const struct listed *l)
{
	if (strcmp(l->part, "run") != 0)
		append(ctx, "storage-deploy-mounts", l->text);
	if (strcmp(l->part, "deploy") != 0)
		append(ctx, "storage-run-mounts", l->text);
	return 0;
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	(void)cJSON_AddStringToObject(out, "storage-build-mounts", "");
	(void)cJSON_AddStringToObject(out, "storage-deploy-mounts", "");
	(void)cJSON_AddStringToObject(out, "storage-run-mounts", "");
	return listed_each(
		r->server.store, app->id, LISTED_MOUNT, add_to_report, out, err);
}

int run_storage_report(struct request *r, struct err *err)
{
	return command_report(r, "storage", fill, false, err);
}
