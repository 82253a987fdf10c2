#include "receiver/commands/logs.h"
#include "receiver/commands/families.h"
#include "receiver/commands/lives.h"
#include "receiver/dispatch/command.h"

#include "builder/life/plan.h"
#include "builder/logs/logs.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"
#include "config/record/lives.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define FAMILY "logs"
#define MAX_SIZE "max-size"
#define LINES_DEFAULT 100
#define LINES_MAX 100000

/* ---- logs ---- */

int logs_read_options(struct request *r, struct logs_options *o, struct err *err)
{
	const char *lines = NULL;
	const struct command_option options[] = {
		{"--tail", "-t", &o->follow, NULL},
		{"--num", "-n", NULL, &lines},
		{"--quiet", "-q", &o->quiet, NULL},
		o->of_runs ? (struct command_option){"--container", NULL, NULL,
				     &o->container}
			   : (struct command_option){"--ps", "-p", NULL, &o->process},
	};
	int rc = command_options(r, options, sizeof(options) / sizeof(options[0]),
		o->of_runs ? 0 : 1, 1, err);

	o->lines = LINES_DEFAULT;
	o->quiet = o->quiet || r->quiet;
	if (!rc && lines && number_parse(lines, 0, LINES_MAX, &o->lines) < 0)
		rc = err_set(err, ERR_USAGE, "-n %.40s: it is a number from 0 to %d",
			lines, LINES_MAX);
	return rc;
}

int run_logs(struct request *r, struct err *err)
{
	struct logs_options o = {0};
	struct app app;
	int rc = logs_read_options(r, &o, err);

	if (!rc)
		rc = command_app(r, &app, err);
	return rc ? rc : logs_print(&r->server, &app, &o, err);
}

/* ---- logs:failed ---- */

struct failed_search {
	int number; /* of the newest that failed; 0 none */
};

static int note_failed(void *ctx, const struct life *life)
{
	struct failed_search *search = ctx;

	if (life->state != LIFE_FAILED)
		return 0;
	search->number = life->number;
	return 1;
}

static int find_failed(
	struct request *r, const struct app *app, int *number, struct err *err)
{
	struct failed_search search = {0};
	int rc = lives_each(r->server.store, app, 0, note_failed, &search, err);

	*number = search.number;
	return rc < 0 ? rc : 0;
}

struct all_failed {
	struct request *request;
	struct err *err;
};

static int print_failed(void *ctx, const struct app *app)
{
	struct all_failed *all = ctx;
	int number, rc = find_failed(all->request, app, &number, all->err);

	if (rc || !number)
		return rc;
	command_say(all->request, "=====> %s life %d\n", app->name, number);
	(void)fflush(stdout);
	rc = lives_print_log(all->request, app, number, all->err);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

int run_logs_failed(struct request *r, struct err *err)
{
	struct all_failed of_all = {.request = r, .err = err};
	bool all = false;
	const struct command_option options[] = {{"--all", NULL, &all, NULL}};
	struct app app;
	int number, rc = command_options(r, options, 1, 0, 1, err);

	if (!rc && all == (r->argc == 2))
		rc = err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	if (!rc && all)
		return command_each_app(r, print_failed, &of_all, err);
	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc)
		rc = find_failed(r, &app, &number, err);
	if (!rc && !number)
		rc = err_set(err, ERR_NOTFOUND, "no deploy of %s has failed", app.name);
	return rc ? rc : lives_print_log(r, &app, number, err);
}

/* ---- logs:set, logs:report ---- */

static int check_size(const char *value, struct err *err)
{
	size_t digits = strspn(value, "0123456789");

	if (!strcmp(value, PLAN_LOG_SIZE_UNLIMITED))
		return 0;
	if (digits && digits < 10 && value[0] != '0' && strchr("kmg", value[digits]) &&
		value[digits] && !value[digits + 1])
		return 0;
	return err_set(err, ERR_USAGE,
		MAX_SIZE " %.40s: it is a number and k, m or g, as 20m, "
			 "or " PLAN_LOG_SIZE_UNLIMITED,
		value);
}

int run_logs_set(struct request *r, struct err *err)
{
	const struct property properties[] = {{MAX_SIZE, check_size}};
	struct app app;
	int rc = command_property_set(r, FAMILY, properties, 1, &app, err);

	if (!rc && app.live)
		command_say(r, "       The next life has it: ps:restart %s makes one\n",
			app.name);
	return rc;
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	return command_report_property(
		r, app, FAMILY, MAX_SIZE, PLAN_LOG_SIZE_DEFAULT, out, err);
}

int run_logs_report(struct request *r, struct err *err)
{
	return command_report(r, FAMILY, fill, true, err);
}
