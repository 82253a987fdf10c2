#include "builder/run/runs.h"

#include "builder/engine/engine.h"
#include "builder/life/container.h"
#include "builder/life/plan.h"
#include "builder/mask.h"
#include "builder/server.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/base/number.h"
#include "config/door.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/record/apps.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Bytes of the file of runs. Those from 2 on are the places' hosts: the network's own
 * number and its gateway's are no container's. */
enum { BYTE_TENDING = 0, BYTE_GATE = 1 };

#define FILTER_SIZE 768
#define EVENT_SIZE 4096

int runs_open(struct server *s, const struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX];

	return lock_open(path_app_runs(s->settings, app, path), err);
}

/* The gate keeps a place that is reserved, and not yet held, from being taken for one
 * that is left. */
int runs_reserve(struct server *s, const struct app *app, const struct life *life,
	int runs, struct place *out, struct err *err)
{
	int rc = runs_sweep(s, app, NULL, err);

	if (!rc)
		rc = lock_byte_wait(runs, BYTE_GATE, err);
	if (rc)
		return rc;
	rc = place_reserve(s->store, life, PLAN_RUN, 0, out, err);
	if (!rc)
		rc = lock_byte_wait(runs, out->host, err);
	lock_byte_release(runs, BYTE_GATE);
	return rc;
}

int runs_remove(struct server *s, const struct app *app, const struct place *place,
	struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	int rc = container_remove(s, place_container_name(app, place, name), err);

	return rc ? rc : place_release(s->store, app, place, err);
}

/* ---- what nobody holds ---- */

struct place_list {
	struct place items[CONTAINERS_MAX];
	size_t len;
};

static int read_runs(
	struct server *s, const struct app *app, struct place_list *out, struct err *err)
{
	struct place all[CONTAINERS_MAX];
	size_t len;
	int rc = places_read(s->store, app, 0, all, &len, err);

	out->len = 0;
	for (size_t i = 0; i < len && !rc; i++) {
		if (!strcmp(all[i].process, PLAN_RUN))
			out->items[out->len++] = all[i];
	}
	return rc;
}

/* Those that nobody holds; we do now. */
static int take_unheld(struct server *s, const struct app *app, int runs,
	struct place_list *out, struct err *err)
{
	struct place_list all;
	int rc = lock_byte_wait(runs, BYTE_GATE, err);

	out->len = 0;
	if (rc)
		return rc;
	rc = read_runs(s, app, &all, err);
	for (size_t i = 0; i < all.len && !rc; i++) {
		if (lock_byte_try(runs, all.items[i].host, NULL) == 0)
			out->items[out->len++] = all.items[i];
	}
	lock_byte_release(runs, BYTE_GATE);
	return rc;
}

static const char *label(const cJSON *labels, const char *name)
{
	const char *value =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(labels, name));

	return value ? value : "";
}

static int64_t until_of(const cJSON *labels)
{
	int64_t until;

	return number_parse(label(labels, RUN_LABEL_UNTIL), 1, INT64_MAX, &until) < 0
		? 0
		: until;
}

/* Whether it is a detached one that runs, and until when it may. ERR_NOTFOUND. */
static int is_at_work(
	struct server *s, const char *name, bool *is, int64_t *until, struct err *err)
{
	const cJSON *state, *config, *labels;
	cJSON *reply = NULL;
	int rc = engine_call(
		s->engine, &reply, NULL, err, "GET", "/containers/%s/json", name);

	state = cJSON_GetObjectItemCaseSensitive(reply, "State");
	config = cJSON_GetObjectItemCaseSensitive(reply, "Config");
	labels = cJSON_GetObjectItemCaseSensitive(config, "Labels");
	*is = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(state, "Running")) &&
		*label(labels, RUN_LABEL_DETACHED);
	*until = until_of(labels);
	cJSON_Delete(reply);
	return rc;
}

