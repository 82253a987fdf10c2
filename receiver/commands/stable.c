#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/base/err.h"
#include "config/record/lives.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* lives:stable: the life that somebody marked as safe to fall back to. */

struct wish {
	bool show, clear, json;
};

static int show(const struct app *app, bool json, struct err *err)
{
	if (json) {
		cJSON *o = cJSON_CreateObject();

		(void)cJSON_AddStringToObject(o, "app", app->name);
		(void)cJSON_AddNumberToObject(o, "stable", app->stable);
		command_print_json(o);
		cJSON_Delete(o);
		return 0;
	}
	if (!app->stable)
		return err_set(err, ERR_NOTFOUND,
			"no life of %s is marked as stable: lives:stable %s [N] marks "
			"one",
			app->name, app->name);
	(void)printf("%d\n", app->stable);
	return 0;
}

/* Only what has served can be trusted to serve again, and only while its commit is there.
 */
static int find_life(
	struct request *r, const struct app *app, struct life *out, struct err *err)
{
	int number = app->live;
	int rc = r->argc > 2 ? command_life_number(r->argv[2], &number, err) : 0;

	if (rc)
		return rc;
	if (!number)
		return err_set(err, ERR_NOTFOUND, "nothing of %s is live: push it first",
			app->name);
	rc = life_find(r->server.store, app, number, out, err);
	if (rc)
		return rc;
	if (!out->live_at)
		return err_set(err, ERR_FAILED, "life %d of %s never went live", number,
			app->name);
	if (out->created_at < app->created_at)
		return err_set(err, ERR_FAILED,
			"life %d is from before %s was destroyed: its commit went with "
			"the repository",
			number, app->name);
	return 0;
}

static int mark(struct request *r, struct app *app, struct err *err)
{
	struct life life;
	int rc = find_life(r, app, &life, err);

	if (!rc)
		rc = app_set_stable(r->server.store, app, life.number, err);
	if (!rc)
		command_say(r,
			"-----> Life %d of %s is stable: lives:revive %s stable "
			"brings it back\n",
			life.number, app->name, app->name);
	return rc;
}

static int clear(struct request *r, struct app *app, struct err *err)
{
	int rc = app_set_stable(r->server.store, app, 0, err);

	if (!rc)
		command_say(r, "-----> No life of %s is stable\n", app->name);
	return rc;
}

int run_lives_stable(struct request *r, struct err *err)
{
	struct wish wish = {0};
	const char *format = NULL;
	const struct command_option options[] = {
		{"--show", NULL, &wish.show, NULL},
		{"--clear", NULL, &wish.clear, NULL},
		{"--format", NULL, NULL, &format},
	};
	struct app app = {0};
	int rc = command_options(r, options, 3, 1, 2, err);

	if (!rc)
		rc = command_format(format, &wish.json, err);
	wish.show = r->only_shows = wish.show || wish.json;
	if (!rc && (wish.show ? wish.clear || r->argc > 2 : wish.clear && r->argc > 2))
		rc = err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	if (!rc)
		rc = command_app_named(
			r, r->argv[1], wish.show ? NEEDS_READ : NEEDS_DEPLOY, &app, err);
	if (rc)
		return rc;
	if (wish.show)
		return show(&app, wish.json, err);
	return wish.clear ? clear(r, &app, err) : mark(r, &app, err);
}
