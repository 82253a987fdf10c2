#include "receiver/commands/families.h"
#include "receiver/commands/logs.h"
#include "receiver/dispatch/command.h"

#include "builder/life/container.h"
#include "builder/life/plan.h"
#include "builder/logs/logs.h"
#include "builder/run/run.h"
#include "builder/run/runs.h"
#include "builder/say.h"
#include "builder/secrets.h"
#include "config/app/variables.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define ENV_MAX 100
#define TTL_MAX (INT64_C(10) * 366 * 24 * 60 * 60)
#define COMMAND_SIZE 512
#define NAMES_WIDTH 36
#define COMMAND_WIDTH 36

/* ---- run, run:detached ---- */

struct wish {
	struct run run;
	const char *env[ENV_MAX];
	bool no_terminal, force_terminal;
	struct app app;
};

static int check_env(const char *entry, struct err *err)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
		"0123456789";
	size_t len = strspn(entry, letters);

	if (len && len <= VARIABLE_NAME_MAX && entry[len] == '=' &&
		!strchr("0123456789", entry[0]))
		return 0;
	/* What stands behind may be a secret. */
	return err_set(err, ERR_USAGE, "--env %.*s: write it as KEY=VALUE",
		(int)(strcspn(entry, "=") < 40 ? strcspn(entry, "=") : 40), entry);
}

/* "-e KEY=VALUE", "--env KEY=VALUE", "--env=KEY=VALUE": the value, or NULL. *words is how
 * many words it takes. */
static const char *env_option(const struct request *r, int at, int *words)
{
	const char *word = r->argv[at];

	*words = 1;
	if (!strncmp(word, "--env=", 6))
		return word + 6;
	if ((strcmp(word, "-e") != 0 && strcmp(word, "--env") != 0) || at + 1 == r->argc)
		return NULL;
	*words = 2;
	return r->argv[at + 1];
}

/* Options may come once each but for this one: takes all of it out of the words in front
 * of the app. */
static int take_env(struct request *r, struct wish *w, struct err *err)
{
	int to = 1, at = 1, n;

	while (at < r->argc && r->argv[at][0] == '-') {
		const char *value = env_option(r, at, &n);
		bool has_value = !strcmp(r->argv[at], "--ttl-seconds") ||
			!strcmp(r->argv[at], "--app");

		if (value && w->run.env_len == ENV_MAX)
			return err_set(err, ERR_USAGE, "more than %d --env", ENV_MAX);
		if (value && check_env(value, err))
			return ERR_USAGE;
		if (value)
			w->env[w->run.env_len++] = value;
		for (n = value ? n : has_value ? 2 : 1; n && at < r->argc; n--, at++) {
			if (!value)
				r->argv[to++] = r->argv[at];
		}
	}
	while (at < r->argc)
		r->argv[to++] = r->argv[at++];
	r->argc = to;
	r->argv[to] = NULL;
	return 0;
}

static int read_wish(struct request *r, struct wish *w, struct err *err)
{
	const char *ttl = NULL;
	const struct command_option options[] = {
		{"--ttl-seconds", NULL, NULL, &ttl},
		{"--no-tty", NULL, &w->no_terminal, NULL},
		{"--force-tty", NULL, &w->force_terminal, NULL},
		{"--tty", NULL, &w->force_terminal, NULL},
	};
	int rc = take_env(r, w, err);

	w->run.ttl = RUN_TTL_DEFAULT;
	if (!rc)
		rc = command_leading_options(
			r, options, sizeof(options) / sizeof(options[0]), 1, 2, err);
	if (!rc && ttl && number_parse(ttl, 1, TTL_MAX, &w->run.ttl) < 0)
		rc = err_set(err, ERR_USAGE,
			"--ttl-seconds %.40s: it is a number of seconds", ttl);
	if (!rc)
		rc = command_app(r, &w->app, err);
	if (rc)
		return rc;
	w->run.words = r->argv + 2;
	w->run.env = w->env;
	w->run.user = r->user.name;
	w->run.term = r->term;
	return 0;
}

/* A program that can't be started ends with the status that a shell would give. */
static int give_start_status(int rc, const struct err *err)
{
	int status = rc < 0 ? run_start_status(err) : 0;

	if (!status)
		return rc;
	(void)fprintf(stderr, " !     %s\n", err->msg);
	return status;
}

int run_run(struct request *r, struct err *err)
{
	struct wish w = {0};
	int rc = read_wish(r, &w, err);

	if (rc)
		return rc;
	w.run.terminal = (r->has_terminal && !w.no_terminal) || w.force_terminal;
	r->is_status_of_program = true;
	return give_start_status(run_attached(&r->server, &w.app, &w.run, err), err);
}

int run_run_detached(struct request *r, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	struct wish w = {0};
	int rc = read_wish(r, &w, err);

	if (rc)
		return rc;
	w.run.terminal = w.force_terminal;
	if (!w.force_terminal)
		w.run.term = "";
	rc = run_detached(&r->server, &w.app, &w.run, name, err);
	if (!rc)
		(void)printf("%s\n", name);
	return give_start_status(rc, err);
}

/* ---- run:list ---- */

struct listing {
	struct request *request;
	cJSON *json; /* NULL: a table */
	struct app app;
	bool of_one;
	struct err *err;
};

