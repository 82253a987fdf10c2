#include "builder/run/run.h"

#include "builder/engine/engine.h"
#include "builder/life/body.h"
#include "builder/life/container.h"
#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/run/attach.h"
#include "builder/run/runs.h"
#include "builder/run/tty.h"
#include "builder/server.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/record/lives.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The status of a container that was taken away under us, as if it had been killed. */
#define STATUS_KILLED 137
#define STATUS_NO_PROGRAM 127
#define STATUS_NOT_EXECUTABLE 126

#define ANSWER_SIZE 1024

/* ---- what runs ---- */

/* NULL: the image's own command. */
static cJSON *make_command(const struct plan *plan, char *const *words)
{
	struct plan_process p;
	cJSON *command;

	if (!words[1] && plan_find_process(plan, words[0], &p))
		return container_process_command(&p);
	if (!words[1] && strpbrk(words[0], " \t\n"))
		return container_command(words[0]);
	command = cJSON_CreateArray();
	for (size_t i = 0; words[i]; i++)
		(void)cJSON_AddItemToArray(command, cJSON_CreateString(words[i]));
	return command;
}

/* Programs that look a name up find the first: one that is there already goes. */
static void set_env(cJSON *body, const char *entry)
{
	cJSON *env = cJSON_GetObjectItemCaseSensitive(body, "Env");
	size_t len = strcspn(entry, "=") + 1;

	for (int i = cJSON_GetArraySize(env) - 1; i >= 0; i--) {
		if (!strncmp(
			    cJSON_GetStringValue(cJSON_GetArrayItem(env, i)), entry, len))
			cJSON_DeleteItemFromArray(env, i);
	}
	(void)cJSON_AddItemToArray(env, cJSON_CreateString(entry));
}

static void add_terminal(cJSON *body, cJSON *host, const struct run *run)
{
	char term[128];
	int rows, columns;
	cJSON *size;

	(void)cJSON_AddTrueToObject(body, "Tty");
	(void)snprintf(term, sizeof(term), "TERM=%s", run->term);
	if (*run->term)
		set_env(body, term);
	/* Newer Engines start with this size, others are told it afterwards. */
	if (tty_size(STDIN_FILENO, &rows, &columns)) {
		size = cJSON_AddArrayToObject(host, "ConsoleSize");
		(void)cJSON_AddItemToArray(size, cJSON_CreateNumber(rows));
		(void)cJSON_AddItemToArray(size, cJSON_CreateNumber(columns));
	}
}

static void add_streams(cJSON *body, cJSON *host)
{
	cJSON *log;

	(void)cJSON_AddTrueToObject(body, "OpenStdin");
	(void)cJSON_AddTrueToObject(body, "StdinOnce");
	(void)cJSON_AddTrueToObject(body, "AttachStdin");
	(void)cJSON_AddTrueToObject(body, "AttachStdout");
	(void)cJSON_AddTrueToObject(body, "AttachStderr");
	/* What goes to the client, a dump of a database perhaps, stays off the disk. */
	log = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(log, "Type", "none");
	cJSON_DeleteItemFromObject(host, "LogConfig");
	(void)cJSON_AddItemToObject(host, "LogConfig", log);
}

static void add_labels(cJSON *body, const struct run *run, bool detached)
{
	cJSON *labels = cJSON_GetObjectItemCaseSensitive(body, "Labels");
	char until[24];

	(void)snprintf(until, sizeof(until), "%lld",
		(long long)(clock_unix_ms() / 1000 + run->ttl));
	(void)cJSON_AddStringToObject(labels, RUN_LABEL_UNTIL, until);
	(void)cJSON_AddStringToObject(labels, RUN_LABEL_USER, run->user);
	if (detached)
		(void)cJSON_AddStringToObject(labels, RUN_LABEL_DETACHED, "true");
}

/* ---- one container ---- */

struct one {
	struct server *server;
	const struct app *app;
	const struct run *run;
	int runs; /* the file that holds its place */
	struct place place;
	char name[CONTAINER_NAME_SIZE];
};

