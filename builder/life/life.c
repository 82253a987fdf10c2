#include "builder/life/life.h"

#include "builder/check/check.h"
#include "builder/life/at_once.h"
#include "builder/life/body.h"
#include "builder/life/container.h"
#include "builder/life/network.h"
#include "builder/life/plan.h"
#include "builder/life/route.h"
#include "builder/say.h"
#include "builder/server.h"
#include "config/app/checks.h"
#include "config/base/err.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Containers of one-off commands are in the record as well; they are no part of the life.
 */
struct place_list {
	struct place items[CONTAINERS_MAX];
	size_t len;
};

static int read_places(struct server *s, const struct app *app, const struct life *life,
	struct place_list *out, struct err *err)
{
	struct place all[CONTAINERS_MAX];
	size_t len;
	int rc = places_read(s->store, app, life->number, all, &len, err);

	out->len = 0;
	for (size_t i = 0; i < len && !rc; i++) {
		if (strcmp(all[i].process, PLAN_RUN) != 0)
			out->items[out->len++] = all[i];
	}
	return rc;
}

int life_read_plan(
	struct server *s, const struct life *life, struct plan *plan, struct err *err)
{
	char *json;
	int rc = life_read_config(s->store, life, &json, err);

	if (rc)
		return rc;
	rc = plan_parse(plan, json, err);
	free(json);
	return rc;
}

static int create_one(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const char *process, int position,
	struct place_list *places, struct err *err)
{
	struct place *place = &places->items[places->len];
	int rc = places->len == CONTAINERS_MAX
		? err_set(err, ERR_FAILED, "more than %d containers: ps:scale fewer",
			  CONTAINERS_MAX)
		: place_reserve(s->store, life, process, position, place, err);

	if (!rc)
		rc = container_create(s, app, life, plan, place, err);
	if (rc)
		return err_prefix(err, "%s.%d: ", process, position);
	places->len++;
	return 0;
}

int life_check_room(
	struct server *s, const struct app *app, const struct plan *plan, struct err *err)
{
	struct place there[CONTAINERS_MAX];
	struct plan_process p;
	int needed = 0, rc;
	size_t len;

	for (size_t i = 0; plan_process(plan, i, &p); i++)
		needed += p.count;
	rc = places_read(s->store, app, 0, there, &len, err);
	if (rc || needed + (int)len <= CONTAINERS_MAX)
		return rc;
	return err_set(err, ERR_FAILED,
		"it needs %d containers beside the %zu that are there, and an app's "
		"network has %d places: ps:scale %s fewer, or try again when old lives "
		"are retired",
		needed, len, CONTAINERS_MAX, app->name);
}

int life_make(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, struct err *err)
{
	struct place_list places = {0};
	struct plan_process p;
	int rc = 0;

	for (size_t i = 0; !rc && plan_process(plan, i, &p); i++) {
		for (int n = 1; n <= p.count && !rc; n++)
			rc = create_one(s, app, life, plan, p.name, n, &places, err);
	}
	return rc;
}

int life_start(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	struct place_list places;
	int rc = read_places(s, app, life, &places, err);

	return rc ? rc : at_once(s, app, places.items, places.len, container_start, err);
}

static int check_place(struct server *s, const struct app *app, const struct plan *plan,
	const struct place *place, bool tell_all, struct say *say, struct err *err)
{
	char name[CONTAINER_NAME_SIZE], address[INET_ADDRSTRLEN];
	struct check_failure failure = {0};
	struct plan_process process = {0};
	bool is_web = !strcmp(place->process, PLAN_WEB);
	struct check_options options = {
		.container = place_container_name(app, place, name),
		.address = container_address(s, app, plan, place, address),
		.port = is_web ? plan_port(plan) : 0,
		.timeout = checks_timeout(s->store, app->id, s->settings),
		.stay_up = plan_stay_up(plan) * (int64_t)1000,
		.mask = say->mask,
		.say = say,
		.tell_all = tell_all,
	};
	int rc;

	if (plan_find_process(plan, place->process, &process))
		options.listed = process.listed_checks;
	rc = check_container(s->engine, &options, &failure, err);
	if (rc == ERR_FAILED)
		check_card(s->engine, &options, &failure, say);
	/* A lone web needs no name. */
	if (rc && (!is_web || place->position > 1))
		rc = err_prefix(err, "%s.%d ", place->process, place->position);
	return rc;
}

static bool is_skipped(const struct plan *plan, const struct place *place)
{
	struct plan_process process;

	return plan_find_process(plan, place->process, &process) && process.skips_checks;
}

