#include "receiver/commands/command.h"
#include "receiver/commands/families.h"

#include "builder/destroy.h"
#include "builder/reconcile.h"
#include "builder/ref.h"
#include "builder/route.h"
#include "config/apps.h"
#include "config/base/err.h"
#include "config/base/spawn.h"
#include "config/lives.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/settings.h"
#include "hooks/push.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Git does the git: receive-pack and upload-pack run in the repository's own folder with
 * an environment of ours, and this process is their parent. */

#define GIT_PROGRAM "/usr/bin/git"
#define GIT_ENV_MAX 20
#define GIT_ENV_SIZE 2048
#define GIT_ARGS_MAX 40

struct git_run {
	char *argv[GIT_ARGS_MAX];
	size_t argc;
	char *env[GIT_ENV_MAX];
	char env_text[GIT_ENV_MAX][GIT_ENV_SIZE];
	size_t env_len;
	char hooks_path[PATH_TEXT_MAX + 32];
	char max_size[64];
};

static void add_arg(struct git_run *g, const char *arg)
{
	if (g->argc < GIT_ARGS_MAX - 1)
		g->argv[g->argc++] = (char *)arg;
}

static void add_setting(struct git_run *g, const char *setting)
{
	add_arg(g, "-c");
	add_arg(g, setting);
}

static int add_env(
	struct git_run *g, const char *name, const char *value, struct err *err)
{
	char *text = g->env_text[g->env_len];

	if (g->env_len == GIT_ENV_MAX - 1 ||
		snprintf(text, GIT_ENV_SIZE, "%s=%s", name, value) >= GIT_ENV_SIZE)
		return err_set(
			err, ERR_FAILED, "%s is too long for git's environment", name);
	g->env[g->env_len++] = text;
	return 0;
}

static int base_env(struct git_run *g, const struct request *r, struct err *err)
{
	int rc = add_env(g, "PATH", "/usr/bin:/bin", err);

	if (!rc)
		rc = add_env(g, "HOME", "/nonexistent", err);
	if (!rc)
		rc = add_env(g, "LANG", "C.UTF-8", err);
	if (!rc)
		rc = add_env(g, "GIT_CONFIG_NOSYSTEM", "1", err);
	if (!rc)
		rc = add_env(g, "GIT_CONFIG_GLOBAL", "/dev/null", err);
	if (!rc && *r->git_protocol)
		rc = add_env(g, "GIT_PROTOCOL", r->git_protocol, err);
	return rc;
}

/* Settings of both directions: lives' refs stay hidden, and memory bounded. */
static void base_args(struct git_run *g)
{
	add_arg(g, "git");
	add_setting(g, "transfer.hideRefs=refs/bardo");
	add_setting(g, "core.bigFileThreshold=4m");
	add_setting(g, "core.packedGitWindowSize=1m");
	add_setting(g, "core.packedGitLimit=32m");
	add_setting(g, "pack.threads=1");
}

static int upload_pack_run(struct git_run *g, const struct request *r, struct err *err)
{
	base_args(g);
	add_arg(g, "upload-pack");
	add_arg(g, ".");
	return base_env(g, r, err);
}

static int receive_pack_run(struct git_run *g, const struct request *r,
	const struct app *app, struct err *err)
{
	char hooks[PATH_TEXT_MAX];
	int rc;

	(void)snprintf(g->hooks_path, sizeof(g->hooks_path), "core.hooksPath=%s",
		path_beside_us("hooks.d", hooks));
	(void)snprintf(g->max_size, sizeof(g->max_size), "receive.maxInputSize=%lld",
		(long long)r->settings->git_max_pack_size);
	base_args(g);
	add_setting(g, g->hooks_path);
	add_setting(g, g->max_size);
	add_setting(g, "receive.procReceiveRefs=refs");
	add_setting(g, "receive.advertisePushOptions=true");
	add_setting(g, "receive.advertiseAtomic=true");
	add_setting(g, "receive.shallowUpdate=true");
	add_setting(g, "receive.fsckObjects=true");
	add_setting(g, "receive.keepAlive=5");
	add_setting(g, "receive.autogc=false");
	add_arg(g, "receive-pack");
	add_arg(g, ".");
	rc = base_env(g, r, err);
	if (!rc)
		rc = add_env(g, PUSH_ENV_APP, app->name, err);
	if (!rc)
		rc = add_env(g, PUSH_ENV_USER, r->user.name, err);
	if (!rc)
		rc = add_env(g, PUSH_ENV_KEY, r->key, err);
	if (!rc)
		rc = add_env(g, PUSH_ENV_CLIENT_SIDE, r->client_side, err);
	if (!rc)
		rc = add_env(g, "BARDO_CONFIG", getenv("BARDO_CONFIG"), err);
	return rc ? rc : add_env(g, "BARDO_OVERRIDES", getenv("BARDO_OVERRIDES"), err);
}

/* Runs git in the app's repository with our standard descriptors and these. Gives its
 * exit status when it has ended. */
