#include "builder/recipe/healthchecks.h"

#include "builder/recipe/app_json.h"
#include "builder/recipe/json.h"
#include "builder/recipe/text.h"

#include <cjson/cJSON.h>
#include <string.h>

#define SECONDS_MAX 86400
#define ATTEMPTS_MAX 1000
#define PATH_MAX_BYTES 2000
#define WORDS_IN_COMMAND_MAX 100
#define HEADERS_MAX 50

static const char *const types[] = {"startup", "readiness", "liveness", NULL};
static const char *const schemes[] = {"http", "https", NULL};

static const struct json_rule rules[] = {
	{.name = "type", .kind = JSON_CHOICE, .choices = types},
	{.name = "name", .kind = JSON_LINE, .max = TEXT_LINE_MAX},
	{.name = "command", .kind = JSON_TEXTS, .min = 1, .max = WORDS_IN_COMMAND_MAX},
	{.name = "path", .kind = JSON_LINE, .min = 1, .max = PATH_MAX_BYTES},
	{.name = "uptime", .kind = JSON_INTEGER, .min = 0, .max = SECONDS_MAX},
	{.name = "listening", .kind = JSON_BOOLEAN},
	{.name = "content", .kind = JSON_TEXT, .max = TEXT_LINE_MAX},
	{.name = "httpHeaders", .kind = JSON_ARRAY, .max = HEADERS_MAX},
	{.name = "attempts", .kind = JSON_INTEGER, .min = 0, .max = ATTEMPTS_MAX},
	{.name = "timeout", .kind = JSON_INTEGER, .min = 0, .max = SECONDS_MAX},
	{.name = "wait", .kind = JSON_INTEGER, .min = 0, .max = SECONDS_MAX},
	{.name = "initialDelay", .kind = JSON_INTEGER, .min = 0, .max = SECONDS_MAX},
	{.name = "port", .kind = JSON_INTEGER, .min = 0, .max = 65535},
	{.name = "scheme", .kind = JSON_CHOICE, .choices = schemes},
	{.name = "warn", .kind = JSON_BOOLEAN},
	{.name = "onFailure", .kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX},
	{0},
};

static const struct json_rule header_rules[] = {
	{.name = "name",
		.kind = JSON_LINE,
		.min = 1,
		.max = TEXT_LINE_MAX,
		.required = true},
	{.name = "value", .kind = JSON_LINE, .max = TEXT_LINE_MAX, .required = true},
	{0},
};

static int check_headers(
	const struct json_file *f, const struct json_place *place, const cJSON *check)
{
	const struct json_place top = {place, "httpHeaders", 0};
	const struct json_rule object = {.kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX};
	const cJSON *header;
	int at = 0, rc = 0;

	cJSON_ArrayForEach(header, cJSON_GetObjectItemCaseSensitive(check, "httpHeaders"))
	{
		const struct json_place here = {&top, NULL, at++};
		const struct json_place name = {&here, "name", 0};

		rc = json_check(f, &here, header, &object);
		if (!rc)
			rc = json_check_members(f, &here, header, header_rules, false);
		if (!rc &&
			strpbrk(cJSON_GetStringValue(
					cJSON_GetObjectItemCaseSensitive(header, "name")),
				": \t"))
			rc = json_fail(f, &name, "a colon or blank in a header's name");
		if (rc)
			break;
	}
	return rc;
}

/* Whether the member says something: 0, "" and false are as if it weren't there. */
static bool is_given(const cJSON *check, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(check, name);

	return value && !cJSON_IsFalse(value) &&
		!(cJSON_IsNumber(value) && value->valueint == 0) &&
		!(cJSON_IsString(value) && !*value->valuestring);
}

static int check_kind(
	const struct json_file *f, const struct json_place *place, const cJSON *check)
{
	static const char *const kinds[] = {"command", "path", "uptime", "listening"};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!is_given(check, kinds[i]))
			continue;
		if (first)
			return json_fail(f, place,
				"%s and %s in one check: make two checks of them", first,
				kinds[i]);
		first = kinds[i];
	}
	if (is_given(check, "content") && (!first || strcmp(first, "path") != 0))
		return json_fail(f, place,
			"content is looked for in what a path answers: add one");
	return 0;
}

int healthchecks_check(
	const struct json_file *f, const struct json_place *place, const cJSON *list)
{
	const struct json_rule array = {.kind = JSON_ARRAY, .max = APP_JSON_CHECKS_MAX};
	const struct json_rule object = {.kind = JSON_OBJECT, .max = JSON_MEMBERS_MAX};
	const cJSON *check;
	int at = 0, rc = json_check(f, place, list, &array);

	if (rc)
		return rc;
	cJSON_ArrayForEach(check, list)
	{
		const struct json_place here = {place, NULL, at++};

		rc = json_check(f, &here, check, &object);
		if (!rc)
			rc = json_check_members(f, &here, check, rules, false);
		if (!rc)
			rc = check_kind(f, &here, check);
		if (!rc)
			rc = check_headers(f, &here, check);
		if (rc)
			break;
	}
	return rc;
}
