#include "builder/life/scale.h"

#include "builder/life/at_once.h"
#include "builder/life/container.h"
#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/life/route.h"
#include "builder/say.h"
#include "builder/server.h"
#include "config/app/checks.h"
#include "config/app/scale.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/record/places.h"
#include "config/settings.h"
#include "config/store.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAUSE_MIN_MS 20
#define PAUSE_MAX_MS 500

struct change {
	struct server *server;
	const struct app *app;
	const struct life *life;
	const struct plan *plan;
	struct say *say;
	/* The life's containers before; what is started, of which the first are new. */
	struct place places[CONTAINERS_MAX], started[CONTAINERS_MAX];
	size_t len, started_len;
	bool is_new[CONTAINERS_MAX]; /* of started */
};

static int read_places(struct change *c, struct err *err)
{
	struct place all[CONTAINERS_MAX];
	size_t len;
	int rc = places_read(c->server->store, c->app, c->life->number, all, &len, err);

	c->len = 0;
	for (size_t i = 0; i < len && !rc; i++) {
		if (strcmp(all[i].process, PLAN_RUN) != 0)
			c->places[c->len++] = all[i];
	}
	return rc;
}

static int begin(struct change *c, struct server *s, const struct app *app,
	const struct life *life, const struct plan *plan, struct say *say,
	struct err *err)
{
	*c = (struct change){
		.server = s, .app = app, .life = life, .plan = plan, .say = say};
	return read_places(c, err);
}

static const struct place *find(const struct change *c, const char *process, int position)
{
	for (size_t i = 0; i < c->len; i++) {
		if (c->places[i].position == position &&
			!strcmp(c->places[i].process, process))
			return &c->places[i];
	}
	return NULL;
}

/* ---- draining ---- */

static bool any_is_busy(struct change *c, const struct place *places, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool busy = false;

		if (!strcmp(places[i].process, PLAN_WEB) &&
			!route_is_busy(c->server, c->app, &places[i], &busy, NULL) &&
			busy)
			return true;
	}
	return false;
}

/* Lets what is under way there end, for as long as a life may drain. */
static void drain(struct change *c, const struct place *places, size_t len)
{
	int64_t until = clock_monotonic_ms() +
		checks_drain(c->server->store, c->app->id, c->server->settings);
	int64_t pause = PAUSE_MIN_MS;

	while (any_is_busy(c, places, len) && clock_monotonic_ms() < until) {
		struct timespec t = {.tv_nsec = pause * 1000000};

		(void)nanosleep(&t, NULL);
		pause = pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2;
	}
}

static int drop_routes(
	struct change *c, const struct place *places, size_t len, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < len && !rc; i++) {
		if (!strcmp(places[i].process, PLAN_WEB))
			rc = route_drop(c->server, c->app, &places[i], err);
	}
	return rc == ERR_AWAY ? 0 : rc;
}

/* ---- starting what is missing ---- */

static int prepare(struct change *c, const char *process, int position, struct err *err)
{
	const struct place *there = find(c, process, position);
	struct place *place = &c->started[c->started_len];
	char name[CONTAINER_NAME_SIZE];
	bool running = false;
	int rc = ERR_NOTFOUND;

	if (there) {
		*place = *there;
		rc = container_is_running(c->server,
			place_container_name(c->app, place, name), &running, err);
		if (rc ? rc != ERR_NOTFOUND : running)
			return rc;
	} else {
		if (c->started_len == CONTAINERS_MAX)
			return err_set(err, ERR_FAILED, "more than %d containers",
				CONTAINERS_MAX);
		rc = place_reserve(
			c->server->store, c->life, process, position, place, err);
		if (rc)
			return rc;
		rc = ERR_NOTFOUND;
	}
	c->is_new[c->started_len++] = !there;
	if (rc == ERR_NOTFOUND)
		rc = container_create(c->server, c->app, c->life, c->plan, place, err);
	return rc;
}

