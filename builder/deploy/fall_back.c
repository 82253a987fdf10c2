#include "builder/deploy/bake.h"

#include "builder/deploy/branch.h"
#include "builder/deploy/deploy.h"
#include "builder/life/file_ports.h"
#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/life/route.h"
#include "builder/say.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/people/users.h"

#include <stdio.h>

/* Those of its processes that mustn't run beside a process of that plan. */
static int stop_types(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, struct err *err)
{
	struct plan_process process;
	int rc = 0;

	for (size_t i = 0; !rc && plan_process(plan, i, &process); i++) {
		if (process.stops_first)
			rc = life_stop_type(s, app, life, process.name, err);
	}
	return rc;
}

/* What of the new life mustn't run beside the one before ends first; its other processes
 * go on until nobody is sent to them any more. */
static int make_way(struct server *s, const struct app *app, const struct life *live,
	const struct life *before, struct err *err)
{
	struct plan ending = {0}, coming = {0};
	int rc = life_read_plan(s, live, &ending, err);

	if (!rc)
		rc = life_read_plan(s, before, &coming, err);
	if (!rc && (plan_exclusive_volume(&ending) || plan_exclusive_volume(&coming)))
		rc = life_remove(s, app, live, false, err);
	else if (!rc)
		rc = stop_types(s, app, live, &ending, err);
	if (!rc)
		rc = stop_types(s, app, live, &coming, err);
	plan_finish(&ending);
	plan_finish(&coming);
	return rc;
}

/* The record, the containers, the routes, the branch, in this order: what dies in between
 * is finished by reconcile, which makes the others follow the record. */
static int put_back(struct server *s, struct app *app, struct life *live,
	struct life *before, const char *reason, struct err *err)
{
	bool changed;
	int rc = life_fall_back(s->store, app, live, before, reason, err);

	if (!rc)
		rc = make_way(s, app, live, before, err);
	if (!rc)
		rc = life_repair(s, app, before, &changed, err);
	if (!rc)
		rc = life_keep(s, app, before, err);
	if (!rc)
		rc = route_to_life(s, app, before, err);
	if (!rc)
		rc = file_ports_follow(s, app, before, err);
	if (!rc)
		rc = branch_follow_record(s, app, err);
	return rc ? rc : life_remove(s, app, live, false, err);
}

/* The life before has gone on under its own number; what serves from now on is a life of
 * its own, as after every change. */
static int make_life(struct server *s, struct app *app, const struct life *before,
	const char *reason, struct err *err)
{
	const struct user nobody = {.name = "bardo"};
	struct life life = {0};
	struct say say;
	const struct deploy d = {
		.server = s,
		.app = app,
		.say = &say,
		.user = &nobody,
		.key = "",
		.client_side = "",
		.peer = "",
		.source = BAKE_SOURCE,
		.reason = reason,
		.commit = before->commit,
		.version = before->version,
		.from = before,
	};
	int rc;

	say_init(&say, -1);
	rc = deploy_run(&d, &life, err);
	say_finish(&say);
	return rc;
}

int bake_fall_back(struct server *s, struct app *app, struct life *live,
	struct life *before, const char *reason, struct err *err)
{
	char whole[sizeof(live->reason)];
	int rc;

	(void)snprintf(
		whole, sizeof(whole), "%s: fell back to life %d", reason, before->number);
	log_warn("%s: life %d: %s", app->name, live->number, whole);
	rc = put_back(s, app, live, before, whole, err);
	if (rc)
		return rc;
	(void)snprintf(whole, sizeof(whole), "life %d: %s", live->number, reason);
	return make_life(s, app, before, whole, err);
}