/* What it says of a host that it can't reach would else be looked for elsewhere. */
static int check_new(struct server *s, const struct app *app, const struct plan *plan,
	const struct place *place, struct say *say, struct err *err)
{
	int rc = check_place(s, app, plan, place, false, say, err);

	if (rc == ERR_FAILED && plan_begins_inside(plan, place->process))
		say_problem(say,
			"Hint: without the proxy %s reaches nothing outside until it is "
			"proved, and of shared networks those of network:create "
			"--internal; after checks:disable %s %s it begins with all, when "
			"the one before has ended",
			place->process, app->name, place->process);
	return rc;
}

int life_check(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, struct say *say, struct err *err)
{
	struct place_list places;
	int rc = read_places(s, app, life, &places, err);

	for (size_t i = 0; i < places.len && !rc; i++) {
		const struct place *place = &places.items[i];

		if (!is_skipped(plan, place))
			rc = check_new(s, app, plan, place, say, err);
		else if (place->position == 1)
			say_detail(say, "The checks of %s are skipped", place->process);
	}
	return rc;
}

int life_check_place(struct server *s, const struct app *app, const struct plan *plan,
	const struct place *place, struct say *say, struct err *err)
{
	return is_skipped(plan, place)
		? 0
		: check_place(s, app, plan, place, false, say, err);
}

/* What the plan does not have: a script that bardo's end cut off, which isn't run again,
 * a container of a ps:scale that didn't get as far, or one that had still to go. */
static bool is_left_over(const struct plan *plan, const struct place *place)
{
	struct plan_process p;

	return !plan_find_process(plan, place->process, &p) || place->position > p.count;
}

/* "web" is every web, "web.2" the second. */
static bool is_meant(const char *what, const struct place *place)
{
	size_t n = strlen(place->process);
	char position[16];

	(void)snprintf(position, sizeof(position), ".%d", place->position);
	return !what ||
		(!strncmp(what, place->process, n) &&
			(!what[n] || !strcmp(what + n, position)));
}

int life_check_now(struct server *s, const struct app *app, const struct life *life,
	const char *what, struct say *say, struct err *err)
{
	struct place_list places;
	struct plan_process process;
	struct plan plan = {0};
	int rc = life_read_plan(s, life, &plan, err), first = 0;
	bool found = false;

	if (!rc)
		rc = read_places(s, app, life, &places, err);
	for (size_t i = 0; !rc && i < places.len; i++) {
		const struct place *place = &places.items[i];
		int one;

		if (plan_is_script(place->process) || !is_meant(what, place))
			continue;
		found = true;
		say_step(say, "Running checks for app (%s.%s.%d)", app->name,
			place->process, place->position);
		one = check_place(s, app, &plan, place, true, say, first ? NULL : err);
		first = first ? first : one;
	}
	/* A type may well have no container now. */
	if (!rc && !found && what && !plan_find_process(&plan, what, &process))
		rc = err_set(err, ERR_NOTFOUND, "Invalid %s specified (%s.%.60s)",
			strchr(what, '.') ? "container id" : "process type", app->name,
			what);
	plan_finish(&plan);
	return rc ? rc : first;
}

int life_join_late(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	struct place_list places;
	int rc = read_places(s, app, life, &places, err);

	for (size_t i = 0; !rc && i < places.len; i++)
		rc = network_join_late(s, app, plan, places.items[i].process,
			place_container_name(app, &places.items[i], name), err);
	return rc;
}

int life_rejoin(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	struct place_list places;
	struct plan plan = {0};
	int rc = life_read_plan(s, life, &plan, err);

	if (!rc)
		rc = read_places(s, app, life, &places, err);
	for (size_t i = 0; !rc && i < places.len; i++)
		rc = container_rejoin(s, app, life, &plan, &places.items[i], err);
	if (!rc)
		rc = life_join_late(s, app, life, &plan, err);
	plan_finish(&plan);
	return rc;
}

/* The Engine may still be stopping it. ERR_NOTFOUND: it is gone now. */
static int finish_leaving(struct server *s, const char *name, struct err *err)
{
	int rc = container_stop(s, name, err);

	if (!rc)
		rc = container_remove(s, name, err);
	return rc ? rc : ERR_NOTFOUND;
}

static int repair_place(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *place, bool *changed,
	struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	bool running = false;
	int rc;

	(void)place_container_name(app, place, name);
	rc = place->leaving ? finish_leaving(s, name, err)
			    : container_is_running(s, name, &running, err);
	if (!rc && running)
		return 0;
	*changed = true;
	if (rc == ERR_NOTFOUND) {
		rc = container_create(s, app, life, plan, place, err);
		if (!rc)
			rc = container_keep(s, name, plan_restart(plan), err);
		if (!rc)
			rc = network_join_late(s, app, plan, place->process, name, err);
	}
	if (!rc)
		rc = container_start(s, name, err);
	return rc || !place->leaving
		? rc
		: place_set_leaving(s->store, app, place, false, err);
}