static int start_missing(struct change *c, struct err *err)
{
	struct plan_process p;
	int rc = 0;

	for (size_t i = 0; !rc && plan_process(c->plan, i, &p); i++) {
		for (int n = 1; n <= p.count && !rc; n++)
			rc = prepare(c, p.name, n, err);
	}
	for (size_t i = 0; i < c->started_len && !rc; i++)
		say_step(c->say, "Starting %s.%d", c->started[i].process,
			c->started[i].position);
	return rc ? rc
		  : at_once(c->server, c->app, c->started, c->started_len,
			    container_start, err);
}

static int prove(struct change *c, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	int rc = 0;

	for (size_t i = 0; i < c->started_len && !rc; i++)
		rc = life_check_place(
			c->server, c->app, c->plan, &c->started[i], c->say, err);
	for (size_t i = 0; i < c->started_len && !rc; i++)
		rc = container_keep(c->server,
			place_container_name(c->app, &c->started[i], name),
			plan_restart(c->plan), err);
	return rc;
}

/* What was new goes, what rested rests again. */
static void take_back(struct change *c)
{
	char name[CONTAINER_NAME_SIZE];

	for (size_t i = 0; i < c->started_len; i++) {
		const struct place *place = &c->started[i];

		if (c->is_new[i])
			(void)life_remove_place(c->server, c->app, place, NULL);
		else if (c->app->stopped)
			(void)container_stop(c->server,
				place_container_name(c->app, place, name), NULL);
	}
}

static int start_proved(struct change *c, struct err *err)
{
	int rc = start_missing(c, err);

	if (!rc)
		rc = prove(c, err);
	if (rc)
		take_back(c);
	return rc;
}

/* ---- taking away what is too much ---- */

static int write_down(struct change *c, const char *plan, const struct scale_wish *wishes,
	size_t len, struct err *err)
{
	struct store *store = c->server->store;
	int rc = store_begin(store, err);

	if (rc)
		return rc;
	rc = life_set_config(store, c->life, plan, err);
	for (size_t i = 0; i < len && !rc; i++)
		rc = scale_set(
			store, c->app->id, wishes[i].process, wishes[i].count, err);
	return store_end(store, rc, err);
}

static int freeze(
	struct change *c, const struct scale_wish *wishes, size_t len, struct err *err)
{
	char *json = plan_print(c->plan);
	int rc;

	if (!json)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = write_down(c, json, wishes, len, err);
	free(json);
	return rc;
}

static int remove_surplus(struct change *c, struct err *err)
{
	struct place surplus[CONTAINERS_MAX];
	struct plan_process p;
	size_t len = 0;
	int rc;

	for (size_t i = 0; i < c->len; i++) {
		if (plan_find_process(c->plan, c->places[i].process, &p) &&
			c->places[i].position <= p.count)
			continue;
		say_step(c->say, "Stopping %s.%d", c->places[i].process,
			c->places[i].position);
		surplus[len++] = c->places[i];
	}
	drain(c, surplus, len);
	rc = drop_routes(c, surplus, len, err);
	if (!rc)
		rc = at_once(c->server, c->app, surplus, len, container_stop, err);
	for (size_t i = 0; i < len && !rc; i++)
		rc = life_remove_place(c->server, c->app, &surplus[i], err);
	return rc;
}

int life_follow(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct scale_wish *wishes, size_t wishes_len,
	struct say *say, struct err *err)
{
	struct change c;
	int rc = begin(&c, s, app, life, plan, say, err);

	if (!rc)
		rc = start_proved(&c, err);
	if (rc)
		return rc;
	rc = freeze(&c, wishes, wishes_len, err);
	if (rc) {
		take_back(&c);
		return rc;
	}
	rc = route_to_life(s, app, life, err);
	return rc ? rc : remove_surplus(&c, err);
}

int life_remove_surplus(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	struct plan plan = {0};
	struct change c;
	struct say nobody;
	int rc = life_read_plan(s, life, &plan, err);

	say_init(&nobody, -1);
	if (!rc)
		rc = begin(&c, s, app, life, &plan, &nobody, err);
	if (!rc)
		rc = remove_surplus(&c, err);
	say_finish(&nobody);
	plan_finish(&plan);
	return rc;
}

/* ---- restarting a process type ---- */