static int sweep_one(struct server *s, const struct app *app, const struct place *place,
	bool end_overdue, struct runs_left *left, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	int64_t until;
	bool at_work;
	int rc;

	(void)place_container_name(app, place, name);
	rc = is_at_work(s, name, &at_work, &until, err);
	if (rc == ERR_NOTFOUND)
		return place_release(s->store, app, place, err);
	if (rc)
		return rc;
	if (at_work && until && end_overdue && until * 1000 <= clock_unix_ms()) {
		log_info("%s: the time of %s is over", app->name, name);
		rc = container_stop(s, name, err);
		at_work = false;
	}
	if (rc || !at_work)
		return rc ? rc : runs_remove(s, app, place, err);
	left->len++;
	if (until && (!left->next || until < left->next))
		left->next = until;
	return 0;
}

static int sweep(struct server *s, const struct app *app, bool end_overdue,
	struct runs_left *left, struct err *err)
{
	struct place_list places;
	int rc, runs = runs_open(s, app, err);

	*left = (struct runs_left){0};
	if (runs < 0)
		return runs;
	rc = take_unheld(s, app, runs, &places, err);
	for (size_t i = 0; i < places.len && !rc; i++)
		rc = sweep_one(s, app, &places.items[i], end_overdue, left, err);
	(void)close(runs);
	return rc;
}

int runs_sweep(
	struct server *s, const struct app *app, struct runs_left *left, struct err *err)
{
	struct runs_left ignored;

	return sweep(s, app, false, left ? left : &ignored, err);
}

int runs_remove_all(struct server *s, const struct app *app, struct err *err)
{
	struct place_list places;
	int rc = read_runs(s, app, &places, err);

	for (size_t i = 0; i < places.len && !rc; i++)
		rc = runs_remove(s, app, &places.items[i], err);
	return rc;
}

/* ---- tending the detached ones ---- */

/* "filters=" of the app's one-off containers (app NULL: of every app's), with more of the
 * filter in front. */
static int our_filter(const struct server *s, const struct app *app, const char *more,
	char out[FILTER_SIZE], struct err *err)
{
	char filter[FILTER_SIZE];

	(void)snprintf(filter, sizeof(filter),
		"{%s\"label\":[\"bardo.server=%s\",\"bardo.process=" PLAN_RUN
		"\"%s%s%s]}",
		more, s->id, app ? ",\"bardo.handle=" : "", app ? app->handle : "",
		app ? "\"" : "");
	if (!engine_escape(filter, out, FILTER_SIZE))
		return err_set(err, ERR_FAILED, "the filter is too long");
	return 0;
}

static int open_events(struct server *s, const struct app *app,
	struct engine_follow **out, struct err *err)
{
	char filter[FILTER_SIZE];
	int rc = our_filter(s, app,
		"\"type\":[\"container\"],\"event\":[\"start\",\"die\",\"destroy\"],",
		filter, err);

	return rc ? rc
		  : engine_follow(s->engine, out, NULL, err, "GET", "/events?filters=%s",
			    filter);
}

/* Until something happens to one of them, or the first is over. What happened is seen in
 * the containers themselves. */
static int wait_for_news(
	struct engine_follow *events, const struct runs_left *left, struct err *err)
{
	struct pollfd p = {.fd = engine_follow_fd(events), .events = POLLIN};
	int64_t wait = left->next ? left->next * 1000 - clock_unix_ms() : -1;
	char data[EVENT_SIZE];
	ssize_t n;

	if (left->next && wait < 0)
		wait = 0;
	(void)poll(&p, 1, wait > INT_MAX ? INT_MAX : (int)wait);
	while ((n = engine_follow_read(events, data, sizeof(data), err)) > 0)
		;
	if (n == 0)
		return err_set(err, ERR_AWAY, "the Docker Engine ended its events");
	return n == ERR_BUSY ? 0 : (int)n;
}

static int tend(struct server *s, const struct app *app, struct err *err)
{
	struct engine_follow *events = NULL;
	struct runs_left left = {0};
	/* Listening first: what happens while we look is not missed. */
	int rc = open_events(s, app, &events, err);

	if (!rc)
		rc = sweep(s, app, true, &left, err);
	while (!rc && left.len) {
		rc = wait_for_news(events, &left, err);
		if (!rc)
			rc = sweep(s, app, true, &left, err);
	}
	engine_follow_close(events);
	return rc;
}

