#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/life/resource_lines.h"
#include "config/app/build_settings.h"
#include "config/app/resources.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/settings.h"
#include "config/store.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* resource: how much memory and processor an app may use, and what is kept for it. */

#define NAMES_MAX 8

static const struct {
	const char *name, *option;
	bool reservable;
} names[] = {
	{"cpu", "--cpu", true},
	{"memory", "--memory", true},
	{"memory-swap", "--memory-swap", false},
	{"network", "--network", false},
	{"network-ingress", "--network-ingress", false},
	{"network-egress", "--network-egress", false},
	{"nvidia-gpu", "--nvidia-gpu", false},
};
#define NAMES (sizeof(names) / sizeof(names[0]))

/* What a command is about. */
struct scope {
	struct request *request;
	const char *kind;
	const char *process; /* "" every one */
	struct app app;	     /* id EVERY_APP for --global */
	const char *values[NAMES_MAX];
	size_t given;
};

/* "limits" or "reservation", as Dokku says it. */
static const char *noun(const struct scope *s)
{
	return strcmp(s->kind, RESOURCE_LIMIT) ? "reservation" : "limits";
}

static const char *owner(const struct scope *s)
{
	return s->app.id == EVERY_APP ? "default" : s->app.name;
}

static int find_app(struct scope *s, bool global, struct err *err)
{
	struct request *r = s->request;

	if (!global && r->argc == 1)
		return err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	if (!global)
		return command_app(r, &s->app, err);
	s->app = (struct app){.id = EVERY_APP};
	if (r->argc > 1)
		return err_set(err, ERR_USAGE, "--global is for every app, not for %.60s",
			r->argv[1]);
	return command_check_global(r, err);
}

static int open_scope(struct request *r, struct scope *s, const char *kind, bool values,
	struct err *err)
{
	struct command_option options[NAMES + 2] = {0};
	bool global = false;
	int rc;

	*s = (struct scope){.request = r, .kind = kind, .process = ""};
	options[0] = (struct command_option){"--global", NULL, &global, NULL};
	options[1] = (struct command_option){"--process-type", NULL, NULL, &s->process};
	for (size_t i = 0; i < NAMES; i++)
		options[i + 2] = (struct command_option){
			names[i].option, NULL, NULL, &s->values[i]};
	rc = command_options(r, options, values ? NAMES + 2 : 2, 0, 1, err);
	for (size_t i = 0; i < NAMES; i++)
		s->given += s->values[i] != NULL;
	if (!rc && *s->process)
		rc = command_process(s->process, err);
	return rc ? rc : find_app(s, global, err);
}

/* ---- setting ---- */

static int check_values(const struct scope *s, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < NAMES && !rc; i++) {
		if (s->values[i] && *s->values[i])
			rc = resource_check(s->kind, names[i].name, s->values[i], err);
	}
	if (!rc && !strcmp(s->process, RESOURCE_BUILD) &&
		!strcmp(s->kind, RESOURCE_RESERVE))
		rc = err_set(err, ERR_USAGE,
			"nothing can be reserved for builds: "
			"resource:limit limits them");
	return rc;
}

static int set_values(const struct scope *s, struct err *err)
{
	struct store *store = s->request->server.store;
	int rc = store_begin(store, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < NAMES && !rc; i++) {
		const struct resource one = {
			s->process, s->kind, names[i].name, s->values[i]};

		if (s->values[i])
			rc = resource_set(store, s->app.id, &one, err);
	}
	return store_end(store, rc, err);
}

static void say_when(const struct scope *s)
{
	const struct request *r = s->request;
	struct build_settings b;

	if (strcmp(s->process, RESOURCE_BUILD) != 0) {
		command_say_later(r, &s->app, false);
		return;
	}
	if (build_settings_read(&b, r->server.store, r->settings, s->app.id, NULL) == 0 &&
		!b.classic)
		(void)printf("       BuildKit takes no notice of limits; the classic "
			     "builder does: builder:set %s selected classic\n",
			s->app.id == EVERY_APP ? "--global" : s->app.name);
}