static int make_body(const struct one *o, const struct life *life,
	const struct plan *plan, bool detached, cJSON **out, struct err *err)
{
	cJSON *body, *host, *command;
	int rc = container_body(&body, o->server, o->app, life, plan, &o->place, err);

	if (rc)
		return rc;
	host = cJSON_GetObjectItemCaseSensitive(body, "HostConfig");
	command = make_command(plan, o->run->words);
	cJSON_DeleteItemFromObject(body, "Cmd");
	if (command)
		(void)cJSON_AddItemToObject(body, "Cmd", command);
	for (size_t i = 0; i < o->run->env_len; i++)
		set_env(body, o->run->env[i]);
	if (o->run->terminal)
		add_terminal(body, host, o->run);
	add_labels(body, o->run, detached);
	/* What is started again is no one-off. */
	cJSON_DeleteItemFromObject(host, "RestartPolicy");
	/* As process 1, a program that handles no signal would take none. */
	if (!cJSON_HasObjectItem(host, "Init"))
		(void)cJSON_AddTrueToObject(host, "Init");
	if (detached)
		(void)cJSON_AddTrueToObject(host, "AutoRemove");
	else
		add_streams(body, host);
	*out = body;
	return 0;
}

static int create(struct one *o, const struct life *life, bool detached, struct err *err)
{
	struct plan plan = {0};
	cJSON *body = NULL;
	int rc = life_read_plan(o->server, life, &plan, err);

	if (!rc)
		rc = make_body(o, life, &plan, detached, &body, err);
	if (!rc)
		rc = container_create_from(o->server, o->app, o->name, body, err);
	cJSON_Delete(body);
	plan_finish(&plan);
	return rc;
}

static void remove_one(struct one *o)
{
	struct err err = {0};

	if (o->place.host && runs_remove(o->server, o->app, &o->place, &err) < 0)
		log_warn("%s: %s; reconcile removes it", o->name, err.msg);
	if (o->runs >= 0)
		(void)close(o->runs);
}

/* The place is held and the container made; remove_one in any case. */
static int make_one(struct one *o, bool detached, struct err *err)
{
	struct life life;
	int rc;

	if (!o->app->live)
		return err_set(err, ERR_NOTFOUND, "nothing of %s is live: push it first",
			o->app->name);
	rc = life_find(o->server->store, o->app, o->app->live, &life, err);
	if (rc)
		return rc;
	o->runs = runs_open(o->server, o->app, err);
	if (o->runs < 0)
		return o->runs;
	rc = runs_reserve(o->server, o->app, &life, o->runs, &o->place, err);
	if (rc)
		return rc;
	(void)place_container_name(o->app, &o->place, o->name);
	return create(o, &life, detached, err);
}

int run_start_status(const struct err *err)
{
	if (err->code != ERR_FAILED || !strstr(err->msg, "exec"))
		return 0;
	if (strstr(err->msg, "permission denied") || strstr(err->msg, "is a directory"))
		return STATUS_NOT_EXECUTABLE;
	return strstr(err->msg, "not found") || strstr(err->msg, "no such file")
		? STATUS_NO_PROGRAM
		: 0;
}

/* ---- attached ---- */

static void resize(void *ctx, int rows, int columns)
{
	const struct one *o = ctx;

	(void)engine_call(o->server->engine, NULL, NULL, NULL, "POST",
		"/containers/%s/resize?h=%d&w=%d", o->name, rows, columns);
}

static void pass_on(void *ctx, const char *signal)
{
	const struct one *o = ctx;

	(void)engine_call(o->server->engine, NULL, NULL, NULL, "POST",
		"/containers/%s/kill?signal=%s", o->name, signal);
}

/* ERR_BUSY: it runs. */
static int read_status(const struct one *o, int *status, struct err *err)
{
	cJSON *reply = NULL;
	const cJSON *state, *code;
	int rc = engine_call(o->server->engine, &reply, NULL, err, "GET",
		"/containers/%s/json", o->name);

	state = cJSON_GetObjectItemCaseSensitive(reply, "State");
	code = cJSON_GetObjectItemCaseSensitive(state, "ExitCode");
	if (rc == ERR_NOTFOUND) {
		*status = STATUS_KILLED;
		rc = 0;
	} else if (!rc &&
		cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(state, "Running"))) {
		rc = ERR_BUSY;
	} else if (!rc) {
		*status = cJSON_IsNumber(code) ? code->valueint : STATUS_KILLED;
	}
	cJSON_Delete(reply);
	return rc;
}

