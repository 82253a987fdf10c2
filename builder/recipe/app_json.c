#include "builder/recipe/app_json.h"

#include "builder/recipe/healthchecks.h"
#include "builder/recipe/json.h"
#include "builder/recipe/procfile.h"
#include "builder/recipe/schedule.h"
#include "builder/recipe/text.h"
#include "config/app/scale.h"
#include "config/app/variables.h"

#include <cjson/cJSON.h>
#include <string.h>

#define PARALLEL_MAX 100

/* ---- env ---- */

static const char *const generators[] = {"secret", NULL};
static const struct json_rule variable_rules[] = {
	{.name = "value", .kind = JSON_TEXT, .max = VARIABLE_VALUE_MAX},
	{.name = "description", .kind = JSON_TEXT, .max = TEXT_LINE_MAX},
	{.name = "required", .kind = JSON_BOOLEAN},
	{.name = "sync", .kind = JSON_BOOLEAN},
	{.name = "generator", .kind = JSON_CHOICE, .choices = generators},
	{0},
};

static int check_variable(
	const struct json_file *f, const struct json_place *place, const cJSON *value)
{
	if (!variable_name_is_valid(place->name))
		return json_fail(f, place,
			"no name for a variable: use A-Z, a-z, 0-9 and _, not a digit "
			"first");
	if (cJSON_IsString(value))
		return 0;
	if (!cJSON_IsObject(value))
		return json_fail(
			f, place, "expected a text, in quotes, or an object: {…}");
	return json_check_members(f, place, value, variable_rules, false);
}

/* ---- formation ---- */

static const struct json_rule process_rules[] = {
	{.name = "quantity", .kind = JSON_INTEGER, .max = SCALE_COUNT_MAX},
	{.name = "max_parallel", .kind = JSON_INTEGER, .min = -1, .max = PARALLEL_MAX},
	{0},
};

static int check_process(
	const struct json_file *f, const struct json_place *place, const cJSON *value)
{
	const struct json_rule object = {.kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX};
	int rc = json_check(f, place, value, &object);

	if (!process_name_is_valid(place->name))
		return json_fail(
			f, place, "no name for a process type: use a-z, 0-9 and -");
	return rc ? rc : json_check_members(f, place, value, process_rules, false);
}

/* ---- cron ---- */

static const char *const policies[] = {"allow", "forbid", "replace", NULL};
static const struct json_rule cron_rules[] = {
	{.name = "command",
		.kind = JSON_LINE,
		.min = 1,
		.max = TEXT_LINE_MAX,
		.required = true},
	{.name = "schedule",
		.kind = JSON_LINE,
		.min = 1,
		.max = SCHEDULE_MAX,
		.required = true},
	{.name = "maintenance", .kind = JSON_BOOLEAN},
	{.name = "concurrency_policy", .kind = JSON_CHOICE, .choices = policies},
	{0},
};

static int check_task(
	const struct json_file *f, const struct json_place *place, const cJSON *value)
{
	const struct json_rule object = {.kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX};
	const struct json_place schedule = {place, "schedule", 0};
	const char *wrong;
	int rc = json_check(f, place, value, &object);

	if (!rc)
		rc = json_check_members(f, place, value, cron_rules, false);
	if (rc)
		return rc;
	wrong = schedule_check(cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(value, "schedule")));
	return wrong ? json_fail(f, &schedule, "%s", wrong) : 0;
}

/* ---- the parts ---- */

static const struct json_rule script_rules[] = {
	{.name = "postdeploy", .kind = JSON_LINE, .max = TEXT_LINE_MAX},
	{.name = "dokku", .kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX},
	{.name = "bardo", .kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX},
	{0},
};
static const struct json_rule bardo_rules[] = {
	{.name = "verify", .kind = JSON_LINE, .max = TEXT_LINE_MAX},
	{0},
};
static const struct json_rule dokku_rules[] = {
	{.name = "predeploy", .kind = JSON_LINE, .max = TEXT_LINE_MAX},
	{.name = "postdeploy", .kind = JSON_LINE, .max = TEXT_LINE_MAX},
	{0},
};

static int check_scripts(const struct json_file *f, const cJSON *scripts)
{
	const struct json_place top = {NULL, "scripts", 0}, below = {&top, "dokku", 0};
	const struct json_place own = {&top, "bardo", 0};
	const cJSON *dokku = cJSON_GetObjectItemCaseSensitive(scripts, "dokku");
	const cJSON *bardo = cJSON_GetObjectItemCaseSensitive(scripts, "bardo");
	int rc = json_check_members(f, &top, scripts, script_rules, false);

	if (!rc && dokku)
		rc = json_check_members(f, &below, dokku, dokku_rules, false);
	if (!rc && bardo)
		rc = json_check_members(f, &own, bardo, bardo_rules, false);
	return rc;
}

static const struct json_rule part_rules[] = {
	{.name = "scripts", .kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX},
	{.name = "formation", .kind = JSON_OBJECT, .max = PROCFILE_PROCESSES_MAX},
	{.name = "env", .kind = JSON_OBJECT, .max = VARIABLES_MAX},
	{.name = "healthchecks", .kind = JSON_OBJECT, .max = PROCFILE_PROCESSES_MAX},
	{.name = "cron", .kind = JSON_ARRAY, .max = APP_JSON_CRON_MAX},
	{0},
};

/* The parts that hold one thing for each name or number. */
static const struct {
	const char *name;
	int (*check)(const struct json_file *f, const struct json_place *place,
		const cJSON *value);
} parts[] = {
	{"formation", check_process},
	{"env", check_variable},
	{"healthchecks", healthchecks_check},
	{"cron", check_task},
};

static int check_parts(const struct json_file *f, const cJSON *root)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !rc; i++) {
		const struct json_place top = {NULL, parts[i].name, 0};
		const cJSON *member;
		int at = 0;

		cJSON_ArrayForEach(
			member, cJSON_GetObjectItemCaseSensitive(root, parts[i].name))
		{
			const struct json_place here = {&top, member->string, at++};

			rc = parts[i].check(f, &here, member);
			if (rc)
				break;
		}
	}
	return rc;
}

int app_json_parse(const char *text, size_t len, cJSON **out, struct err *err)
{
	const struct json_file f = {text, len, err};
	const cJSON *scripts;
	cJSON *root = NULL;
	int rc = json_file_read(&f, &root);

	if (rc)
		return rc;
	rc = json_check_members(&f, NULL, root, part_rules, false);
	scripts = cJSON_GetObjectItemCaseSensitive(root, "scripts");
	if (!rc && scripts)
		rc = check_scripts(&f, scripts);
	if (!rc)
		rc = check_parts(&f, root);
	if (rc)
		cJSON_Delete(root);
	else
		*out = root;
	return rc;
}