static int run_git(struct git_run *g, const struct request *r, const struct app *app,
	const struct spawn_fd *more, size_t more_len, struct err *err)
{
	char repository[PATH_TEXT_MAX];
	struct spawn_fd fds[SPAWN_FDS_MAX] = {{0, 0}, {1, 1}, {2, 2}};
	struct spawn git = {
		.path = GIT_PROGRAM,
		.argv = g->argv,
		.env = g->env,
		.cwd = path_repository(r->settings, app->name, repository),
		.fds = fds,
		.fds_len = 3 + more_len,
	};
	pid_t pid;

	for (size_t i = 0; i < more_len; i++)
		fds[3 + i] = more[i];
	pid = spawn_start(&git, err);
	return pid < 0 ? (int)pid : spawn_wait(pid);
}

/* A server admin's first push makes the app. */
static int find_or_create(
	struct request *r, const char *name, struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = app_find(r->server.store, name, app, err);

	if (rc != ERR_NOTFOUND)
		return rc;
	if (!r->settings->server_create_on_push)
		return err_set(err, ERR_NOTFOUND,
			"there is no app %s: apps:create %s makes it "
			"(server.create-on-push is off)",
			name, name);
	rc = app_create(r->server.store, r->settings, name, true, app, err);
	if (rc == ERR_EXISTS) /* two first pushes at once */
		rc = app_find(r->server.store, name, app, err);
	else if (!rc)
		rc = route_ports(&r->server, err);
	return rc ? rc : repository_create(path_repository(r->settings, name, path), err);
}

static int count_unfinished(void *ctx, const struct life *life)
{
	int *n = ctx;

	*n += life->state != LIFE_DRAINING ? 1 : 0;
	return 0;
}

/* A deploy that was killed left its life unfinished, and a first push of which nothing
 * was taken leaves an app that is none. Somebody else's deploy is left alone. */
static int clean_up(struct request *r, struct app *app, int lock, struct err *err)
{
	int unfinished = 0;
	int rc = app_reload(r->server.store, app, err);

	if (!rc)
		rc = lives_each_unfinished(
			r->server.store, app, count_unfinished, &unfinished, err);
	if (rc || (!unfinished && !app->provisional))
		return rc;
	rc = lock_try(lock, err);
	if (!rc)
		rc = unfinished ? reconcile_app(&r->server, app, err)
				: app_destroy_if_empty(&r->server, app, err);
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

static int receive_pack(struct request *r, struct app *app, int lock, struct err *err)
{
	struct git_run *g = calloc(1, sizeof(*g));
	int alive[2], status, rc;

	if (!g || pipe2(alive, O_CLOEXEC) < 0) {
		free(g);
		return err_errno(err, "a pipe");
	}
	rc = receive_pack_run(g, r, app, err);
	if (!rc) {
		struct spawn_fd fds[] = {{lock, PUSH_LOCK_FD}, {alive[1], PUSH_ALIVE_FD}};

		rc = run_git(g, r, app, fds, 2, err);
	}
	(void)close(alive[1]);
	wait_for_all(alive[0]);
	(void)close(alive[0]);
	free(g);
	status = rc;
	rc = clean_up(r, app, lock, err);
	return rc ? rc : status;
}

int run_receive_pack(struct request *r, struct err *err)
{
	char name[NAME_SIZE], path[PATH_TEXT_MAX];
	struct app app;
	int lock, rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = name_from_path(name, r->argv[1], err);
	if (!rc)
		rc = find_or_create(r, name, &app, err);
	if (rc)
		return rc;
	lock = lock_open(path_app_lock(r->settings, app.name, path), err);
	if (lock < 0)
		return lock;
	rc = receive_pack(r, &app, lock, err);
	(void)close(lock);
	return rc;
}

int run_upload_pack(struct request *r, struct err *err)
{
	struct git_run *g;
	char name[NAME_SIZE];
	struct app app;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = name_from_path(name, r->argv[1], err);
	if (!rc)
		rc = app_find(r->server.store, name, &app, err);
	if (rc)
		return rc;
	g = calloc(1, sizeof(*g));
	if (!g)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = upload_pack_run(g, r, err);
	if (!rc)
		rc = run_git(g, r, &app, NULL, 0, err);
	free(g);
	return rc;
}

/* git-check-ref-format(1)'s rules, for one branch. */
static int check_branch(const char *branch, struct err *err)
{
	if (ref_branch_is_valid(branch) && strlen(branch) < BRANCH_SIZE - 16)
		return 0;
	return err_set(err, ERR_USAGE, "%.60s can't be the name of a branch", branch);
}

int run_git_set(struct request *r, struct err *err)
{
	const char *branch;
	struct app app;
	int rc = command_options(r, NULL, 0, 2, 3, err);

	if (!rc)
		rc = app_find(r->server.store, r->argv[1], &app, err);
	if (!rc && strcmp(r->argv[2], "deploy-branch"))
		rc = err_set(err, ERR_USAGE,
			"git:set has no property %.60s: there is deploy-branch",
			r->argv[2]);
	branch = r->argc > 3 ? r->argv[3] : "";
	if (!rc && *branch)
		rc = check_branch(branch, err);
	if (!rc)
		rc = app_set_deploy_branch(r->server.store, &app, branch, err);
	if (!rc)
		(void)printf("=====> Setting deploy-branch to %s\n",
			*branch ? branch : "the first of main, master that is pushed");
	return rc;
}