/* A program may close its output long before it ends. An attach_end. */
static int wait_for_end(const struct one *o, const struct attach *a, struct err *err)
{
	struct engine_follow *wait = NULL;
	char answer[ANSWER_SIZE];
	ssize_t n = ERR_BUSY;
	int rc = engine_follow(o->server->engine, &wait, NULL, err, "POST",
		"/containers/%s/wait", o->name);

	if (rc)
		return rc == ERR_NOTFOUND ? ATTACH_ENDED : rc;
	while (!rc && n != 0) {
		n = engine_follow_read(wait, answer, sizeof(answer), err);
		if (n == ERR_BUSY)
			rc = attach_wait(a, engine_follow_fd(wait), err);
		else if (n < 0)
			rc = (int)n;
	}
	engine_follow_close(wait);
	return rc;
}

static int follow(struct one *o, struct attach *a, int *status, struct err *err)
{
	int rc = attach_pump(a, err);

	if (rc == ATTACH_ENDED) {
		rc = read_status(o, status, err);
		if (rc == ERR_BUSY) {
			rc = wait_for_end(o, a, err);
			if (!rc)
				rc = read_status(o, status, err);
		}
	}
	return rc;
}

static int end_overdue(struct one *o, struct attach *a, int *status, struct err *err)
{
	int rc = container_stop(o->server, o->name, err);

	a->until = 0;
	if (!rc)
		rc = follow(o, a, status, err);
	(void)fprintf(stderr,
		" !     it was stopped after %lld s: --ttl-seconds says how "
		"long it may run\n",
		(long long)o->run->ttl);
	return rc;
}

/* The exit status. Attached before it starts, so that not a byte is lost. */
static int carry_out(struct one *o, int signals, struct err *err)
{
	struct attach a = {
		.engine = o->server->engine,
		.terminal = o->run->terminal,
		.signals = signals,
		.until = clock_monotonic_ms() + o->run->ttl * 1000,
		.resize = resize,
		.pass_on = pass_on,
		.ctx = o,
	};
	int status = 0;
	int rc = engine_follow(o->server->engine, &a.follow, NULL, err, "POST",
		"/containers/%s/attach?stream=true&stdin=true&stdout=true&stderr=true",
		o->name);

	if (!rc)
		rc = container_start(o->server, o->name, err);
	if (!rc)
		rc = follow(o, &a, &status, err);
	if (rc == ATTACH_OVERDUE)
		rc = end_overdue(o, &a, &status, err);
	if (rc == ATTACH_HUNG_UP) {
		(void)container_stop(o->server, o->name, NULL);
		status = ATTACH_HANGUP_STATUS;
	}
	engine_follow_close(a.follow);
	return rc < 0 ? rc : status;
}

int run_attached(
	struct server *s, const struct app *app, const struct run *run, struct err *err)
{
	struct one o = {.server = s, .app = app, .run = run, .runs = -1};
	int rc, signals = attach_hold_signals(err);

	if (signals < 0)
		return signals;
	rc = make_one(&o, false, err);
	if (!rc)
		rc = carry_out(&o, signals, err);
	remove_one(&o);
	(void)close(signals);
	return rc;
}

/* ---- detached ---- */

int run_detached(struct server *s, const struct app *app, const struct run *run,
	char *name, struct err *err)
{
	struct one o = {.server = s, .app = app, .run = run, .runs = -1};
	int rc = make_one(&o, true, err);

	if (!rc)
		rc = container_start(s, o.name, err);
	if (rc) {
		remove_one(&o);
		return rc;
	}
	(void)close(o.runs);
	(void)snprintf(name, CONTAINER_NAME_SIZE, "%s", o.name);
	runs_ask_tending(s, app);
	return 0;
}
