#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/app/build_settings.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>

/* builder and builder-dockerfile: how an app is built. */

static int read_settings(struct request *r, const struct app *app,
	struct build_settings *out, struct err *err)
{
	return build_settings_read(
		out, r->server.store, r->settings, app ? app->id : EVERY_APP, err);
}

static int fill_builder(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	struct build_settings b;
	int rc = read_settings(r, app, &b, err);

	if (!rc)
		rc = command_report_property(
			r, app, "builder", "build-dir", b.dir, out, err);
	if (!rc)
		rc = command_report_property(r, app, "builder", "selected",
			build_settings_builder(&b), out, err);
	if (!rc)
		rc = command_report_property(
			r, app, "builder", "target", b.target, out, err);
	return rc;
}

static int fill_dockerfile(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	struct build_settings b;
	int rc = read_settings(r, app, &b, err);

	return rc ? rc
		  : command_report_property(r, app, "builder-dockerfile",
			    "dockerfile-path", b.dockerfile, out, err);
}

int run_builder_report(struct request *r, struct err *err)
{
	return command_report(r, "builder", fill_builder, true, err);
}

int run_builder_dockerfile_report(struct request *r, struct err *err)
{
	return command_report(r, "builder-dockerfile", fill_dockerfile, true, err);
}

int run_builder_set(struct request *r, struct err *err)
{
	static const struct property properties[] = {
		{"build-dir", build_settings_check_path},
		{"selected", build_settings_check_builder},
		{"target", build_settings_check_target},
	};
	struct app app = {0};

	return command_property_set(r, "builder", properties, 3, &app, err);
}

int run_builder_dockerfile_set(struct request *r, struct err *err)
{
	static const struct property properties[] = {
		{"dockerfile-path", build_settings_check_path},
	};
	struct app app = {0};

	return command_property_set(r, "builder-dockerfile", properties, 1, &app, err);
}
