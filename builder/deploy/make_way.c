#include "builder/deploy/passage.h"

#include "builder/life/life.h"
#include "builder/say.h"
#include "builder/server.h"
#include "config/base/err.h"

/* Two lives on one volume are corruption: the old one stops before the new one starts. */
static int stop_draining(void *ctx, const struct life *life)
{
	struct passage *p = ctx;

	return life->state == LIFE_DRAINING ? life_stop(p->server, p->app, life, NULL)
					    : 0;
}

struct stopping {
	struct passage *passage;
	const char *process;
};

static int stop_draining_type(void *ctx, const struct life *life)
{
	const struct stopping *st = ctx;
	struct passage *p = st->passage;

	return life->state == LIFE_DRAINING
		? life_stop_type(p->server, p->app, life, st->process, NULL)
		: 0;
}

/* checks:disable: those that mustn't run beside their successors. */
static int stop_disabled(struct passage *p, struct err *err)
{
	struct plan_process process;
	int rc = 0;

	for (size_t i = 0; !rc && plan_process(&p->plan, i, &process); i++) {
		struct stopping st = {p, process.name};

		if (!process.stops_first)
			continue;
		say_step(p->say,
			"Zero downtime is disabled for %s: stopping that of life %d "
			"first",
			process.name, p->before.number);
		p->before_is_stopped = !p->app->stopped;
		rc = lives_each_unfinished(
			p->server->store, p->app, stop_draining_type, &st, err);
		if (!rc)
			rc = life_stop_type(
				p->server, p->app, &p->before, process.name, err);
	}
	return rc;
}

int passage_make_way(struct passage *p, struct err *err)
{
	const char *volume = plan_exclusive_volume(&p->plan);
	int rc;

	if (!p->before.number)
		return 0;
	if (!volume)
		return stop_disabled(p, err);
	say_step(p->say, "Stopping life %d first: only one life at a time may have %s",
		p->before.number, volume);
	p->before_is_stopped = !p->app->stopped;
	rc = lives_each_unfinished(p->server->store, p->app, stop_draining, p, err);
	if (rc)
		return err_set(err, rc, "a life that drains could not be stopped");
	return life_stop(p->server, p->app, &p->before, err);
}
