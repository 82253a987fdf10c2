#include "builder/deploy/passage.h"

#include "builder/deploy/scripts.h"
#include "builder/deploy/undo.h"
#include "builder/engine/engine.h"
#include "builder/git/ref.h"
#include "builder/life/file_ports.h"
#include "builder/life/life.h"
#include "builder/life/published.h"
#include "builder/life/route.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "builder/server.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/door.h"
#include "config/paths.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define SUMMARY_SIZE 80
#define SHORT_COMMIT 12

/* ---- the record ---- */

static void fill_life(struct passage *p)
{
	const struct deploy *d = p->d;
	struct life *l = p->life;

	*l = (struct life){0};
	(void)snprintf(l->commit, sizeof(l->commit), "%s", d->commit);
	(void)snprintf(l->version, sizeof(l->version), "%s", d->version);
	(void)snprintf(l->user, sizeof(l->user), "%s", d->user->name);
	(void)snprintf(l->key, sizeof(l->key), "%s", d->key);
	(void)snprintf(l->peer, sizeof(l->peer), "%s", d->peer);
	(void)snprintf(l->source, sizeof(l->source), "%s", d->source);
	(void)snprintf(l->ref, sizeof(l->ref), "%s", d->ref ? d->ref : "");
	(void)snprintf(l->reason, sizeof(l->reason), "%s", d->reason ? d->reason : "");
	route_url(p->server, p->app, &p->plan, d->client_side, l->url);
}

static void introduce(struct passage *p)
{
	char repository[PATH_TEXT_MAX], summary[SUMMARY_SIZE] = "";
	const struct life *l = p->life;

	(void)commit_summary(path_repository(p->server->settings, p->app, repository),
		l->commit, summary, sizeof(summary), NULL);
	say_step(p->say, "Life %d of %s: %.*s %s%s%s%s", l->number, p->app->name,
		SHORT_COMMIT, l->commit, summary, *l->version ? " (" : "", l->version,
		*l->version ? ")" : "");
}

static int begin_life(struct passage *p, struct err *err)
{
	const struct settings *set = p->server->settings;
	char path[PATH_TEXT_MAX];
	int rc;

	fill_life(p);
	rc = life_create(p->server->store, p->app, p->life, err);
	if (!rc)
		rc = io_make_dir(path_life_logs(set, p->app, path), 0700, err);
	if (!rc)
		rc = say_open_log(
			p->say, path_life_log(set, p->app, p->life->number, path), err);
	if (!rc)
		rc = ref_keep_life(path_repository(set, p->app, path), p->life->number,
			p->life->commit, err);
	if (!rc && p->app->live)
		rc = life_find(p->server->store, p->app, p->app->live, &p->before, err);
	if (!rc)
		introduce(p);
	return rc;
}

/* ---- the containers ---- */

/* What must succeed before any process of a new image starts. A configuration change, a
 * restart and a revive run an image that was released. */
static int release(struct passage *p, struct err *err)
{
	int rc;

	if (p->d->from ||
		(!plan_script(&p->plan, PLAN_PREDEPLOY) &&
			!plan_script(&p->plan, PLAN_RELEASE)))
		return 0;
	rc = life_set_state(p->server->store, p->life, LIFE_RELEASING, err);
	if (!rc)
		rc = passage_run_script(p, PLAN_PREDEPLOY, err);
	if (!rc)
		rc = passage_run_script(p, PLAN_RELEASE, err);
	passage_end_phase(p, "release");
	return rc;
}

/* The life serves: what goes wrong now is told, and changes nothing. */
static void finish_release(struct passage *p)
{
	const bool first = !p->before.number;
	struct err err = {0};

	if (p->d->from ||
		(!plan_script(&p->plan, PLAN_POSTDEPLOY) &&
			!(first && plan_script(&p->plan, PLAN_SCRIPT_FIRST))))
		return;
	if (passage_run_script(p, PLAN_POSTDEPLOY, &err) < 0)
		say_problem(p->say, "%s", err.msg);
	if (first && passage_run_script(p, PLAN_SCRIPT_FIRST, &err) < 0)
		say_problem(p->say, "%s", err.msg);
	passage_end_phase(p, "postdeploy");
}