static void add_row(cJSON *json, const struct app *app, const struct run_seen *run,
	const char *command)
{
	cJSON *row = cJSON_CreateObject();
	char time[CLOCK_TEXT_MAX];

	(void)cJSON_AddStringToObject(row, "name", run->name);
	(void)cJSON_AddStringToObject(row, "app", app->name);
	(void)cJSON_AddStringToObject(row, "state", run->state);
	(void)cJSON_AddStringToObject(row, "command", command);
	clock_format(run->created * 1000, time);
	(void)cJSON_AddStringToObject(row, "created_at", time);
	clock_format(run->until * 1000, time);
	(void)cJSON_AddStringToObject(row, "until", time);
	(void)cJSON_AddBoolToObject(row, "detached", run->detached);
	(void)cJSON_AddStringToObject(row, "user", run->user);
	(void)cJSON_AddItemToArray(json, row);
}

static void print_row(const struct run_seen *run, const char *command)
{
	char ago[SAY_DURATION_SIZE], quoted[COMMAND_SIZE + 2];

	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", command);
	(void)printf("%-*s %-*s %s ago\n", NAMES_WIDTH, run->name, COMMAND_WIDTH, quoted,
		say_duration(clock_unix_ms() / 1000 * 1000 - run->created * 1000, ago));
}

static int show(void *ctx, const struct run_seen *run)
{
	struct listing *l = ctx;
	struct request *r = l->request;
	struct app app = l->app;
	char command[COMMAND_SIZE];
	bool may = l->of_one;
	int rc = 0;

	if (!may)
		rc = app_find_handle(r->server.store, run->handle, &app, l->err);
	if (!may && !rc)
		rc = command_may(r, &app, r->command->needs, &may, l->err);
	if (rc == ERR_NOTFOUND || (!rc && !may))
		return 0;
	if (rc)
		return rc;
	(void)snprintf(command, sizeof(command), "%s", run->command);
	say_plain(command);
	secrets_hide(&r->server, command, sizeof(command));
	if (l->json)
		add_row(l->json, &app, run, command);
	else
		print_row(run, command);
	return 0;
}

int run_run_list(struct request *r, struct err *err)
{
	struct listing l = {.request = r, .err = err};
	bool json;
	int rc = command_only_format(r, 0, 1, &json, err);

	l.of_one = r->argc == 2;
	if (!rc && l.of_one)
		rc = command_app(r, &l.app, err);
	if (rc)
		return rc;
	if (json)
		l.json = cJSON_CreateArray();
	else
		command_say(r, "=====> %s%srun containers\n%-*s %-*s CREATED\n",
			l.app.name, l.of_one ? " " : "", NAMES_WIDTH, "NAMES",
			COMMAND_WIDTH, "COMMAND");
	rc = runs_each(&r->server, l.of_one ? &l.app : NULL, show, &l, err);
	if (!rc && json)
		command_print_json(l.json);
	cJSON_Delete(l.json);
	return rc;
}

/* ---- one by its name ---- */

struct search {
	int64_t app_id;
	struct app *app;
};

static int take_app(void *ctx, const struct app *app)
{
	struct search *s = ctx;

	if (app->id != s->app_id)
		return 0;
	*s->app = *app;
	return 1;
}

/* A container of somebody else's app looks like none at all. */
static int find_by_name(struct request *r, const char *name, struct app *app,
	struct place *place, struct err *err)
{
	struct search s = {.app = app};
	int rc = place_find(r->server.store, name, &s.app_id, place, err);

	if (!rc)
		rc = command_each_app(r, take_app, &s, err);
	if (rc == 1 && !strcmp(place->process, PLAN_RUN))
		return 0;
	if (rc < 0 && rc != ERR_NOTFOUND)
		return rc;
	return err_set(err, ERR_NOTFOUND,
		"there is no one-off container %.100s: run:list shows them", name);
}

/* APP, or --container NAME. *of_app: all of that app's are meant. */
static int find_target(struct request *r, const char *container, bool *of_app,
	struct app *app, struct place *place, struct err *err)
{
	*of_app = !container;
	if (!container && r->argc < 2)
		return err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	return container ? find_by_name(r, container, app, place, err)
			 : command_app(r, app, err);
}

/* ---- run:logs ---- */

int run_run_logs(struct request *r, struct err *err)
{
	struct logs_options o = {.of_runs = true};
	struct app app;
	struct place place;
	bool of_app;
	int rc = logs_read_options(r, &o, err);

	if (!rc)
		rc = find_target(r, o.container, &of_app, &app, &place, err);
	return rc ? rc : logs_print(&r->server, &app, &o, err);
}

/* ---- run:stop ---- */

struct stopping {
	struct request *request;
	const char *only; /* a container's name; NULL all */
	struct err *err;
};

static int stop(void *ctx, const struct run_seen *run)
{
	struct stopping *s = ctx;
	int rc;

	if (s->only && strcmp(s->only, run->name) != 0)
		return 0;
	rc = container_stop(&s->request->server, run->name, s->err);
	if (!rc)
		(void)printf("%s\n", run->name);
	return rc;
}

int run_run_stop(struct request *r, struct err *err)
{
	struct stopping s = {.request = r, .err = err};
	const struct command_option options[] = {{"--container", NULL, NULL, &s.only}};
	struct app app;
	struct place place;
	bool of_app;
	int rc = command_options(r, options, 1, 0, 1, err);

	if (!rc)
		rc = find_target(r, s.only, &of_app, &app, &place, err);
	if (!rc)
		rc = runs_each(&r->server, &app, stop, &s, err);
	/* Who is attached to one takes it away; the others go here. */
	return rc ? rc : runs_sweep(&r->server, &app, NULL, err);
}

/* ---- bardod's own job ---- */

int run_run_tend(struct request *r, struct err *err)
{
	struct app app;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = app_find(r->server.store, r->argv[1], &app, err);
	return rc ? rc : runs_tend(&r->server, &app, err);
}
