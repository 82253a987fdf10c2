#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/deploy/destroy.h"
#include "builder/deploy/reconcile.h"
#include "builder/engine/engine.h"
#include "builder/git/git.h"
#include "builder/git/ref.h"
#include "builder/life/route.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/door.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/people/roles.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/settings.h"
#include "hooks/push.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For what is put in order after a push; bardod can wait longer. */
#define TIDY_PATIENCE_MS 3000

/* Git does the git: receive-pack and upload-pack run in the repository's own folder, and
 * this process is their parent. */

/* What we promise about pushes, whatever the repository's own configuration says. */
static int add_receive_settings(
	struct git_command *g, const struct request *r, struct err *err)
{
	static const char *const settings[] = {
		"receive.procReceiveRefs=refs",
		"receive.advertisePushOptions=true",
		"receive.advertiseAtomic=true",
		"receive.shallowUpdate=true",
		"receive.fsckObjects=true",
		/* What came as a pack stays one: loose, a big file is compressed again,
		 * and mapped as a whole to be read. */
		"receive.unpackLimit=1",
		"receive.denyDeleteCurrent=ignore", /* push_judge knows which one stays */
		"receive.keepAlive=5",
		"receive.autogc=false",
	};
	char hooks[PATH_TEXT_MAX], text[PATH_TEXT_MAX + 32];
	int rc = 0;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]) && !rc; i++)
		rc = git_command_setting(g, settings[i], err);
	(void)snprintf(text, sizeof(text), "core.hooksPath=%s",
		path_beside_us("hooks.d", hooks));
	if (!rc)
		rc = git_command_setting(g, text, err);
	(void)snprintf(text, sizeof(text), "receive.maxInputSize=%lld",
		(long long)r->settings->git_max_pack_size);
	return rc ? rc : git_command_setting(g, text, err);
}

/* What the hooks must know of who pushes where. */
static int add_push_env(struct git_command *g, const struct request *r,
	const struct app *app, struct err *err)
{
	const struct {
		const char *name, *value;
	} env[] = {
		{PUSH_ENV_APP, app->handle},
		{PUSH_ENV_USER, r->user.name},
		{PUSH_ENV_KEY, r->key},
		{PUSH_ENV_CLIENT_SIDE, r->client_side},
		{PUSH_ENV_PEER, r->peer},
		{"BARDO_CONFIG", getenv("BARDO_CONFIG")},
		{"BARDO_OVERRIDES", getenv("BARDO_OVERRIDES")},
		{"BARDO_SETTINGS", getenv("BARDO_SETTINGS")},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(env) / sizeof(env[0]) && !rc; i++)
		rc = git_command_env(g, env[i].name, env[i].value, err);
	return rc;
}

/* Runs `git VERB .` with our standard descriptors and these. */
static int run_git(struct git_command *g, const struct request *r, const struct app *app,
	const char *verb, const struct spawn_fd *more, size_t more_len, struct err *err)
{
	struct spawn_fd fds[SPAWN_FDS_MAX] = {{0, 0}, {1, 1}, {2, 2}};
	char repository[PATH_TEXT_MAX];
	int rc = git_command_env(g, "GIT_PROTOCOL", r->git_protocol, err);

	if (!rc)
		rc = git_command_arg(g, verb, err);
	if (!rc)
		rc = git_command_arg(g, ".", err);
	for (size_t i = 0; i < more_len; i++)
		fds[3 + i] = more[i];
	if (rc)
		return rc;
	return git_command_run(
		g, path_repository(r->settings, app, repository), fds, 3 + more_len, err);
}

static int create_app(
	struct request *r, const char *name, struct app *app, struct err *err)
{
	char disabled[PROPERTY_VALUE_SIZE];
	int rc = property_get_own(r->server.store, EVERY_APP, "apps",
		"disable-autocreation", disabled, err);

	if (rc)
		return rc;
	if (!r->settings->server_create_on_push || !strcmp(disabled, "true"))
		return err_set(err, ERR_NOTFOUND,
			"there is no app %s: apps:create %s makes it (%s)", name, name,
			r->settings->server_create_on_push
				? "apps:set --global disable-autocreation is true"
				: "server.create-on-push is off");
	rc = app_create(r->server.store, r->settings, name, r->user.id, true, app, err);
	if (rc == ERR_EXISTS) /* two first pushes at once */
		return command_app_named(r, name, NEEDS_DEPLOY, app, err);
	if (!rc && r->user.id && !r->user.admin)
		rc = role_set(r->server.store, r->user.id, app->id, ROLE_OWNER, err);
	return rc ? rc : route_ports(&r->server, err);
}

/* Whether the user may push there: to an app, or to make it. Before anything is written
 * for the name. */
static int check_pusher(struct request *r, const char *name, struct err *err)
{
	struct app app;
	int rc = app_find(r->server.store, name, &app, NULL);
	bool creates = !r->user.deploy_only &&
		(r->user.admin || r->user.may_create || r->on_host);

	if (rc == ERR_NOTFOUND && creates)
		return 0;
	return command_app_named(r, name, NEEDS_DEPLOY, &app, err);
}

