#include "receiver/commands/passages.h"
#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/deploy/deploy.h"
#include "builder/deploy/settle.h"
#include "builder/git/ref.h"
#include "builder/say.h"
#include "config/base/err.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Commands that make a new life without a push. */

#define NO_COMMIT "0000000000000000000000000000000000000000"

static int deploy(struct request *r, struct app *app, const struct passage_wish *wish,
	struct err *err)
{
	bool is_from_image = wish->kind == PASSAGE_REVIVE || wish->kind == PASSAGE_RENEW;
	struct life life = {0};
	struct say say;
	const struct ref_change new_branch = {wish->ref, NO_COMMIT, wish->from.commit};
	struct deploy d = {
		.server = &r->server,
		.app = app,
		.say = &say,
		.user = &r->user,
		.key = r->key,
		.client_side = r->client_side,
		.peer = r->peer,
		.source = wish->source,
		.commit = wish->from.commit,
		.version = wish->from.version,
		.ref = wish->ref,
		.changes = &new_branch,
		.changes_len = wish->ref ? 1 : 0,
		.from = is_from_image ? &wish->from : NULL,
		.renew = wish->kind == PASSAGE_RENEW,
		.rebuild = wish->kind == PASSAGE_BUILD,
		.no_cache = wish->no_cache,
	};
	int rc;

	say_init(&say, STDOUT_FILENO);
	say.quiet = r->quiet;
	rc = deploy_run(&d, &life, err);
	say_finish(&say);
	/* What went wrong was said as it happened. */
	return rc && life.number ? err_exit_status(rc) : rc;
}

static int take_lock(
	struct request *r, struct app *app, bool wait, int *lock, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc;

	*lock = lock_open(path_app_lock(r->settings, app, path), err);
	if (*lock < 0)
		return *lock;
	rc = lock_take(*lock, err);
	if (rc == ERR_BUSY && wait) {
		command_say(r, "-----> Waiting for the deploy that is under way\n");
		(void)fflush(stdout);
		rc = lock_wait(*lock, err);
	}
	if (!rc)
		rc = app_reload(r->server.store, app, err);
	if (!rc && app->destroyed_at)
		rc = err_set(err, ERR_NOTFOUND, "%s was destroyed meanwhile", app->name);
	if (rc) {
		(void)close(*lock);
		*lock = -1;
	}
	return rc;
}

int passage_lock(struct request *r, struct app *app, int *lock, struct err *err)
{
	return take_lock(r, app, false, lock, err);
}

int passage_wait_lock(struct request *r, struct app *app, int *lock, struct err *err)
{
	return take_lock(r, app, true, lock, err);
}

/* The lock is let go before the old life is settled. */
int passage_run(struct request *r, struct app *app, const struct passage_wish *wish,
	int lock, struct err *err)
{
	int rc = app_check_unlocked(app, err);

	if (!rc)
		rc = deploy(r, app, wish, err);
	(void)close(lock);
	if (rc)
		return rc;
	rc = settle_ask(&r->server, app, NULL);
	return rc == ERR_AWAY ? settle_run(&r->server, app, err) : rc;
}

int passage_renew(
	struct request *r, struct app *app, int lock, const char *source, struct err *err)
{
	struct passage_wish wish = {.source = source, .kind = PASSAGE_RENEW};
	int rc = app->live ? life_find(r->server.store, app, app->live, &wish.from, err)
			   : ERR_NOTFOUND;

	if (!rc)
		return passage_run(r, app, &wish, lock, err);
	(void)close(lock);
	return app->live ? rc : 0;
}

static int open_app(struct request *r, struct app *app, int *lock, struct err *err)
{
	int rc = command_app(r, app, err);

	return rc ? rc : passage_lock(r, app, lock, err);
}

static int no_stable(const struct app *app, struct err *err)
{
	return err_set(err, ERR_NOTFOUND,
		"no life of %s is marked as stable: lives:stable %s [N] marks one",
		app->name, app->name);
}

static int find_revived(
	struct request *r, const struct app *app, struct life *from, struct err *err)
{
	int number, rc;

	if (r->argc == 2)
		return life_find_good(r->server.store, app,
			app->live ? app->live : app->last_life + 1, from, err);
	number = app->stable;
	if (!strcmp(r->argv[2], "stable"))
		rc = number ? 0 : no_stable(app, err);
	else
		rc = command_life_number(r->argv[2], &number, err);
	if (!rc)
		rc = life_find(r->server.store, app, number, from, err);
	if (!rc && from->created_at < app->created_at)
		return err_set(err, ERR_FAILED,
			"life %d is from before %s was destroyed: its commit went with "
			"the "
			"repository",
			number, app->name);
	if (!rc && !from->live_at)
		rc = err_set(err, ERR_FAILED, "life %d never went live: %s", number,
			from->reason);
	return rc;
}

int run_lives_revive(struct request *r, struct err *err)
{
	struct passage_wish wish = {.source = "revive", .kind = PASSAGE_REVIVE};
	struct app app;
	int lock, rc = command_options(r, NULL, 0, 1, 2, err);

	if (!rc)
		rc = open_app(r, &app, &lock, err);
	if (rc)
		return rc;
	rc = find_revived(r, &app, &wish.from, err);
	if (!rc)
		return passage_run(r, &app, &wish, lock, err);
	(void)close(lock);
	return rc;
}