/* Whatever comes of it: they have had their time. */
static void await_ready(struct server *s, const struct app *app, const struct plan *plan,
	const struct place_list *places)
{
	struct say nobody;
	bool stands_in = false;

	for (size_t i = 0; i < places->len; i++)
		stands_in = stands_in || is_left_over(plan, &places->items[i]);
	say_init(&nobody, -1);
	for (size_t i = 0; i < places->len && stands_in; i++) {
		if (!is_left_over(plan, &places->items[i]))
			(void)life_check_place(
				s, app, plan, &places->items[i], &nobody, NULL);
	}
	say_finish(&nobody);
}

int life_repair(struct server *s, const struct app *app, const struct life *life,
	bool *changed, struct err *err)
{
	struct place_list places;
	struct plan plan = {0};
	int rc = life_read_plan(s, life, &plan, err);

	*changed = false;
	if (!rc)
		rc = read_places(s, app, life, &places, err);
	for (size_t i = 0; !rc && i < places.len; i++) {
		if (!is_left_over(&plan, &places.items[i]))
			rc = repair_place(
				s, app, life, &plan, &places.items[i], changed, err);
	}
	if (!rc && *changed)
		await_ready(s, app, &plan, &places);
	plan_finish(&plan);
	return rc;
}

int life_stop(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	struct place_list places;
	int rc = read_places(s, app, life, &places, err);

	return rc ? rc : at_once(s, app, places.items, places.len, container_rest, err);
}

int life_stop_type(struct server *s, const struct app *app, const struct life *life,
	const char *process, struct err *err)
{
	struct place_list all, places = {0};
	int rc = read_places(s, app, life, &all, err);

	for (size_t i = 0; i < all.len && !rc; i++) {
		if (!strcmp(all.items[i].process, process))
			places.items[places.len++] = all.items[i];
	}
	return rc ? rc : at_once(s, app, places.items, places.len, container_rest, err);
}

int life_keep(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	struct place_list places;
	struct plan plan = {0};
	int rc = life_read_plan(s, life, &plan, err);

	if (!rc)
		rc = read_places(s, app, life, &places, err);
	for (size_t i = 0; !rc && i < places.len; i++) {
		if (!is_left_over(&plan, &places.items[i]))
			rc = container_keep(s,
				place_container_name(app, &places.items[i], name),
				plan_restart(&plan), err);
	}
	plan_finish(&plan);
	return rc;
}

/* Without a proxy nothing is routed: its start reads what is written by then. */
static int drop_route(struct server *s, const struct app *app, const struct place *place,
	struct err *err)
{
	int rc = app->slot < 0 ? 0 : route_drop(s, app, place, err);

	return rc == ERR_AWAY ? 0 : rc;
}

/* The address is given back last: no other container may have it while the proxy still
 * knows the old one. */
int life_remove_place(struct server *s, const struct app *app, const struct place *place,
	struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	int rc = drop_route(s, app, place, err);

	if (!rc)
		rc = container_remove(s, place_container_name(app, place, name), err);
	return rc ? rc : place_release(s->store, app, place, err);
}

static int stop_gently(struct server *s, const struct app *app,
	const struct place_list *places, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < places->len && !rc; i++)
		rc = drop_route(s, app, &places->items[i], err);
	return rc ? rc : at_once(s, app, places->items, places->len, container_stop, err);
}

int life_remove(struct server *s, const struct app *app, const struct life *life,
	bool gentle, struct err *err)
{
	struct place_list places;
	int rc = read_places(s, app, life, &places, err);
	int first;

	if (!rc && gentle)
		rc = stop_gently(s, app, &places, err);
	first = rc;
	for (size_t i = 0; !rc && i < places.len; i++) {
		int one = life_remove_place(s, app, &places.items[i], first ? NULL : err);

		if (one && !first)
			first = one;
	}
	return first;
}

int life_sweep(struct server *s, const struct app *app, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	size_t len;
	int rc = places_read(s->store, app, 0, places, &len, err);

	for (size_t i = 0; i < len && !rc; i++) {
		struct life life;

		if (!strcmp(places[i].process, PLAN_RUN))
			continue;
		rc = life_find(s->store, app, places[i].life, &life, err);
		if (!rc && (life.state == LIFE_FAILED || life.state == LIFE_RETIRED))
			rc = life_remove_place(s, app, &places[i], err);
	}
	return rc;
}
