#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/life/life.h"
#include "builder/mask.h"
#include "builder/recipe/procfile.h"
#include "builder/say.h"
#include "builder/secrets.h"
#include "config/app/checks.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TYPE_SIZE 128

/* Calls each for the words between the commas of "web,worker". */
static int each_type(const char *types,
	int (*each)(void *ctx, const char *type, struct err *err), void *ctx,
	struct err *err)
{
	int rc = 0;

	while (!rc) {
		size_t n = strcspn(types, ",");
		char type[TYPE_SIZE];

		if (!n || n >= sizeof(type))
			return err_set(err, ERR_USAGE,
				"\"%.60s\" is no process type: name them like web,worker",
				types);
		(void)snprintf(type, sizeof(type), "%.*s", (int)n, types);
		rc = each(ctx, type, err);
		types += n;
		if (!*types++)
			break;
	}
	return rc;
}

/* ---- which types are checked ---- */

/* What becomes of the types that are named. */
struct change {
	char lists[2][PROPERTY_VALUE_SIZE]; /* by the names below */
	int into;			    /* the list that they come into; -1 none */
};

static const char *const list_names[2] = {CHECKS_SKIPPED, CHECKS_DISABLED};
enum { SKIPPED, DISABLED, NEITHER = -1 };

static int change_type(void *ctx, const char *type, struct err *err)
{
	struct change *c = ctx;

	if (!process_name_is_valid(type))
		return err_set(err, ERR_USAGE,
			"%.60s is no process type: use a-z, 0-9 and -", type);
	for (int i = 0; i < 2; i++) {
		checks_remove(c->lists[i], type);
		if (c->into == NEITHER && checks_has(c->lists[i], CHECKS_EVERY_TYPE))
			return err_set(err, ERR_FAILED,
				"every process type is %s: checks:enable without %s, "
				"then "
				"name those that stay so",
				list_names[i], type);
	}
	if (c->into == NEITHER)
		return 0;
	checks_remove(c->lists[c->into], CHECKS_EVERY_TYPE);
	return checks_add(c->lists[c->into], type, err);
}

static int change_lists(
	struct request *r, const struct app *app, int into, struct err *err)
{
	struct change c = {.into = into};
	const char *types = r->argc > 2 ? r->argv[2] : CHECKS_EVERY_TYPE;
	bool all = !strcmp(types, CHECKS_EVERY_TYPE);
	int rc = 0;

	for (int i = 0; i < 2 && !rc && !all; i++)
		rc = property_get_own(r->server.store, app->id, CHECKS_FAMILY,
			list_names[i], c.lists[i], err);
	if (!rc && !all)
		rc = each_type(types, change_type, &c, err);
	else if (into != NEITHER)
		rc = checks_add(c.lists[into], CHECKS_EVERY_TYPE, err);
	for (int i = 0; i < 2 && !rc; i++)
		rc = property_set(r->server.store, app->id, CHECKS_FAMILY, list_names[i],
			c.lists[i], err);
	return rc;
}

static int change_checks(struct request *r, const char *doing, int into, struct err *err)
{
	struct app app;
	int rc = command_options(r, NULL, 0, 1, 2, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc)
		rc = change_lists(r, &app, into, err);
	if (rc)
		return rc;
	if (r->argc > 2)
		command_say(r, "-----> %s zero downtime for app's (%s) proctypes (%s)\n",
			doing, app.name, r->argv[2]);
	else
		command_say(r, "-----> %s zero downtime for app (%s)\n", doing, app.name);
	return 0;
}

int run_checks_disable(struct request *r, struct err *err)
{
	return change_checks(r, "Disabling", DISABLED, err);
}

int run_checks_enable(struct request *r, struct err *err)
{
	return change_checks(r, "Enabling", NEITHER, err);
}

int run_checks_skip(struct request *r, struct err *err)
{
	return change_checks(r, "Skipping", SKIPPED, err);
}

/* ---- checks:set and checks:report ---- */

static int check_seconds(const char *value, int min, struct err *err)
{
	int64_t n;

	if (number_parse(value, min, CHECKS_SECONDS_MAX, &n) == 0)
		return 0;
	return err_set(err, ERR_USAGE, "%.40s: it is a number of seconds, %d to %d",
		value, min, CHECKS_SECONDS_MAX);
}

static int check_patience(const char *value, struct err *err)
{
	return check_seconds(value, 0, err);
}

/* Without any time nothing could ever pass. */
static int check_timeout(const char *value, struct err *err)
{
	return check_seconds(value, 1, err);
}

