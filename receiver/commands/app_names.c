#include "receiver/commands/families.h"
#include "receiver/commands/passages.h"
#include "receiver/dispatch/command.h"

#include "builder/deploy/destroy.h"
#include "builder/deploy/retag.h"
#include "builder/deploy/settle.h"
#include "builder/git/git.h"
#include "builder/git/ref.h"
#include "builder/life/container.h"
#include "builder/life/route.h"
#include "config/app/copy.h"
#include "config/base/err.h"
#include "config/paths.h"
#include "config/people/roles.h"
#include "config/record/images.h"
#include "config/settings.h"

#include <stdio.h>
#include <unistd.h>

/* apps:rename and apps:clone. Both make a new name, which takes what apps:create takes.
 */

static int check_creator(const struct request *r, struct err *err)
{
	if (r->on_host || r->user.admin || r->user.may_create)
		return 0;
	return err_set(err, ERR_DENIED,
		"%s is for server admins and users who may make apps, because it makes a "
		"name: ask a server admin",
		r->argv[0]);
}

/* ---- rename ---- */

/* Everything has its old name until its next life, and the record knows which: a new name
 * is one row. What can follow at once does. */
static int rename_app(struct request *r, struct app *app, struct err *err)
{
	int rc;

	command_say(r, "-----> Renaming %s to %s\n", app->name, r->argv[2]);
	(void)fflush(stdout);
	rc = app_rename(r->server.store, app, r->argv[2], err);
	if (rc == ERR_EXISTS)
		return err_set(
			err, rc, "Name is already taken: there is an app %s", r->argv[2]);
	return rc;
}

/* The name is changed by then, whatever happens now. */
static int follow_name(
	struct request *r, struct app *app, int lock, bool skip_deploy, struct err *err)
{
	struct err why = {0};
	int rc;

	/* The server's domains have a name for each app. */
	if (route_ports(&r->server, &why) < 0)
		(void)printf(" !     Its domains lead nowhere for now: %s\n", why.msg);
	if (images_follow_name(&r->server, app, &why) < 0)
		(void)printf(
			" !     Its images keep their old tags for now: %s\n", why.msg);
	if (skip_deploy || !app->live || app->stopped) {
		if (app->live)
			command_say(r,
				"       Its containers are called as before until "
				"the next deploy\n");
		(void)close(lock);
		/* Who was asked before knows the old name. */
		if (app->live)
			(void)settle_ask(&r->server, app, NULL);
		return 0;
	}
	rc = passage_renew(r, app, lock, "rename", err);
	if (rc)
		(void)printf(" !     Its name is %s by now, and its containers are "
			     "called as before. To try again: ps:restart %s\n",
			app->name, app->name);
	return rc;
}

int run_apps_rename(struct request *r, struct err *err)
{
	bool skip_deploy = false;
	const struct command_option options[] = {
		{"--skip-deploy", NULL, &skip_deploy, NULL}};
	struct app app = {0};
	int lock = -1, rc = command_options(r, options, 1, 2, 2, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc)
		rc = check_creator(r, err);
	if (!rc)
		rc = name_check("app", r->argv[2], err);
	if (!rc)
		rc = passage_lock(r, &app, &lock, err);
	if (rc)
		return rc;
	if (!skip_deploy)
		rc = app_check_unlocked(&app, err);
	if (!rc)
		rc = rename_app(r, &app, err);
	if (!rc)
		return follow_name(r, &app, lock, skip_deploy, err);
	(void)close(lock);
	return rc;
}

/* ---- clone ---- */

/* The live commit with its history, and the tags; branches come with deploys. */
static int fetch(
	struct request *r, const struct app *from, const struct app *to, struct err *err)
{
	struct git_command *g = git_command_create();
	char source[PATH_TEXT_MAX], target[PATH_TEXT_MAX], commit[64] = "";
	const char *const words[] = {"fetch", "--quiet", "--no-write-fetch-head",
		path_repository(r->settings, from, source), "+refs/tags/*:refs/tags/*",
		commit};
	const struct spawn_fd errors = {STDERR_FILENO, STDERR_FILENO};
	size_t len = sizeof(words) / sizeof(words[0]) - (from->live ? 0 : 1);
	int rc = g ? 0 : err_set(err, ERR_FAILED, "out of memory");

	(void)snprintf(commit, sizeof(commit), "refs/bardo/lives/%d:refs/bardo/cloned",
		from->live);
	for (size_t i = 0; i < len && !rc; i++)
		rc = git_command_arg(g, words[i], err);
	if (!rc)
		rc = git_command_run(
			g, path_repository(r->settings, to, target), &errors, 1, err);
	git_command_destroy(g);
	if (rc > 0)
		rc = err_set(err, ERR_FAILED, "git could not copy the repository of %s",
			from->name);
	return rc;
}

