#include "receiver/commands/families.h"
#include "receiver/commands/passages.h"
#include "receiver/commands/proxy.h"
#include "receiver/commands/ps.h"
#include "receiver/dispatch/command.h"
#include "receiver/dispatch/several.h"

#include "builder/life/life.h"
#include "builder/life/route.h"
#include "builder/life/scale.h"
#include "builder/mask.h"
#include "builder/secrets.h"
#include "config/app/scale.h"
#include "config/base/err.h"
#include "config/record/apps.h"

#include <string.h>
#include <unistd.h>

/* ps: restart, rebuild, start and stop, for one app or for all. */

int ps_live_open(struct ps_live *l, struct request *r, struct app *app, struct err *err)
{
	int rc;

	*l = (struct ps_live){.request = r, .app = app};
	say_init(&l->say, STDOUT_FILENO);
	l->say.quiet = r->quiet;
	rc = app->live ? life_find(r->server.store, app, app->live, &l->life, err)
		       : err_set(err, ERR_NOTFOUND,
				 "nothing of %s is live: push it first", app->name);
	if (!rc)
		rc = life_read_plan(&r->server, &l->life, &l->plan, err);
	if (!rc)
		rc = secrets_mask(&r->server, app->id, &l->mask, err);
	l->say.mask = l->mask;
	return rc;
}

void ps_live_close(struct ps_live *l)
{
	plan_finish(&l->plan);
	say_finish(&l->say);
	mask_destroy(l->mask);
}

int ps_live_follow(struct ps_live *l, const struct scale_wish *wishes, size_t wishes_len,
	struct err *err)
{
	int rc = route_ensure_proxy(&l->request->server, err);

	return rc ? rc
		  : life_follow(&l->request->server, l->app, &l->life, &l->plan, wishes,
			    wishes_len, &l->say, err);
}

/* ---- one app or all ---- */

struct target {
	struct app app;
	int lock;
	bool flag; /* the verb's own option */
};

/* Under the app's lock; the callee closes it. */
typedef int change_one(struct request *r, struct target *t, struct err *err);

static int run_one(struct request *r, bool flag, change_one *change, struct err *err)
{
	struct target t = {.flag = flag};
	int rc = command_app(r, &t.app, err);

	if (!rc)
		rc = passage_lock(r, &t.app, &t.lock, err);
	return rc ? rc : change(r, &t, err);
}

/* "[APP [PROCESS]] [--all] [--parallel N]" and an option of the verb's own. */
static int run_one_or_all(struct request *r, const char *own, int max_words,
	change_one *change, struct err *err)
{
	bool ran, flag = false;
	int rc = several_or_one(r, own, &flag, max_words, &ran, err);

	return rc || ran ? rc : run_one(r, flag, change, err);
}

/* With --all apps that were never deployed are none of the failures. */
static int nothing_live(struct request *r, struct target *t)
{
	(void)close(t->lock);
	command_say(r, "-----> Nothing of %s is live: push it first\n", t->app.name);
	return 0;
}

/* ---- ps:restart ---- */

static int restart_process(
	struct request *r, struct target *t, const char *process, struct err *err)
{
	struct ps_live live;
	int rc = app_check_unlocked(&t->app, err);

	if (!rc && t->app.stopped)
		rc = err_set(err, ERR_FAILED, "%s is stopped: ps:start %s", t->app.name,
			t->app.name);
	if (rc) {
		(void)close(t->lock);
		return rc;
	}
	rc = ps_live_open(&live, r, &t->app, err);
	if (!rc)
		rc = route_ensure_proxy(&r->server, err);
	if (!rc)
		rc = life_restart_process(
			&r->server, &t->app, &live.life, process, &live.say, err);
	ps_live_close(&live);
	(void)close(t->lock);
	return rc;
}

static int restart(struct request *r, struct target *t, struct err *err)
{
	if (!t->app.live)
		return nothing_live(r, t);
	if (r->argc > 2)
		return restart_process(r, t, r->argv[2], err);
	return passage_renew(r, &t->app, t->lock, "restart", err);
}

int run_ps_restart(struct request *r, struct err *err)
{
	return run_one_or_all(r, NULL, 2, restart, err);
}

/* ---- ps:rebuild ---- */

static int rebuild(struct request *r, struct target *t, struct err *err)
{
	struct passage_wish wish = {.source = "rebuild", .no_cache = t->flag};
	int rc;

	if (!t->app.live)
		return nothing_live(r, t);
	rc = life_find(r->server.store, &t->app, t->app.live, &wish.from, err);
	if (!rc)
		return passage_run(r, &t->app, &wish, t->lock, err);
	(void)close(t->lock);
	return rc;
}

int run_ps_rebuild(struct request *r, struct err *err)
{
	return run_one_or_all(r, "--no-cache", 1, rebuild, err);
}

/* ---- ps:stop and ps:start ---- */

static int stop_live(struct request *r, struct target *t, struct err *err)
{
	struct ps_live live;
	int rc = ps_live_open(&live, r, &t->app, err);

	if (!rc)
		rc = route_ensure_proxy(&r->server, err);
	if (!rc) {
		say_step(&live.say, "Stopping %s", t->app.name);
		rc = app_set_stopped(r->server.store, &t->app, true, err);
	}
	if (!rc)
		rc = life_rest(&r->server, &t->app, &live.life, err);
	ps_live_close(&live);
	return rc;
}

static int stop(struct request *r, struct target *t, struct err *err)
{
	int rc;

	if (!t->app.live)
		return nothing_live(r, t);
	rc = stop_live(r, t, err);
	(void)close(t->lock);
	return rc;
}

int run_ps_stop(struct request *r, struct err *err)
{
	return run_one_or_all(r, NULL, 1, stop, err);
}

/* What ps:scale set while it rested. */
static int apply_scale(struct ps_live *l, struct err *err)
{
	struct plan_process p;
	int count, rc = 0;

	for (size_t i = 0; !rc && plan_process(&l->plan, i, &p); i++) {
		rc = scale_get(l->request->server.store, l->app->id, p.name, &count, err);
		if (!rc && count >= 0)
			rc = plan_set_count(&l->plan, p.name, count, err);
	}
	return rc;
}

static int start_live(struct request *r, struct target *t, struct err *err)
{
	struct ps_live live;
	int rc = ps_live_open(&live, r, &t->app, err);

	if (!rc && t->app.stopped)
		rc = apply_scale(&live, err);
	if (!rc) {
		say_step(&live.say, "Starting %s", t->app.name);
		rc = ps_live_follow(&live, NULL, 0, err);
	}
	if (!rc && t->app.stopped)
		rc = app_set_stopped(r->server.store, &t->app, false, err);
	if (!rc)
		rc = route_to_life(&r->server, &t->app, &live.life, err);
	ps_live_close(&live);
	return rc;
}

static int start(struct request *r, struct target *t, struct err *err)
{
	int rc = app_check_unlocked(&t->app, err);
	bool other = false;

	if (!rc && !t->app.live)
		return nothing_live(r, t);
	if (!rc)
		rc = proxy_is_other(r, &t->app, &other, err);
	/* While it rested, the proxy was taken from it, or given to it. */
	if (!rc && other)
		return passage_renew(r, &t->app, t->lock, "config", err);
	if (!rc)
		rc = start_live(r, t, err);
	(void)close(t->lock);
	return rc;
}

int run_ps_start(struct request *r, struct err *err)
{
	return run_one_or_all(r, NULL, 1, start, err);
}
