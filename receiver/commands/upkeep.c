#include "receiver/commands/command.h"
#include "receiver/commands/families.h"

#include "builder/deploy/reconcile.h"
#include "builder/deploy/settle.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <stdio.h>

/* What bardod asks for, and what shows how it is set up. */

int run_settings(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 0, err);

	if (!rc && !r->on_host && !r->user.admin)
		return err_set(err, ERR_DENIED, "settings is for server admins: ask one");
	if (!rc && settings_print(r->settings, stdout) < 0)
		rc = err_errno(err, "standard output");
	return rc;
}

int run_reconcile(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 1, err);

	if (rc)
		return rc;
	return r->argc > 1 ? reconcile_app_waiting(&r->server, r->argv[1], err)
			   : reconcile_all(&r->server, err);
}

int run_lives_settle(struct request *r, struct err *err)
{
	struct app app;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = app_find(r->server.store, r->argv[1], &app, err);
	return rc ? rc : settle_run(&r->server, &app, err);
}
