#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/engine/engine.h"
#include "builder/life/plan.h"
#include "builder/run/enter.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* Going into a container that runs. */

#define NAMES_MAX 1024

struct target {
	char container[CONTAINER_NAME_SIZE];
	char label[CONTAINER_NAME_SIZE + 32];
};

/* "worker.2" is the process worker at position 2; "worker" is its first. */
static void split_process(const char *text, char process[PROCESS_SIZE], int *position)
{
	const char *dot = strrchr(text, '.');
	int64_t n = 0;

	*position = 0;
	if (dot && number_parse(dot + 1, 1, CONTAINERS_MAX, &n) == 0)
		*position = (int)n;
	(void)snprintf(process, PROCESS_SIZE, "%.*s",
		*position ? (int)(dot - text) : PROCESS_SIZE - 1, text);
}

static bool is_asked_for(const struct place *p, const char *process, int position)
{
	return strcmp(p->process, PLAN_RUN) != 0 &&
		(!process || !strcmp(p->process, process)) &&
		(!position || p->position == position);
}

static const struct place *choose(
	const struct place *places, size_t len, const char *process, int position)
{
	for (size_t i = 0; i < len; i++) {
		if (is_asked_for(&places[i], process, position))
			return &places[i];
	}
	return NULL;
}

static int no_such_process(const struct app *app, const struct place *places, size_t len,
	const char *asked, struct err *err)
{
	struct buf names;

	buf_init(&names, NAMES_MAX);
	for (size_t i = 0; i < len; i++) {
		if (is_asked_for(&places[i], NULL, 0))
			(void)buf_addf(&names, "%s%s.%d", names.len ? ", " : "",
				places[i].process, places[i].position);
	}
	(void)err_set(err, ERR_NOTFOUND, "%s has no process %.60s: there is %s",
		app->name, asked, names.len ? buf_text(&names) : "none");
	buf_finish(&names);
	return ERR_NOTFOUND;
}

static int find_process(struct request *r, const struct app *app, const char *asked,
	struct target *out, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	const struct place *place;
	char process[PROCESS_SIZE];
	size_t len;
	int position, rc;

	if (!app->live)
		return err_set(err, ERR_NOTFOUND, "nothing of %s is live: push it first",
			app->name);
	rc = places_read(r->server.store, app, app->live, places, &len, err);
	if (rc)
		return rc;
	split_process(asked ? asked : PLAN_WEB, process, &position);
	place = choose(places, len, process, position);
	if (!place && !asked)
		place = choose(places, len, NULL, 0);
	if (!place)
		return no_such_process(app, places, len, asked ? asked : PLAN_WEB, err);
	(void)place_container_name(app, place, out->container);
	(void)snprintf(out->label, sizeof(out->label), "%s.%d of %s", place->process,
		place->position, app->name);
	return 0;
}

static bool has_label(const cJSON *labels, const char *name, const char *value)
{
	const char *has =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(labels, name));

	return has && !strcmp(has, value);
}

/* Another text would be another path of the API, which answers in other ways. */
static bool is_container_name(const char *id)
{
	static const char usable[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.-";

	return *id && *id != '.' && !id[strspn(id, usable)];
}

/* By the Engine's id or name; it must be the app's. */
static int find_container(struct request *r, const struct app *app, const char *id,
	struct target *out, struct err *err)
{
	char escaped[CONTAINER_NAME_SIZE * 3];
	const cJSON *config, *labels;
	const char *name;
	cJSON *reply = NULL;
	int rc;

	if (!engine_escape(id, escaped, sizeof(escaped)))
		return err_set(err, ERR_USAGE, "no container has so long a name");
	rc = is_container_name(id) ? engine_call(r->server.engine, &reply, NULL, err,
					     "GET", "/containers/%s/json", escaped)
				   : ERR_NOTFOUND;
	if (rc && rc != ERR_NOTFOUND)
		return rc;
	config = cJSON_GetObjectItemCaseSensitive(reply, "Config");
	labels = cJSON_GetObjectItemCaseSensitive(config, "Labels");
	name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply, "Name"));
	if (name && has_label(labels, "bardo.handle", app->handle) &&
		has_label(labels, "bardo.server", r->server.id)) {
		(void)snprintf(out->container, sizeof(out->container), "%s",
			name + strspn(name, "/"));
		(void)snprintf(out->label, sizeof(out->label), "%s", out->container);
	} else {
		rc = err_set(
			err, ERR_NOTFOUND, "%s has no container %.80s", app->name, id);
	}
	cJSON_Delete(reply);
	return rc;
}

int run_enter(struct request *r, struct err *err)
{
	const char *id = NULL;
	const struct command_option options[] = {{"--container-id", NULL, NULL, &id}};
	struct enter enter = {.terminal = r->has_terminal, .term = r->term};
	struct target target = {0};
	struct app app;
	int words, rc = command_leading_options(r, options, 1, 2, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (rc)
		return rc;
	words = id || r->argc < 3 ? 2 : 3;
	rc = id ? find_container(r, &app, id, &target, err)
		: find_process(r, &app, words == 3 ? r->argv[2] : NULL, &target, err);
	if (rc)
		return rc;
	enter.container = target.container;
	enter.label = target.label;
	enter.command = r->argc > words ? r->argv + words : NULL;
	r->is_status_of_program = true;
	return enter_run(&r->server, &enter, err);
}
