#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/record/apps.h"

/* A locked app takes no deploys, whoever asks for one: neither pushes nor commands. */

int run_apps_lock(struct request *r, struct err *err)
{
	char when[CLOCK_TEXT_MAX];
	struct app app = {0};
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && app.locked_at) {
		clock_format(app.locked_at, when);
		command_say(r, "-----> Deploy lock exists since %s, by %s\n", when,
			app.locked_by);
		return 0;
	}
	if (!rc)
		rc = app_set_locked(r->server.store, &app, r->user.name, err);
	if (!rc)
		command_say(r, "-----> Deploy lock created\n");
	return rc;
}

int run_apps_unlock(struct request *r, struct err *err)
{
	struct app app = {0};
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && !app.locked_at)
		rc = err_set(err, ERR_FAILED, "%s has no deploy lock", app.name);
	if (!rc)
		rc = app_set_locked(r->server.store, &app, NULL, err);
	if (!rc)
		command_say(r, "-----> Deploy lock removed\n");
	return rc;
}

int run_apps_locked(struct request *r, struct err *err)
{
	struct app app = {0};
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && !app.locked_at)
		rc = err_set(err, ERR_FAILED, "Deploy lock does not exist");
	if (!rc)
		command_say(r, "Deploy lock exists\n");
	return rc;
}