int runs_tend(struct server *s, const struct app *app, struct err *err)
{
	struct runs_left left = {.len = 1};
	int rc = 0, runs = runs_open(s, app, err);

	if (runs < 0)
		return runs;
	/* Once more after letting go: who found us here then may have come too late. */
	while (!rc && left.len && lock_byte_try(runs, BYTE_TENDING, NULL) == 0) {
		rc = tend(s, app, err);
		lock_byte_release(runs, BYTE_TENDING);
		if (!rc)
			rc = runs_sweep(s, app, &left, err);
	}
	(void)close(runs);
	return rc;
}

void runs_ask_tending(struct server *s, const struct app *app)
{
	char path[PATH_TEXT_MAX], command[NAME_SIZE + 32];
	struct err err = {0};

	(void)snprintf(command, sizeof(command), "run:tend %s", app->name);
	if (door_job(path_door(s->settings, path), command, &err) < 0)
		log_warn("%s: one-off containers: %s", app->name, err.msg);
}

/* ---- what it was given ---- */

static const cJSON *env_of(const cJSON *inspected)
{
	return cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(inspected, "Config"), "Env");
}

static bool has_text(const cJSON *list, const char *text)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, list)
	{
		if (cJSON_IsString(one) && !strcmp(one->valuestring, text))
			return true;
	}
	return false;
}

static int add_values(
	struct mask *mask, const cJSON *env, const cJSON *of_image, struct err *err)
{
	const cJSON *one;
	int rc = 0;

	cJSON_ArrayForEach(one, env)
	{
		const char *equals =
			cJSON_IsString(one) ? strchr(one->valuestring, '=') : NULL;

		if (!rc && equals && !has_text(of_image, one->valuestring))
			rc = mask_add(mask, equals + 1, err);
	}
	return rc;
}

int runs_add_secrets(
	struct server *s, const char *container, struct mask *mask, struct err *err)
{
	cJSON *inspected = NULL, *image = NULL;
	int rc = engine_call(s->engine, &inspected, NULL, err, "GET",
		"/containers/%s/json", container);

	/* Of an image that is gone nothing is known: then all of it is secret. */
	if (!rc)
		(void)image_inspect(s, label(inspected, "Image"), &image, NULL);
	if (!rc)
		rc = add_values(mask, env_of(inspected), env_of(image), err);
	cJSON_Delete(image);
	cJSON_Delete(inspected);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

/* ---- the list ---- */

static int see(
	const cJSON *entry, int (*each)(void *, const struct run_seen *), void *ctx)
{
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(entry, "Labels");
	const cJSON *created = cJSON_GetObjectItemCaseSensitive(entry, "Created");
	const char *name = cJSON_GetStringValue(
		cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(entry, "Names"), 0));
	struct run_seen seen = {
		.handle = label(labels, "bardo.handle"),
		.state = label(entry, "State"),
		.command = label(entry, "Command"),
		.user = label(labels, RUN_LABEL_USER),
		.until = until_of(labels),
		.detached = *label(labels, RUN_LABEL_DETACHED) != '\0',
	};

	if (!name)
		return 0;
	seen.name = name + strspn(name, "/");
	if (cJSON_IsNumber(created))
		seen.created = (int64_t)created->valuedouble;
	return each(ctx, &seen);
}

int runs_each(struct server *s, const struct app *app,
	int (*each)(void *ctx, const struct run_seen *run), void *ctx, struct err *err)
{
	char filter[FILTER_SIZE];
	cJSON *reply = NULL;
	const cJSON *entry;
	int rc = our_filter(s, app, "", filter, err);

	if (!rc)
		rc = engine_call(s->engine, &reply, NULL, err, "GET",
			"/containers/json?all=true&filters=%s", filter);
	for (entry = reply ? reply->child : NULL; entry && !rc; entry = entry->next)
		rc = see(entry, each, ctx);
	cJSON_Delete(reply);
	return rc;
}