static void print_title(const struct scope *s, const char *doing)
{
	bool every = s->app.id == EVERY_APP;

	(void)printf("%s %sresource %s%s%s", doing, every ? "default " : "", noun(s),
		every ? "" : " for ", s->app.name);
	(void)printf(*s->process ? " (%s)\n" : "%s\n", s->process);
}

static int set(const struct scope *s, struct err *err)
{
	int rc = check_values(s, err);

	if (!rc)
		rc = set_values(s, err);
	if (rc)
		return rc;
	print_title(s, "=====> Setting");
	for (size_t i = 0; i < NAMES; i++) {
		if (s->values[i])
			command_say(s->request, "       %s: %s\n", names[i].name,
				s->values[i]);
	}
	say_when(s);
	return 0;
}

/* ---- showing ---- */

static int find_value(void *ctx, const struct resource *r)
{
	struct scope *s = ctx;

	if (strcmp(r->kind, s->kind) != 0 || strcmp(r->process, s->process) != 0)
		return 0;
	for (size_t i = 0; i < NAMES; i++) {
		if (!strcmp(names[i].name, r->name))
			(void)printf("       %s: %s\n", r->name, r->value);
	}
	return 0;
}

static int show(struct scope *s, struct err *err)
{
	command_say(s->request, "=====> resource %s %s information%s%s%s\n", noun(s),
		owner(s), *s->process ? " (" : "", s->process, *s->process ? ")" : "");
	return resources_each(s->request->server.store, s->app.id, find_value, s, err);
}

static int set_or_show(struct request *r, const char *kind, struct err *err)
{
	struct scope s;
	int rc = open_scope(r, &s, kind, true, err);

	if (rc)
		return rc;
	r->only_shows = !s.given;
	return s.given ? set(&s, err) : show(&s, err);
}

int run_resource_limit(struct request *r, struct err *err)
{
	return set_or_show(r, RESOURCE_LIMIT, err);
}

int run_resource_reserve(struct request *r, struct err *err)
{
	return set_or_show(r, RESOURCE_RESERVE, err);
}

/* ---- clearing ---- */

static int clear(struct request *r, const char *kind, struct err *err)
{
	struct scope s;
	int rc = open_scope(r, &s, kind, false, err);

	if (!rc)
		rc = resources_clear(r->server.store, s.app.id, s.process, kind, err);
	if (rc)
		return rc;
	print_title(&s, "-----> Clearing");
	say_when(&s);
	return 0;
}

int run_resource_limit_clear(struct request *r, struct err *err)
{
	return clear(r, RESOURCE_LIMIT, err);
}

int run_resource_reserve_clear(struct request *r, struct err *err)
{
	return clear(r, RESOURCE_RESERVE, err);
}

/* ---- the report ---- */

static void add_rows(cJSON *out, const char *process)
{
	char key[128];

	for (size_t i = 0; i < NAMES * 2; i++) {
		bool reserve = i >= NAMES;

		if (reserve && !names[i - NAMES].reservable)
			continue;
		(void)snprintf(key, sizeof(key), "resource-%.64s.%s.%s", process,
			reserve ? RESOURCE_RESERVE : RESOURCE_LIMIT,
			names[i % NAMES].name);
		if (!strstr(key, ".network") && !cJSON_HasObjectItem(out, key))
			(void)cJSON_AddStringToObject(out, key, "");
	}
}

static int add_value(void *ctx, const struct resource *r)
{
	const char *process = *r->process ? r->process : "_default_";
	char key[128];
	cJSON *row;

	add_rows(ctx, process);
	(void)snprintf(
		key, sizeof(key), "resource-%.64s.%s.%s", process, r->kind, r->name);
	row = cJSON_GetObjectItemCaseSensitive(ctx, key);
	if (row)
		(void)cJSON_SetValuestring(row, r->value);
	return 0;
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	add_rows(out, "_default_");
	return resources_each(
		r->server.store, app ? app->id : EVERY_APP, add_value, out, err);
}

int run_resource_report(struct request *r, struct err *err)
{
	return command_report(r, "resource", fill, true, err);
}