static int replace(struct change *c, const struct place *place, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	int rc = route_past(c->server, c->app, c->life, c->plan, place, err);

	say_step(c->say, "Restarting %s.%d", place->process, place->position);
	(void)place_container_name(c->app, place, name);
	drain(c, place, 1);
	if (!rc)
		rc = drop_routes(c, place, 1, err);
	if (!rc)
		rc = place_set_leaving(c->server->store, c->app, place, true, err);
	if (!rc)
		rc = container_stop(c->server, name, err);
	if (!rc)
		rc = container_remove(c->server, name, err);
	if (!rc)
		rc = container_create(c->server, c->app, c->life, c->plan, place, err);
	if (!rc)
		rc = container_start(c->server, name, err);
	if (!rc)
		rc = place_set_leaving(c->server->store, c->app, place, false, err);
	if (!rc)
		rc = life_check_place(c->server, c->app, c->plan, place, c->say, err);
	if (!rc)
		rc = container_keep(c->server, name, plan_restart(c->plan), err);
	return rc ? rc : route_to_life(c->server, c->app, c->life, err);
}

static int replace_all(struct change *c, const struct plan_process *p, struct err *err)
{
	int rc = 0;

	for (int n = 1; n <= p->count && !rc; n++) {
		const struct place *place = find(c, p->name, n);

		rc = place ? replace(c, place, err) : 0;
	}
	return rc;
}

static bool needs_company(const struct plan *plan, const struct plan_process *p)
{
	return p->count == 1 && !strcmp(p->name, PLAN_WEB) && plan_port(plan) &&
		!plan_is_published(plan) && !plan_exclusive_volume(plan);
}

/* What can't be proved has no routes, and what stands in for it must keep its own. */
static void keep_company(struct change *c)
{
	say_problem(c->say, "What was started beside it goes on serving");
	if (freeze(c, NULL, 0, NULL) < 0)
		log_warn("%s: the next reconcile takes it away", c->app->name);
}

static int replace_in_company(struct change *c, struct plan *plan,
	const struct plan_process *p, struct err *err)
{
	int rc = plan_set_count(plan, p->name, p->count + 1, err);

	if (!rc)
		rc = start_proved(c, err);
	if (rc)
		return rc;
	rc = replace_all(c, p, err);
	if (rc) {
		keep_company(c);
		return rc;
	}
	rc = plan_set_count(plan, p->name, p->count, err);
	if (!rc)
		rc = read_places(c, err);
	return rc ? rc : remove_surplus(c, err);
}

int life_restart_process(struct server *s, const struct app *app, const struct life *life,
	const char *process, struct say *say, struct err *err)
{
	struct plan plan = {0};
	struct plan_process p;
	struct change c;
	int rc = life_read_plan(s, life, &plan, err);

	if (!rc)
		rc = begin(&c, s, app, life, &plan, say, err);
	if (!rc && !plan_find_process(&plan, process, &p))
		rc = plan_set_count(&plan, process, 0, err); /* names those there are */
	else if (!rc && needs_company(&plan, &p))
		rc = replace_in_company(&c, &plan, &p, err);
	else if (!rc)
		rc = replace_all(&c, &p, err);
	plan_finish(&plan);
	return rc;
}

/* ---- at rest ---- */

struct resting {
	struct change *change;
	struct err *err;
};

/* One that bakes has lives beside it, whose workers work. */
static int rest_draining(void *ctx, const struct life *life)
{
	const struct resting *r = ctx;
	struct change *c = r->change;

	return life->state == LIFE_DRAINING ? life_stop(c->server, c->app, life, r->err)
					    : 0;
}

int life_rest(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	struct change c;
	struct resting resting = {&c, err};
	int rc = begin(&c, s, app, life, NULL, NULL, err);

	if (!rc)
		rc = route_to_life(s, app, NULL, err);
	if (rc)
		return rc;
	drain(&c, c.places, c.len);
	rc = drop_routes(&c, c.places, c.len, err);
	if (!rc)
		rc = at_once(s, app, c.places, c.len, container_rest, err);
	return rc ? rc
		  : lives_each_unfinished(s->store, app, rest_draining, &resting, err);
}
