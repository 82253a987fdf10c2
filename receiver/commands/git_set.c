#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/git/ref.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/record/lives.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* git:set and git:report: which branch a push deploys. */

#define DEPLOY_BRANCH "deploy-branch"
#define HEADS "refs/heads/"

/* git-check-ref-format(1)'s rules, for one branch. */
static int check_branch(const char *branch, struct err *err)
{
	if (ref_branch_is_valid(branch) && strlen(branch) < BRANCH_SIZE - 16)
		return 0;
	return err_set(err, ERR_USAGE, "%.60s can't be the name of a branch", branch);
}

static int set_everywhere(struct request *r, const char *branch, struct err *err)
{
	int rc = command_check_global(r, err);

	return rc ? rc
		  : property_set(r->server.store, EVERY_APP, "git", DEPLOY_BRANCH, branch,
			    err);
}

static int set(struct request *r, bool global, const char *branch, struct err *err)
{
	struct app app = {0};
	int rc;

	if (global)
		return set_everywhere(r, branch, err);
	rc = command_app(r, &app, err);
	return rc ? rc : app_set_deploy_branch(r->server.store, &app, branch, err);
}

int run_git_set(struct request *r, struct err *err)
{
	bool global = false;
	const struct command_option options[] = {{"--global", NULL, &global, NULL}};
	const char *name, *branch;
	int rc = command_options(r, options, 1, 1, 3, err);
	int first = global ? 1 : 2;

	if (rc)
		return rc;
	if (r->argc <= first || r->argc > first + 2)
		return err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	name = r->argv[first];
	branch = r->argc > first + 1 ? r->argv[first + 1] : "";
	if (strcmp(name, DEPLOY_BRANCH) != 0)
		return command_no_property(r, name, DEPLOY_BRANCH, err);
	if (!strncmp(branch, HEADS, strlen(HEADS)))
		branch += strlen(HEADS);
	if (*branch)
		rc = check_branch(branch, err);
	if (!rc)
		rc = set(r, global, branch, err);
	if (!rc && *branch)
		command_say(r, "=====> Setting " DEPLOY_BRANCH " to %s\n", branch);
	else if (!rc)
		command_say(r, "=====> Unsetting " DEPLOY_BRANCH "\n");
	return rc;
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	char everywhere[PROPERTY_VALUE_SIZE], updated[24] = "";
	const char *own = app ? app->deploy_branch : "";
	struct life live = {0};
	int rc = property_get_own(
		r->server.store, EVERY_APP, "git", DEPLOY_BRANCH, everywhere, err);

	if (!rc && app && app->live)
		rc = life_find(r->server.store, app, app->live, &live, err);
	if (rc)
		return rc;
	/* Without one of its own it is the first of main and master that is pushed. */
	(void)cJSON_AddStringToObject(out, "git-computed-deploy-branch",
		*own		      ? own
			: *everywhere ? everywhere
				      : "main");
	(void)cJSON_AddStringToObject(out, "git-global-deploy-branch", everywhere);
	if (!app)
		return 0;
	if (live.live_at)
		(void)snprintf(updated, sizeof(updated), "%lld",
			(long long)(live.live_at / 1000));
	(void)cJSON_AddStringToObject(out, "git-deploy-branch", own);
	(void)cJSON_AddStringToObject(out, "git-last-updated-at", updated);
	(void)cJSON_AddStringToObject(out, "git-sha", live.commit);
	return 0;
}

int run_git_report(struct request *r, struct err *err)
{
	return command_report(r, "git", fill, true, err);
}