/* A first push makes the app. Whoever shares the lock of its pushes finds
 * it still there at the end. */
static int find_or_create(
	struct request *r, const char *name, int pushes, struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = lock_share(pushes, err);

	if (!rc)
		rc = app_find(r->server.store, name, app, err);
	if (rc == ERR_NOTFOUND)
		rc = create_app(r, name, app, err);
	else if (!rc) /* somebody else may have made it since it was checked */
		rc = command_app_named(r, name, NEEDS_DEPLOY, app, err);
	if (rc || access(path_repository(r->settings, app, path), F_OK) == 0)
		return rc;
	return repository_create(path, err);
}

static int count_unfinished(void *ctx, const struct life *life)
{
	int *n = ctx;

	*n += life->state != LIFE_DRAINING ? 1 : 0;
	return 0;
}

/* A deploy that was killed left its life unfinished, and a first push of which nothing
 * was taken leaves an app that is none. Somebody else's deploy is left alone. */
static int clean_up(
	struct request *r, struct app *app, int lock, int pushes, struct err *err)
{
	int unfinished = 0;
	int rc = app_reload(r->server.store, app, err);

	if (!rc)
		rc = lives_each_unfinished(
			r->server.store, app, count_unfinished, &unfinished, err);
	if (rc || (!unfinished && !app->provisional))
		return rc;
	rc = lock_take(lock, err);
	if (!rc && unfinished)
		rc = reconcile_app(&r->server, app, err);
	if (!rc)
		rc = app_destroy_if_empty(&r->server, app, pushes, err);
	return rc == ERR_BUSY ? 0 : rc;
}

/* Every process of the push has the pipe's other end: it ends with the last of them, also
 * when receive-pack was killed and its hook goes on. */
static void wait_for_all(int alive)
{
	char nothing[1];

	while (read(alive, nothing, sizeof(nothing)) > 0)
		continue;
}

/* Whoever pushed waits for no Engine that hangs. */
static void leave_to_reconcile(
	const struct request *r, const struct app *app, const struct err *why)
{
	char path[PATH_TEXT_MAX], command[NAME_SIZE + 32];

	log_warn("%s: after a push: %s", app->name, why->msg);
	(void)snprintf(command, sizeof(command), "reconcile %s", app->name);
	(void)door_job(path_door(r->settings, path), command, NULL);
}

static int receive_pack(
	struct request *r, struct app *app, int lock, int pushes, struct err *err)
{
	struct git_command *g = git_command_create();
	struct err own = {0};
	int alive[2], status, rc;

	if (!g || pipe2(alive, O_CLOEXEC) < 0) {
		git_command_destroy(g);
		return err_errno(err, "a pipe");
	}
	rc = add_receive_settings(g, r, err);
	if (!rc)
		rc = add_push_env(g, r, app, err);
	if (!rc) {
		struct spawn_fd fds[] = {
			{lock, PUSH_LOCK_FD},
			{alive[1], PUSH_ALIVE_FD},
			{log_descriptor(), PUSH_LOG_FD},
		};

		rc = run_git(g, r, app, "receive-pack", fds, 3, err);
	}
	(void)close(alive[1]);
	wait_for_all(alive[0]);
	(void)close(alive[0]);
	git_command_destroy(g);
	status = rc;
	engine_set_timeout(r->server.engine, TIDY_PATIENCE_MS);
	/* What git said of the push stays what is said of it. */
	rc = clean_up(r, app, lock, pushes, &own);
	if (rc)
		leave_to_reconcile(r, app, &own);
	return status;
}

int run_receive_pack(struct request *r, struct err *err)
{
	char name[NAME_SIZE], path[PATH_TEXT_MAX];
	struct app app;
	int lock = -1, pushes = -1;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = name_from_path(name, r->argv[1], err);
	if (!rc)
		rc = check_pusher(r, name, err);
	if (!rc)
		command_is_about(r, name, 0);
	if (rc)
		return rc;
	pushes = lock_open(path_app_pushes(r->settings, name, path), err);
	if (pushes < 0)
		return pushes;
	rc = find_or_create(r, name, pushes, &app, err);
	if (!rc)
		lock = lock_open(path_app_lock(r->settings, &app, path), err);
	if (!rc)
		rc = lock < 0 ? lock : receive_pack(r, &app, lock, pushes, err);
	if (lock >= 0)
		(void)close(lock);
	(void)close(pushes);
	return rc;
}

int run_upload_pack(struct request *r, struct err *err)
{
	struct git_command *g;
	char name[NAME_SIZE];
	struct app app;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = name_from_path(name, r->argv[1], err);
	if (!rc)
		rc = command_app_named(r, name, NEEDS_READ, &app, err);
	if (rc)
		return rc;
	g = git_command_create();
	if (!g)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = run_git(g, r, &app, "upload-pack", NULL, 0, err);
	git_command_destroy(g);
	return rc;
}
