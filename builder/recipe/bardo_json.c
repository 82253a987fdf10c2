#include "builder/recipe/bardo_json.h"

#include "builder/recipe/json.h"
#include "builder/recipe/procfile.h"
#include "builder/recipe/text.h"
#include "config/app/listed.h"
#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/number.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAMES_SIZE 500

static const struct json_rule top_rules[] = {
	{.name = "configurations",
		.kind = JSON_OBJECT,
		.max = BARDO_JSON_CONFIGURATIONS_MAX,
		.required = true},
	{.name = "$schema", .kind = JSON_TEXT, .max = TEXT_LINE_MAX},
	{0},
};
static const struct json_rule set_rules[] = {
	{.name = "volumes", .kind = JSON_TEXTS, .max = BARDO_JSON_LIST_MAX},
	{.name = "ports", .kind = JSON_TEXTS, .max = BARDO_JSON_LIST_MAX},
	{.name = "networks", .kind = JSON_TEXTS, .max = BARDO_JSON_LIST_MAX},
	{.name = "env", .kind = JSON_OBJECT, .max = VARIABLES_MAX},
	{.name = "arguments", .kind = JSON_TEXTS, .max = BARDO_JSON_LIST_MAX},
	{0},
};

/* What the Engine calls volumes and networks by. */
static bool is_engine_name(const char *text, size_t len)
{
	if (!len || len > 200 || !isalnum((unsigned char)text[0]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr("_.-", text[i]))
			return false;
	}
	return true;
}

static bool path_is_plain(const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (iscntrl((unsigned char)path[i]) || path[i] == ',')
			return false;
	}
	return len > 1 && path[0] == '/';
}

static const char *check_volume(const char *text)
{
	const char *target = strchr(text, ':');
	size_t len;

	if (strlen(text) > LISTED_TEXT_MAX)
		return "too long";
	if (text[0] == '/' || text[0] == '.' || text[0] == '~')
		return "a path of the host can't be named here: a server admin mounts it "
		       "with storage:mount";
	if (!target || !is_engine_name(text, (size_t)(target - text)))
		return "expected NAME:/PATH or NAME:/PATH:ro";
	target++;
	len = strcspn(target, ":");
	if (!path_is_plain(target, len))
		return "expected NAME:/PATH or NAME:/PATH:ro";
	if (target[len] && strcmp(target + len, ":ro") && strcmp(target + len, ":rw"))
		return "the option behind the path is none: there are ro and rw";
	return NULL;
}

static const char *check_port(const char *text)
{
	static const char wrong[] =
		"expected http:PORT:CONTAINER-PORT, like http:80:5000; what speaks "
		"something else is reached by other apps, over a shared network";
	const char *host = strchr(text, ':'),
		   *inside = host ? strchr(host + 1, ':') : NULL;
	char number[8];
	int64_t n;

	if (!inside || inside - host - 1 >= (long)sizeof(number))
		return wrong;
	if (strncmp(text, "http:", 5) && strncmp(text, "https:", 6))
		return wrong;
	(void)snprintf(
		number, sizeof(number), "%.*s", (int)(inside - host - 1), host + 1);
	if (number_parse(number, 1, 65535, &n) < 0 ||
		number_parse(inside + 1, 1, 65535, &n) < 0)
		return wrong;
	return NULL;
}

static const char *check_network(const char *text)
{
	static const char *const taken[] = {"host", "none", "bridge", "default"};

	if (!is_engine_name(text, strlen(text)))
		return "no name for a network";
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
		if (!strcmp(text, taken[i]))
			return "a network of the host can't be named here";
	}
	return strncmp(text, "bardo.", 6) ? NULL : "another app's network";
}

static const struct {
	const char *name;
	const char *(*check)(const char *text);
} lists[] = {
	{"volumes", check_volume},
	{"ports", check_port},
	{"networks", check_network},
};

static int check_lists(
	const struct json_file *f, const struct json_place *place, const cJSON *set)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		const struct json_place list = {place, lists[i].name, 0};
		const cJSON *element;
		int at = 0;

		cJSON_ArrayForEach(
			element, cJSON_GetObjectItemCaseSensitive(set, lists[i].name))
		{
			const struct json_place here = {&list, NULL, at++};
			const char *wrong = lists[i].check(cJSON_GetStringValue(element));

			if (wrong)
				return json_fail(f, &here, "%s", wrong);
		}
	}
	return 0;
}

static int check_env(
	const struct json_file *f, const struct json_place *place, const cJSON *set)
{
	const struct json_rule text = {.kind = JSON_TEXT, .max = VARIABLE_VALUE_MAX};
	const struct json_place env = {place, "env", 0};
	const cJSON *variable;
	int rc = 0;

	cJSON_ArrayForEach(variable, cJSON_GetObjectItemCaseSensitive(set, "env"))
	{
		const struct json_place here = {&env, variable->string, 0};

		if (!variable_name_is_valid(variable->string))
			rc = json_fail(f, &here,
				"no name for a variable: use A-Z, a-z, 0-9 and _, not a "
				"digit first");
		else
			rc = json_check(f, &here, variable, &text);
		if (rc)
			break;
	}
	return rc;
}

static int check_set(
	const struct json_file *f, const struct json_place *place, const cJSON *set)
{
	const struct json_rule object = {.kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX};
	int rc = json_check(f, place, set, &object);

	if (!rc && !process_name_is_valid(place->name))
		rc = json_fail(f, place,
			"no name for a configuration: use 1 to %d of a-z, 0-9 and -",
			PROCFILE_NAME_MAX);
	if (!rc)
		rc = json_check_members(f, place, set, set_rules, true);
	if (!rc)
		rc = check_lists(f, place, set);
	return rc ? rc : check_env(f, place, set);
}

static int fail_unknown(const cJSON *sets, const char *name, struct err *err)
{
	struct buf names;
	const cJSON *set;

	buf_init(&names, NAMES_SIZE);
	cJSON_ArrayForEach(set, sets)
	{
		(void)buf_addf(&names, "%s%s", names.len ? ", " : "", set->string);
	}
	(void)err_set(err, ERR_FAILED,
		"it has no configuration %.80s, but %s: choose with apps:set APP "
		"configuration NAME",
		name, names.len ? buf_text(&names) : "none at all");
	buf_finish(&names);
	return ERR_FAILED;
}

int bardo_json_parse(
	const char *text, size_t len, const char *name, cJSON **out, struct err *err)
{
	const struct json_file f = {text, len, err};
	const struct json_place top = {NULL, "configurations", 0};
	cJSON *root = NULL, *sets, *set;
	int rc = json_file_read(&f, &root);

	if (rc)
		return rc;
	rc = json_check_members(&f, NULL, root, top_rules, true);
	sets = cJSON_GetObjectItemCaseSensitive(root, "configurations");
	cJSON_ArrayForEach(set, sets)
	{
		const struct json_place here = {&top, set->string, 0};

		rc = rc ? rc : check_set(&f, &here, set);
	}
	*out = NULL;
	if (!rc && *name) {
		*out = cJSON_DetachItemFromObjectCaseSensitive(sets, name);
		if (!*out)
			rc = fail_unknown(sets, name, err);
	}
	cJSON_Delete(root);
	return rc;
}
