#include "hooks/push.h"

#include "builder/git/ref.h"
#include "builder/life/compose.h"
#include "builder/recipe/of_app.h"
#include "builder/recipe/recipe.h"
#include "builder/say.h"
#include "builder/secrets.h"
#include "builder/source/source.h"
#include "config/app/build_settings.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/paths.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define HEADS "refs/heads/"
#define TAGS "refs/tags/"
#define FIRST_BRANCHES 2

/* What an app deploys before somebody says otherwise, the first that is pushed. */
static const char *const first_branches[FIRST_BRANCHES] = {"main", "master"};

static const char *from_env(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

int push_open(struct push *p, struct err *err)
{
	int rc;

	*p = (struct push){0};
	log_to(PUSH_LOG_FD);
	repository_library_hold();
	p->key = from_env(PUSH_ENV_KEY);
	p->client_side = from_env(PUSH_ENV_CLIENT_SIDE);
	p->peer = from_env(PUSH_ENV_PEER);
	(void)snprintf(p->user.name, sizeof(p->user.name), "%s", from_env(PUSH_ENV_USER));
	p->commands = calloc(PUSH_COMMANDS_MAX, sizeof(*p->commands));
	if (!p->commands)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = settings_load_exported(&p->settings, err);
	if (!rc)
		rc = server_open(&p->server, &p->settings, err);
	if (!rc)
		rc = app_find_handle(
			p->server.store, from_env(PUSH_ENV_APP), &p->app, err);
	if (!rc)
		rc = property_get_own(p->server.store, EVERY_APP, "git", "deploy-branch",
			p->every_apps_branch, err);
	if (rc)
		push_close(p);
	return rc;
}

void push_close(struct push *p)
{
	server_close(&p->server);
	free(p->commands);
	p->commands = NULL;
}

int push_add_command(struct push *p, const char *line, struct err *err)
{
	struct push_command *c = &p->commands[p->len];
	const size_t hex = COMMIT_SIZE - 1;

	if (p->len == PUSH_COMMANDS_MAX)
		return err_set(
			err, ERR_USAGE, "more than %d refs in a push", PUSH_COMMANDS_MAX);
	if (strlen(line) < 2 * hex + 3 || line[hex] != ' ' || line[2 * hex + 1] != ' ' ||
		strlen(line + 2 * hex + 2) >= sizeof(c->ref))
		return err_set(err, ERR_USAGE, "a command that is none: %.100s", line);
	*c = (struct push_command){0};
	memcpy(c->old, line, hex);
	memcpy(c->new, line + hex + 1, hex);
	(void)snprintf(c->ref, sizeof(c->ref), "%s", line + 2 * hex + 2);
	p->len++;
	return 0;
}

int push_option(struct push *p, const char *option, struct err *err)
{
	if (strcmp(option, "dry-run"))
		return err_set(err, ERR_USAGE,
			"unknown push option %.100s: there is `git push -o dry-run`",
			option);
	p->dry_run = true;
	return 0;
}

static bool is_delete(const struct push_command *c)
{
	return strspn(c->new, "0") == strlen(c->new);
}

static const char *branch_of(const struct push_command *c)
{
	return strncmp(c->ref, HEADS, strlen(HEADS)) ? NULL : c->ref + strlen(HEADS);
}

static struct push_command *find_branch(struct push *p, const char *branch)
{
	for (size_t i = 0; i < p->len; i++) {
		const char *name = branch_of(&p->commands[i]);

		if (name && !strcmp(name, branch))
			return &p->commands[i];
	}
	return NULL;
}

/* The branch that deploys: what was settled, else what is set for every app, else the
 * first of main, master in this push. "" if there is none among them. */
static const char *deploy_branch(struct push *p)
{
	if (*p->app.deploy_branch)
		return p->app.deploy_branch;
	if (*p->every_apps_branch)
		return p->every_apps_branch;
	for (size_t i = 0; i < FIRST_BRANCHES; i++) {
		struct push_command *c = find_branch(p, first_branches[i]);

		if (c && !is_delete(c))
			return first_branches[i];
	}
	return "";
}

static void refuse(struct push_command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void refuse(struct push_command *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->reason, sizeof(c->reason), fmt, ap);
	va_end(ap);
	say_plain(c->reason);
	c->deploys = false;
}

/* What its owner locked takes nothing, tags neither: the record stays as it is. */
static bool judge_lock(struct push *p, struct push_command *c)
{
	struct err err = {0};

	if (app_check_unlocked(&p->app, &err) == 0)
		return true;
	refuse(c, "%s", err.msg);
	return false;
}

static void judge_branch(struct push_command *c, const char *deploys)
{
	const char *branch = branch_of(c);
	bool is_deploy_branch = !strcmp(branch, deploys);

	if (is_delete(c) && is_deploy_branch)
		refuse(c, "the deploy branch can't be deleted");
	else if (is_delete(c)) /* one that was the deploy branch before */
		return;
	else if (!*deploys)
		refuse(c,
			"%s is not a deploy branch: main or master is, until git:set "
			"names "
			"another",
			branch);
	else if (!is_deploy_branch)
		refuse(c, "%s is not the deploy branch, %s is", branch, deploys);
	else
		c->deploys = true;
}

static void judge_ref(struct push_command *c, const char *deploys)
{
	if (branch_of(c))
		judge_branch(c, deploys);
	else if (strncmp(c->ref, TAGS, strlen(TAGS)))
		refuse(c, "bardo takes branches and tags only");
}

static void judge_disk(struct push *p, struct push_command *c)
{
	struct statvfs fs;
	int64_t free_bytes;

	if (statvfs(p->settings.server_data, &fs) < 0)
		return;
	free_bytes = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (free_bytes < p->settings.build_min_free)
		refuse(c,
			"the server's disk is nearly full: %lld MB left, build.min-free "
			"is %lld MB",
			(long long)(free_bytes >> 20),
			(long long)(p->settings.build_min_free >> 20));
}

/* A commit that can't be built is refused before it costs anything. */
static void judge_source(struct push *p, struct push_command *c, const char *repository)
{
	struct build_settings build = {0};
	struct source_options options = {
		.repository = repository,
		.commit = c->commit,
		.dir = build.dir,
		.dockerfile = build.dockerfile,
	};
	struct source *source;
	struct err err = {0};

	if (build_settings_read(&build, p->server.store, &p->settings, p->app.id, &err) <
			0 ||
		source_open(&source, &options, &err) < 0)
		refuse(c, "%s", err.msg);
	else
		source_close(source);
}

/* Nor does a Procfile or app.json that is wrong cost a build. */
static void judge_recipe(struct push *p, struct push_command *c, const char *repository)
{
	struct recipe recipe;
	struct err err = {0};
	int rc = recipe_of_app(&recipe, &p->server, &p->app, repository, c->commit, &err);

	if (!rc) {
		rc = recipe_check_env(&recipe, &p->server, &p->app, &err);
		if (!rc)
			rc = plan_check_recipe(&p->server, &p->app, &recipe, &err);
		recipe_finish(&recipe);
	}
	if (rc)
		refuse(c, "%s", err.msg);
}

void push_judge(struct push *p, bool quarantine)
{
	char path[PATH_TEXT_MAX];
	const char *repository =
		quarantine ? NULL : path_repository(&p->settings, &p->app, path);
	const char *deploys = deploy_branch(p);

	for (size_t i = 0; i < p->len; i++) {
		struct push_command *c = &p->commands[i];
		struct err why = {0};

		if (judge_lock(p, c))
			judge_ref(c, deploys);
		if (is_delete(c))
			continue;
		if (commit_peel(repository, c->new, c->commit, &why) < 0 && c->deploys)
			refuse(c, "%s", why.msg);
		if (c->deploys)
			judge_disk(p, c);
		if (c->deploys)
			judge_source(p, c, repository);
		if (c->deploys)
			judge_recipe(p, c, repository);
		/* It may quote a line of the Dockerfile. */
		if (*c->reason)
			secrets_hide(&p->server, c->reason, sizeof(c->reason));
	}
}

void push_judge_again(struct push *p, struct push_command *c)
{
	if (judge_lock(p, c))
		judge_branch(c, deploy_branch(p));
}

void push_explain(const struct push *p, const struct push_command *c)
{
	const char *branch = branch_of(c);
	const char *deploys = *p->app.deploy_branch ? p->app.deploy_branch
		: *p->every_apps_branch		    ? p->every_apps_branch
						    : "main";

	(void)fprintf(stderr, " !     %s: %s\n", c->ref, c->reason);
	if (branch && is_delete(c))
		(void)fprintf(stderr, " !     To remove the app: apps:destroy %s\n",
			p->app.name);
	else if (branch && strcmp(branch, deploys) && !c->deploys)
		(void)fprintf(stderr,
			" !     To deploy it once: git push production %s:%s\n"
			" !     To deploy it from now on: git:set %s deploy-branch %s\n",
			branch, deploys, p->app.name, branch);
}

void push_complain(struct push *p, struct err *err)
{
	secrets_hide(&p->server, err->msg, sizeof(err->msg));
	(void)fprintf(stderr, " !     %s\n", err->msg);
}