static int start(struct passage *p, struct err *err)
{
	int rc = life_set_state(p->server->store, p->life, LIFE_STARTING, err);

	if (!rc)
		rc = life_check_room(p->server, p->app, &p->plan, err);
	/* What the Engine refuses to make costs the life before nothing. */
	if (!rc)
		rc = life_make(p->server, p->app, p->life, &p->plan, err);
	if (!rc)
		rc = passage_make_way(p, err);
	if (!rc) {
		say_step(p->say, "Starting life %d", p->life->number);
		rc = life_start(p->server, p->app, p->life, err);
	}
	if (rc)
		return err_prefix(err, "start failed: ");
	passage_end_phase(p, "start");
	return 0;
}

static int check(struct passage *p, struct err *err)
{
	int rc = life_set_state(p->server->store, p->life, LIFE_CHECKING, err);

	if (!rc)
		rc = life_check(p->server, p->app, p->life, &p->plan, p->say, err);
	if (rc)
		return err_prefix(err, "check failed: ");
	rc = life_join_late(p->server, p->app, p->life, &p->plan, err);
	if (rc)
		return err_prefix(err, "start failed: ");
	passage_end_phase(p, "check");
	return 0;
}

/* The app's own proof, against containers that nobody else asks yet. A verify may take
 * its time: they are checked once more when it has passed. */
static int verify(struct passage *p, struct err *err)
{
	int rc;

	if (!plan_script(&p->plan, PLAN_VERIFY))
		return 0;
	rc = passage_run_script(p, PLAN_VERIFY, err);
	if (rc)
		return rc;
	rc = life_check(p->server, p->app, p->life, &p->plan, p->say, err);
	passage_end_phase(p, "verify");
	return rc ? err_prefix(err, "check after verify failed: ") : 0;
}

/* ---- the switch ---- */

/* The new life may be in the way: fail tries again when that is gone. */
static void lead_back(struct passage *p)
{
	struct err why = {0};
	int rc = route_to_life(
		p->server, p->app, p->before.number ? &p->before : NULL, &why);

	p->before_is_cut = rc < 0;
	if (rc)
		log_warn("%s: back to life %d: %s", p->app->name, p->before.number,
			why.msg);
}

static int switch_routes(struct passage *p, struct err *err)
{
	struct app as_before = *p->app;
	int before = p->before.number;
	int rc = route_claim(p->server, p->app, p->life, err);

	if (!rc)
		rc = life_switch(p->server->store, p->app, p->life, err);
	if (rc) {
		lead_back(p);
		return rc;
	}
	rc = route_to_life(p->server, p->app, p->life, err);
	if (!rc)
		return 0;
	/* The record goes first both ways: a crash in between leaves the old life routed.
	 */
	*p->app = as_before;
	if (life_switch_back(p->server->store, p->app, p->life, before, NULL) < 0)
		log_warn("%s: could not take the switch to life %d back", p->app->name,
			p->life->number);
	lead_back(p);
	return rc;
}

/* The file's ports were judged before anything started: what fails here is told. */
static void follow_ports(struct passage *p)
{
	struct err why = {0};

	if (file_ports_follow(p->server, p->app, p->life, &why) < 0)
		say_problem(p->say, "Its ports stay as they were: %s", why.msg);
}

static int switch_over(struct passage *p, struct err *err)
{
	char repository[PATH_TEXT_MAX];
	struct ref_update *ref = NULL;
	int rc = 0;

	(void)path_repository(p->server->settings, p->app, repository);
	if (p->d->changes_len)
		rc = ref_prepare(&ref, repository, p->d->changes, p->d->changes_len, err);
	if (!rc)
		rc = switch_routes(p, err);
	if (rc) {
		ref_abort(ref);
		return rc == ERR_BUSY ? rc : err_prefix(err, "switch failed: ");
	}
	passage_end_phase(p, "switch");
	follow_ports(p);
	/* From here on the life is live, whatever git says: reconcile moves the branch
	 * then. */
	if (ref && ref_commit(ref, err) < 0)
		say_problem(p->say, "The branch could not be moved yet: %s", err->msg);
	return 0;
}

