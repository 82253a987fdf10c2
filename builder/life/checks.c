#include "builder/life/checks.h"

#include "builder/life/plan.h"
#include "builder/server.h"
#include "config/app/checks.h"
#include "config/base/err.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>

/* Of process types that aren't there, too: a Procfile may name them later. */
static int add_listed(cJSON *plan, const cJSON *app_json, struct err *err)
{
	const cJSON *all = cJSON_GetObjectItemCaseSensitive(app_json, "healthchecks");

	if (!cJSON_GetArraySize(all))
		return 0;
	return cJSON_AddItemToObject(plan, "checks", cJSON_Duplicate(all, true))
		? 0
		: err_set(err, ERR_FAILED, "out of memory");
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
	int rc = add_listed(plan, app_json, err);

	return rc ? rc : mark_processes(plan, s, app, err);
}
