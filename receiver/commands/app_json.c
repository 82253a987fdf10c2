#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/recipe/recipe.h"
#include "config/app/build_settings.h"
#include "config/record/apps.h"

/* app-json: where the file stands. */

#define FAMILY "app-json"
#define PATH "appjson-path"

static int fill(
	struct request *r, const struct app *app, struct cJSON *out, struct err *err)
{
	return command_report_property(r, app, FAMILY, PATH, RECIPE_APP_JSON, out, err);
}

int run_app_json_report(struct request *r, struct err *err)
{
	return command_report(r, FAMILY, fill, true, err);
}

int run_app_json_set(struct request *r, struct err *err)
{
	static const struct property properties[] = {{PATH, build_settings_check_path}};
	struct app app;

	return command_property_set(r, FAMILY, properties, 1, &app, err);
}
