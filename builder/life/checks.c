#include "builder/life/checks.h"

#include "builder/life/plan.h"
#include "builder/server.h"
#include "config/app/checks.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>

/* The app's number, else every app's; negative: neither is set. */
static int read_number(struct server *s, const struct app *app, const char *name,
	int64_t *out, struct err *err)
{
	char value[PROPERTY_VALUE_SIZE];
	int rc = property_get(s->store, app->id, CHECKS_FAMILY, name, value, err);

	if (rc || number_parse(value, 0, CHECKS_SECONDS_MAX, out) < 0)
		*out = -1;
	return rc;
}

/* 0 is as good as not said. */
static void fill_in(cJSON *check, const char *name, int64_t n)
{
	const cJSON *said = cJSON_GetObjectItemCaseSensitive(check, name);

	if (said && said->valuedouble > 0)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(check, name);
	(void)cJSON_AddNumberToObject(check, name, (double)n);
}

/* checks:set has what a check of app.json doesn't say. */
static int add_numbers(
	cJSON *all, struct server *s, const struct app *app, struct err *err)
{
	static const char *const names[] = {CHECKS_ATTEMPTS, CHECKS_TIMEOUT, CHECKS_WAIT};
	cJSON *type, *check;
	int rc = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !rc; i++) {
		int64_t n;

		rc = read_number(s, app, names[i], &n, err);
		if (rc || n < 0)
			continue;
		cJSON_ArrayForEach(type, all)
		{
			cJSON_ArrayForEach(check, type)
			{
				fill_in(check, names[i], n);
			}
		}
	}
	return rc;
}

/* Of process types that aren't there, too: a Procfile may name them later. */
static int add_listed(cJSON *plan, struct server *s, const struct app *app,
	const cJSON *app_json, struct err *err)
{
	const cJSON *of_file = cJSON_GetObjectItemCaseSensitive(app_json, "healthchecks");
	cJSON *all;

	if (!cJSON_GetArraySize(of_file))
		return 0;
	all = cJSON_Duplicate(of_file, true);
	if (!all)
		return err_set(err, ERR_FAILED, "out of memory");
	(void)cJSON_AddItemToObject(plan, "checks", all);
	return add_numbers(all, s, app, err);
}

static int add_stay_up(
	cJSON *plan, struct server *s, const struct app *app, struct err *err)
{
	int64_t n;
	int rc = read_number(s, app, CHECKS_DEFAULT_WAIT, &n, err);

	if (!rc && n >= 0)
		(void)cJSON_AddNumberToObject(plan, "stay_up", (double)n);
	return rc;
}

/* Who is named is meant rather than who is one of all. */
static const char *find_mark(const char *disabled, const char *skipped, const char *name)
{
	if (checks_has(disabled, name))
		return CHECKS_DISABLED;
	if (checks_has(skipped, name))
		return CHECKS_SKIPPED;
	if (checks_has(disabled, CHECKS_EVERY_TYPE))
		return CHECKS_DISABLED;
	return checks_has(skipped, CHECKS_EVERY_TYPE) ? CHECKS_SKIPPED : NULL;
}

static int mark_processes(
	cJSON *plan, struct server *s, const struct app *app, struct err *err)
{
	char skipped[PROPERTY_VALUE_SIZE], disabled[PROPERTY_VALUE_SIZE];
	cJSON *process;
	int rc = property_get_own(
		s->store, app->id, CHECKS_FAMILY, CHECKS_SKIPPED, skipped, err);

	if (!rc)
		rc = property_get_own(
			s->store, app->id, CHECKS_FAMILY, CHECKS_DISABLED, disabled, err);
	if (rc)
		return rc;
	cJSON_ArrayForEach(process, cJSON_GetObjectItemCaseSensitive(plan, "processes"))
	{
		const char *mark =
			find_mark(disabled, skipped, plan_text(process, "name"));

		if (mark)
			(void)cJSON_AddStringToObject(process, "checks", mark);
	}
	return 0;
}

int checks_compose(cJSON *plan, struct server *s, const struct app *app,
	const cJSON *app_json, struct err *err)
{
	int rc = add_listed(plan, s, app, app_json, err);

	if (!rc)
		rc = add_stay_up(plan, s, app, err);
	return rc ? rc : mark_processes(plan, s, app, err);
}
