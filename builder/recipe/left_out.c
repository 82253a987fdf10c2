#include "builder/recipe/left_out.h"

#include "builder/recipe/recipe.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#define LINE_SIZE 256

static int count_on_failure(const cJSON *checks)
{
	const cJSON *check;
	int n = 0;

	cJSON_ArrayForEach(check, checks)
	{
		n += cJSON_HasObjectItem(check, "onFailure") ? 1 : 0;
	}
	return n;
}

void recipe_each_left_out(
	const struct recipe *r, void (*each)(void *ctx, const char *line), void *ctx)
{
	const cJSON *checks;
	char line[LINE_SIZE];

	cJSON_ArrayForEach(
		checks, cJSON_GetObjectItemCaseSensitive(r->app, "healthchecks"))
	{
		if (!count_on_failure(checks))
			continue;
		(void)snprintf(line, sizeof(line),
			RECIPE_APP_JSON ": onFailure of the healthchecks of %.64s is "
					"left out: a repository can't run commands on "
					"the server",
			checks->string);
		each(ctx, line);
	}
	if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(r->app, "cron")))
		each(ctx, RECIPE_APP_JSON ": cron is checked, and not run yet");
}