static int check_attempts(const char *value, struct err *err)
{
	int64_t n;

	if (number_parse(value, 1, CHECKS_ATTEMPTS_MAX, &n) == 0)
		return 0;
	return err_set(err, ERR_USAGE, "%.40s: it is a number of tries, 1 to %d", value,
		CHECKS_ATTEMPTS_MAX);
}

int run_checks_set(struct request *r, struct err *err)
{
	static const struct property properties[] = {
		{CHECKS_ATTEMPTS, check_attempts},
		{CHECKS_DEFAULT_WAIT, check_patience},
		{CHECKS_STARTUP_TIMEOUT, check_timeout},
		{CHECKS_TIMEOUT, check_timeout},
		{CHECKS_WAIT, check_timeout},
		{CHECKS_WAIT_TO_RETIRE, check_patience},
	};
	struct app app;

	return command_property_set(r, CHECKS_FAMILY, properties,
		sizeof(properties) / sizeof(properties[0]), &app, err);
}

static int add_list(struct request *r, const struct app *app, const char *name,
	const char *key, cJSON *out, struct err *err)
{
	char list[PROPERTY_VALUE_SIZE];
	int rc = property_get_own(
		r->server.store, app->id, CHECKS_FAMILY, name, list, err);

	(void)cJSON_AddStringToObject(out, key, *list ? list : "none");
	return rc;
}

static int add_seconds(struct request *r, const struct app *app, const char *name,
	int64_t computed, cJSON *out, struct err *err)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, computed / 1000);
	return command_report_property(r, app, CHECKS_FAMILY, name, text, out, err);
}

/* What stands in for what a check doesn't say. */
static int add_defaults(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	static const struct {
		const char *name, *otherwise;
	} all[] = {
		{CHECKS_ATTEMPTS, "3"},
		{CHECKS_DEFAULT_WAIT, "2"},
		{CHECKS_TIMEOUT, "5"},
		{CHECKS_WAIT, "5"},
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !rc; i++)
		rc = command_report_property(
			r, app, CHECKS_FAMILY, all[i].name, all[i].otherwise, out, err);
	return rc;
}

static int fill_report(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	struct store *s = r->server.store;
	int64_t id = app ? app->id : EVERY_APP;
	int rc = 0;

	if (app)
		rc = add_list(r, app, CHECKS_DISABLED, "checks-disabled-list", out, err);
	if (app && !rc)
		rc = add_list(r, app, CHECKS_SKIPPED, "checks-skipped-list", out, err);
	if (!rc)
		rc = add_seconds(r, app, CHECKS_WAIT_TO_RETIRE,
			checks_drain(s, id, r->settings), out, err);
	if (!rc)
		rc = add_seconds(r, app, CHECKS_STARTUP_TIMEOUT,
			checks_timeout(s, id, r->settings), out, err);
	return rc ? rc : add_defaults(r, app, out, err);
}

int run_checks_report(struct request *r, struct err *err)
{
	return command_report(r, CHECKS_FAMILY, fill_report, true, err);
}

/* ---- checks:run ---- */

struct running {
	struct request *request;
	const struct app *app;
	struct life life;
	struct say say;
};

static int run_type(void *ctx, const char *type, struct err *err)
{
	struct running *p = ctx;

	return life_check_now(&p->request->server, p->app, &p->life, type, &p->say, err);
}

static int run_all(struct running *p, struct err *err)
{
	struct request *r = p->request;
	struct mask *mask;
	int rc = secrets_mask(&r->server, p->app->id, &mask, err);

	if (rc)
		return rc;
	p->say.mask = mask;
	say_step(&p->say, "Running pre-flight checks");
	rc = r->argc > 2 ? each_type(r->argv[2], run_type, p, err)
			 : run_type(p, NULL, err);
	mask_destroy(mask);
	return rc;
}

int run_checks_run(struct request *r, struct err *err)
{
	struct app app;
	struct running p = {.request = r, .app = &app};
	int rc = command_options(r, NULL, 0, 1, 2, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (rc)
		return rc;
	if (!app.live)
		return err_set(err, ERR_NOTFOUND, "nothing of %s is live: push it first",
			app.name);
	if (app.stopped)
		return err_set(err, ERR_FAILED, "%s is stopped: ps:start %s", app.name,
			app.name);
	rc = life_find(r->server.store, &app, app.live, &p.life, err);
	if (rc)
		return rc;
	say_init(&p.say, STDOUT_FILENO);
	rc = run_all(&p, err);
	say_finish(&p.say);
	return rc;
}
