#include "receiver/commands/families.h"
#include "receiver/commands/passages.h"
#include "receiver/dispatch/command.h"

#include "builder/deploy/reboot.h"
#include "builder/deploy/reconcile.h"
#include "builder/deploy/settle.h"
#include "builder/life/life.h"
#include "builder/secrets.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What bardod asks for, the same by hand, and what shows how it is set up. */

/* "name=value" lines as an object of texts. */
static void print_settings_json(char *lines)
{
	cJSON *all = cJSON_CreateObject();
	char *line, *equals;

	while ((line = strsep(&lines, "\n"))) {
		equals = strchr(line, '=');
		if (!equals)
			continue;
		*equals = '\0';
		(void)cJSON_AddStringToObject(all, line, equals + 1);
	}
	command_print_json(all);
	cJSON_Delete(all);
}

static int settings_as_json(const struct settings *settings, struct err *err)
{
	char *lines = NULL;
	size_t len;
	FILE *to = open_memstream(&lines, &len);
	int rc = to ? settings_print(settings, to) : -1;

	if (to && fclose(to))
		rc = -1;
	if (!rc)
		print_settings_json(lines);
	free(lines);
	return rc ? err_errno(err, "memory") : 0;
}

int run_settings(struct request *r, struct err *err)
{
	bool json = false;
	int rc = command_only_format(r, 0, 0, &json, err);

	if (!rc && !r->on_host && !r->user.admin)
		return err_set(err, ERR_DENIED, "settings is for server admins: ask one");
	if (!rc && json)
		return settings_as_json(r->settings, err);
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

/* ---- the same by hand ---- */

struct repair {
	struct request *request;
	int failed;
};

static int complain(struct repair *repair, const struct app *app, struct err *why)
{
	secrets_hide(&repair->request->server, why->msg, sizeof(why->msg));
	(void)fprintf(stderr, " !     %s: %s\n", app->name, why->msg);
	repair->failed++;
	return 0;
}

/* ps:set restore false: ps:start is for who wants it nonetheless. */
static bool is_skipped(struct request *r, const struct app *app)
{
	bool restored = true;

	(void)reboot_is_restored(&r->server, app, &restored, NULL);
	if (!restored)
		(void)printf(" !     Skipping ps:restore for %s as restore is false\n",
			app->name);
	return !restored;
}

static int restore(void *ctx, const struct app *app)
{
	struct repair *repair = ctx;
	struct err why = {0};

	if (is_skipped(repair->request, app))
		return 0;
	command_say(repair->request, "-----> Restoring %s\n", app->name);
	(void)fflush(stdout);
	return reconcile_app_waiting(&repair->request->server, app->name, &why) < 0
		? complain(repair, app, &why)
		: 0;
}

int run_ps_restore(struct request *r, struct err *err)
{
	struct repair repair = {.request = r};
	struct app app;
	int rc = command_options(r, NULL, 0, 0, 1, err);

	if (!rc && r->argc > 1) {
		rc = command_app(r, &app, err);
		if (rc || is_skipped(r, &app))
			return rc;
		return reconcile_app_waiting(&r->server, app.name, err);
	}
	if (!rc)
		rc = command_each_app(r, restore, &repair, err);
	return rc ? rc : repair.failed ? 1 : 0;
}

/* Under the app's lock: no deploy has its containers half made. */
static int rejoin(struct request *r, struct app *app, struct err *err)
{
	struct life live;
	int lock, rc = passage_wait_lock(r, app, &lock, err);

	if (rc)
		return rc;
	if (app->live && !app->stopped) {
		command_say(r, "-----> Rebuilding the networks of %s\n", app->name);
		rc = life_find(r->server.store, app, app->live, &live, err);
		if (!rc)
			rc = life_rejoin(&r->server, app, &live, err);
	}
	(void)close(lock);
	return rc;
}

static int rejoin_one(void *ctx, const struct app *app)
{
	struct repair *repair = ctx;
	struct app one = *app;
	struct err why = {0};

	return rejoin(repair->request, &one, &why) < 0 ? complain(repair, app, &why) : 0;
}

int run_network_rebuild(struct request *r, struct err *err)
{
	struct app app;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	return rc ? rc : rejoin(r, &app, err);
}

int run_network_rebuildall(struct request *r, struct err *err)
{
	struct repair repair = {.request = r};
	int rc = command_options(r, NULL, 0, 0, 0, err);

	if (!rc)
		rc = command_each_app(r, rejoin_one, &repair, err);
	return rc ? rc : repair.failed ? 1 : 0;
}

int run_lives_settle(struct request *r, struct err *err)
{
	struct app app;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = app_find(r->server.store, r->argv[1], &app, err);
	return rc ? rc : settle_run(&r->server, &app, err);
}