/* ---- the end, one way or the other ---- */

static void announce(struct passage *p)
{
	passage_add_total(p);
	(void)life_set_phases(p->server->store, p->life, p->phases, p->phases_len, NULL);
	say_step(p->say, "Life %d of %s is live:", p->life->number, p->app->name);
	if (plan_port(&p->plan))
		say_detail(p->say, "%s", p->life->url);
	passage_say_times(p);
}

/* What could not be put right now is put right when bardod can: it tries again. */
static void leave_to_reconcile(struct passage *p, const struct err *why)
{
	char path[PATH_TEXT_MAX], command[NAME_SIZE + 32];

	say_problem(p->say, "Not everything could be put back yet: %s", why->msg);
	(void)snprintf(command, sizeof(command), "reconcile %s", p->app->name);
	(void)door_job(path_door(p->server->settings, path), command, NULL);
}

/* The new life goes first: two lives never have one volume, not in a failure either. */
static void fail(struct passage *p, const struct err *why)
{
	struct err err = {0};
	bool changed;
	int rc;

	say_problem(p->say, "%s", why->msg);
	rc = undo_life(p->server, p->app, p->life, why->msg, &err);
	(void)life_set_phases(p->server->store, p->life, p->phases, p->phases_len, NULL);
	if (!rc && p->before_is_stopped)
		rc = life_repair(p->server, p->app, &p->before, &changed, &err);
	if (!rc && p->before_is_stopped)
		rc = life_keep(p->server, p->app, &p->before, &err);
	if (!rc && p->before_is_cut)
		rc = route_to_life(
			p->server, p->app, p->before.number ? &p->before : NULL, &err);
	if (rc)
		leave_to_reconcile(p, &err);
	else if (p->before.number)
		say_detail(p->say, "Life %d goes on serving.", p->before.number);
}

static int pass_over(struct passage *p, struct err *err)
{
	int rc = begin_life(p, err);

	if (!rc)
		passage_end_phase(p, "queue");
	if (!rc)
		rc = passage_get_image(p, err);
	if (!rc)
		rc = release(p, err);
	if (!rc)
		rc = start(p, err);
	if (!rc)
		rc = check(p, err);
	if (!rc)
		rc = verify(p, err);
	return rc ? rc : switch_over(p, err);
}

static int run(const struct deploy *d, struct life *life, struct err *err)
{
	struct passage p = {
		.d = d,
		.server = d->server,
		.app = d->app,
		.say = d->say,
		.life = life,
		.mark = clock_monotonic_ms() - d->waited,
	};
	int rc;

	repository_library_hold();
	rc = route_prepare(d->server, d->app, err);
	if (!rc)
		rc = undo_interrupted(d->server, d->app, err);
	if (!rc)
		rc = undo_leftovers(d->server, d->app, err);
	if (!rc)
		rc = passage_mask(&p, err);
	if (rc)
		return rc;
	rc = pass_over(&p, err);
	if (!rc) {
		finish_release(&p);
		announce(&p);
	} else {
		mask_field(p.mask, err->msg, sizeof(err->msg));
		say_plain(err->msg);
		if (p.life->number)
			fail(&p, err);
		/* That the Engine doesn't know a thing doesn't mean that the user named
		 * one. */
		if (rc == ERR_NOTFOUND)
			rc = err->code = ERR_FAILED;
	}
	cJSON_Delete(p.image);
	plan_finish(&p.plan);
	recipe_finish(&p.recipe);
	d->say->mask = NULL;
	mask_destroy(p.mask);
	return rc;
}

static void say_silence(void *ctx, const char *text)
{
	say_detail(ctx, "%s", text);
}

int deploy_run(const struct deploy *d, struct life *life, struct err *err)
{
	struct engine_listener before = engine_on_silence(
		d->server->engine, (struct engine_listener){say_silence, d->say});
	int rc = run(d, life, err);
	struct err why = {0};

	if (published_settle(d->server, d->app, &why) < 0)
		log_warn("%s: %s", d->app->name, why.msg);
	(void)engine_on_silence(d->server->engine, before);
	return rc;
}