/* The live image under a tag of the new app's: its deploy finds the tree built. Without
 * it, it builds. */
static void share_image(struct request *r, const struct app *from, const struct app *to,
	const struct life *live)
{
	struct image image;
	int rc = image_find_tag(r->server.store, from, live->tag, &image, NULL);

	if (!rc)
		rc = image_choose_tag(r->server.store, to, &image, NULL);
	if (!rc)
		rc = image_add(r->server.store, to, &image, NULL);
	if (!rc && image_add_tag(&r->server, image.image_id, image.tag, NULL) < 0)
		(void)image_forget(r->server.store, to, image.tag, NULL);
}

/* The settings first: from then on it is an app, and what is missing comes with a push.
 */
static int make_like(struct request *r, const struct app *from, struct app *to,
	const struct life *live, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = 0;

	if (r->user.id && !r->user.admin)
		rc = role_set(r->server.store, r->user.id, to->id, ROLE_OWNER, err);
	if (!rc)
		rc = settings_copy(r->server.store, from, to, command_is_admin(r), err);
	if (!rc)
		rc = route_ports(&r->server, err);
	if (!rc)
		rc = repository_create(path_repository(r->settings, to, path), err);
	if (!rc)
		rc = fetch(r, from, to, err);
	if (!rc && live->number)
		share_image(r, from, to, live);
	return rc;
}

/* What somebody might look for in it and not find. */
static void say_what_is_not(const struct request *r, const struct app *from)
{
	command_say(r,
		"       Not copied from %s: its ports, who else may use it, its "
		"lives, and the data in its volumes\n",
		from->name);
	if (!command_is_admin(r))
		command_say(r,
			"       Nor what is for server admins: its docker options, "
			"networks "
			"and folders of the host\n");
	(void)fflush(stdout);
}

static int deploy_clone(struct request *r, struct app *to, int lock,
	const struct life *live, struct err *err)
{
	struct passage_wish wish = {
		.source = "clone", .from = *live, .kind = PASSAGE_COMMIT};
	char ref[BRANCH_SIZE + 16];

	(void)snprintf(ref, sizeof(ref), "refs/heads/%s",
		*to->deploy_branch ? to->deploy_branch : "main");
	wish.ref = ref;
	return passage_run(r, to, &wish, lock, err);
}

/* Makes it, without a deploy, and keeps its lock. */
static int make_clone(struct request *r, const struct app *from, struct app *to,
	int *lock, const struct life *live, struct err *err)
{
	int rc = app_create(
		r->server.store, r->settings, r->argv[2], r->user.id, true, to, err);

	if (!rc)
		rc = passage_lock(r, to, lock, err);
	if (rc)
		return rc;
	rc = make_like(r, from, to, live, err);
	if (!rc)
		return 0;
	(void)app_destroy(&r->server, to, NULL);
	(void)close(*lock);
	return rc;
}

/* The source is held still: nobody cleans its repository meanwhile. */
static int clone_app(
	struct request *r, struct app *from, bool skip_deploy, struct err *err)
{
	struct life live = {0};
	struct app to = {0};
	int from_lock, lock = -1, rc = passage_lock(r, from, &from_lock, err);

	if (rc)
		return rc;
	command_say(r, "-----> Cloning %s to %s\n", from->name, r->argv[2]);
	(void)fflush(stdout);
	if (from->live)
		rc = life_find(r->server.store, from, from->live, &live, err);
	if (!rc)
		rc = make_clone(r, from, &to, &lock, &live, err);
	(void)close(from_lock);
	if (rc)
		return rc;
	say_what_is_not(r, from);
	if (live.number && !skip_deploy)
		return deploy_clone(r, &to, lock, &live, err);
	(void)close(lock);
	return 0;
}

int run_apps_clone(struct request *r, struct err *err)
{
	bool skip_deploy = false, ignore_existing = false;
	const struct command_option options[] = {
		{"--skip-deploy", NULL, &skip_deploy, NULL},
		{"--ignore-existing", NULL, &ignore_existing, NULL},
	};
	struct app from = {0}, there;
	int rc = command_options(r, options, 2, 2, 2, err);

	if (!rc)
		rc = command_app(r, &from, err);
	if (!rc)
		rc = check_creator(r, err);
	if (rc)
		return rc;
	rc = app_find(r->server.store, r->argv[2], &there, err);
	if (!rc && ignore_existing) {
		(void)printf(" !     Name is already taken\n");
		return 0;
	}
	if (!rc)
		return err_set(err, ERR_EXISTS,
			"Name is already taken: there is an app %s", r->argv[2]);
	return rc == ERR_NOTFOUND ? clone_app(r, &from, skip_deploy, err) : rc;
}
