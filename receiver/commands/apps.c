#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/deploy/destroy.h"
#include "builder/git/ref.h"
#include "builder/life/container.h"
#include "builder/life/route.h"
#include "builder/life/volume.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/lock.h"
#include "config/names.h"
#include "config/paths.h"
#include "config/people/roles.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int equip(struct request *r, struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = 0;

	if (r->user.id && !r->user.admin)
		rc = role_set(r->server.store, r->user.id, app->id, ROLE_OWNER, err);
	if (!rc)
		rc = repository_create(path_repository(r->settings, app, path), err);
	if (!rc)
		rc = route_ports(&r->server, err);
	return rc ? rc : app_confirm(r->server.store, app, err);
}

/* A provisional app that nobody else uses. What can't be undone now, reconcile does. */
static void unmake(struct request *r, struct app *app, int pushes)
{
	char path[PATH_TEXT_MAX];
	int lock = lock_open(path_app_lock(r->settings, app, path), NULL);

	if (lock < 0)
		return;
	if (lock_try(lock, NULL) == 0 && lock_try(pushes, NULL) == 0)
		(void)app_destroy(&r->server, app, NULL);
	(void)close(lock);
}

/* Until all is there the app is provisional, as one that a first push makes: whatever
 * happens, no half of it stays. */
int run_apps_create(struct request *r, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct app app = {0};
	int pushes, rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = name_check("app", r->argv[1], err);
	if (rc)
		return rc;
	pushes = lock_open(path_app_pushes(r->settings, r->argv[1], path), err);
	rc = pushes < 0 ? pushes : lock_share(pushes, err);
	if (!rc)
		rc = app_create(r->server.store, r->settings, r->argv[1], r->user.id,
			true, &app, err);
	if (!rc) {
		rc = equip(r, &app, err);
		if (rc)
			unmake(r, &app, pushes);
	}
	if (pushes >= 0)
		(void)close(pushes);
	if (!rc)
		command_say(r, "-----> Creating %s...\n", app.name);
	return rc;
}

/* Data is never lost unless it is asked for. No app gets a volume of one that is gone: a
 * server admin may let it into another on purpose. */
static int say_kept(void *ctx, const char *volume)
{
	const struct request *r = ctx;

	(void)printf("       Its volume %s stays: %sstorage:destroy %s removes it\n",
		volume, command_is_admin(r) ? "" : "a server admin's ", volume);
	return 0;
}

static void say_why_kept(const char *volume, const char *why)
{
	(void)printf("       Its volume %s stays: %s\n", volume, why);
}

int run_apps_destroy(struct request *r, struct err *err)
{
	bool volumes = false;
	const struct command_option options[] = {
		{"--force", "-f", &r->force, NULL}, {"--volumes", NULL, &volumes, NULL}};
	char path[PATH_TEXT_MAX], what[NAME_SIZE + 96];
	struct app app;
	int lock, rc;

	rc = command_options(r, options, 2, 1, 1, err);
	if (!rc)
		rc = command_app(r, &app, err);
	if (rc)
		return rc;
	(void)snprintf(what, sizeof(what), "destroy %s, its repository, its images%s",
		app.name, volumes ? " and all that is in its volumes" : "");
	rc = command_confirm(r, app.name, what, err);
	if (rc)
		return rc;
	lock = lock_open(path_app_lock(r->settings, &app, path), err);
	if (lock < 0)
		return lock;
	rc = lock_take(lock, err);
	if (!rc) {
		command_say(r, "-----> Destroying %s and what it had\n", app.name);
		(void)fflush(stdout);
		rc = app_destroy(&r->server, &app, err);
	}
	if (!rc && volumes)
		rc = volumes_remove_all(&r->server, &app, say_why_kept, err);
	else if (!rc)
		rc = volumes_each(&r->server, &app, say_kept, r, err);
	(void)close(lock);
	return rc;
}

int run_apps_exists(struct request *r, struct err *err)
{
	struct app app;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	return rc ? rc : command_app(r, &app, err);
}

static int print_app(void *ctx, const struct app *app)
{
	(void)ctx;
	return printf("%s\n", app->name) < 0 ? ERR_FAILED : 0;
}

static int add_app(void *ctx, const struct app *app)
{
	cJSON *one = cJSON_CreateObject();
	char when[CLOCK_TEXT_MAX];

	clock_format(app->created_at, when);
	(void)cJSON_AddStringToObject(one, "app", app->name);
	(void)cJSON_AddStringToObject(one, "created_at", when);
	if (app->destroyed_at) {
		clock_format(app->destroyed_at, when);
		(void)cJSON_AddStringToObject(one, "destroyed_at", when);
	}
	(void)cJSON_AddStringToObject(one, "deploy_branch", app->deploy_branch);
	(void)cJSON_AddNumberToObject(one, "live", app->live);
	(void)cJSON_AddNumberToObject(one, "port", app->port);
	(void)cJSON_AddItemToArray(ctx, one);
	return 0;
}

/* Whose they were is gone with them. */
static int check_destroyed(const struct request *r, struct err *err)
{
	if (r->on_host || r->user.admin)
		return 0;
	return err_set(err, ERR_DENIED,
		"destroyed apps are for server admins, and %s is none: ask one",
		r->user.name);
}

static int each_listed(struct request *r, bool destroyed,
	int (*each)(void *ctx, const struct app *app), void *ctx, struct err *err)
{
	return destroyed ? apps_each_destroyed(r->server.store, each, ctx, err)
			 : command_each_app(r, each, ctx, err);
}

int run_apps_list(struct request *r, struct err *err)
{
	bool json, destroyed = false;
	const char *format = NULL;
	const struct command_option options[] = {
		{"--destroyed", NULL, &destroyed, NULL},
		{"--format", NULL, NULL, &format},
	};
	cJSON *list;
	int rc = command_options(r, options, 2, 0, 0, err);

	if (!rc)
		rc = command_format(format, &json, err);
	if (!rc && destroyed)
		rc = check_destroyed(r, err);
	if (rc)
		return rc;
	if (!json) {
		command_say(r, "=====> %s\n", destroyed ? "Destroyed Apps" : "My Apps");
		return each_listed(r, destroyed, print_app, NULL, err);
	}
	list = cJSON_CreateArray();
	rc = each_listed(r, destroyed, add_app, list, err);
	if (!rc)
		command_print_json(list);
	cJSON_Delete(list);
	return rc;
}
