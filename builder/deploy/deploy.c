#include "builder/deploy/deploy.h"

#include "builder/deploy/undo.h"
#include "builder/git/ref.h"
#include "builder/image/build.h"
#include "builder/life/container.h"
#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/life/route.h"
#include "builder/say.h"
#include "builder/server.h"
#include "builder/source/source.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/containers.h"
#include "config/images.h"
#include "config/paths.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUMMARY_SIZE 80
#define SHORT_COMMIT 12

/* One deploy under way. */
struct passage {
	const struct deploy *d;
	struct server *server;
	struct app *app;
	struct say *say;
	struct life *life;
	struct life before; /* number 0: none */
	bool before_is_stopped;
	struct plan plan;
	struct phase phases[PHASES_MAX];
	int phases_len;
	int64_t mark; /* when the phase that runs began */
};

static void end_phase(struct passage *p, const char *name)
{
	int64_t now = clock_monotonic_ms();
	struct phase *phase = &p->phases[p->phases_len];

	if (p->phases_len == PHASES_MAX)
		return;
	(void)snprintf(phase->name, sizeof(phase->name), "%s", name);
	phase->ms = now - p->mark;
	p->mark = now;
	p->phases_len++;
}

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
	(void)snprintf(l->source, sizeof(l->source), "%s", d->source);
	(void)snprintf(l->ref, sizeof(l->ref), "%s", d->ref ? d->ref : "");
	route_url(p->server, p->app, d->client_side, l->url);
}

static void introduce(struct passage *p)
{
	char repository[PATH_TEXT_MAX], summary[SUMMARY_SIZE] = "";
	const struct life *l = p->life;

	(void)commit_summary(
		path_repository(p->server->settings, p->app->name, repository), l->commit,
		summary, sizeof(summary), NULL);
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
		rc = io_make_dir(path_life_logs(set, p->app->name, path), 0700, err);
	if (!rc)
		rc = say_open_log(p->say,
			path_life_log(set, p->app->name, p->life->number, path), err);
	if (!rc)
		rc = ref_keep_life(path_repository(set, p->app->name, path),
			p->life->number, p->life->commit, err);
	if (!rc && p->app->live)
		rc = life_find(p->server->store, p->app, p->app->live, &p->before, err);
	if (!rc)
		introduce(p);
	return rc;
}

/* ---- the image ---- */

static void describe_build(const struct settings *set, char *out, size_t size)
{
	(void)snprintf(out, size, "dir=%s\ndockerfile=%s\nbuilder=%s\n", set->build_dir,
		set->build_dockerfile, set->build_builder);
}

/* The tag is written down before the Engine makes it, so that undo finds it. */
static int reserve_tag(struct passage *p, struct image *image, struct err *err)
{
	int rc = image_choose_tag(p->server->store, p->app, image, err);

	return rc ? rc : life_set_image(p->server->store, p->life, image->tag, "", err);
}

static int use_image(struct passage *p, struct image *image, bool is_new, struct err *err)
{
	int rc = is_new ? image_add(p->server->store, p->app, image, err) : 0;

	return rc ? rc
		  : life_set_image(
			    p->server->store, p->life, image->tag, image->image_id, err);
}

/* The same tree was built before: give its image this commit's tag. ERR_NOTFOUND if there
 * is none any more. */
static int use_built(struct passage *p, struct image *wanted, struct err *err)
{
	struct image built;
	int rc = image_find_built(p->server->store, p->app, wanted->tree,
		wanted->build_settings, &built, err);

	if (rc)
		return rc;
	(void)snprintf(wanted->image_id, sizeof(wanted->image_id), "%s", built.image_id);
	if (!strcmp(built.commit, wanted->commit)) {
		rc = image_read_plan(p->server, p->app, built.image_id, &p->plan, err);
		(void)snprintf(wanted->tag, sizeof(wanted->tag), "%s", built.tag);
		if (!rc)
			rc = use_image(p, wanted, false, err);
	} else {
		rc = reserve_tag(p, wanted, err);
		if (!rc)
			rc = image_add_tag(p->server, built.image_id, wanted->tag, err);
		if (!rc)
			rc = use_image(p, wanted, true, err);
	}
	if (!rc)
		say_step(p->say, "This tree was built before: using %s", built.tag);
	return rc;
}

static int build_source(
	struct passage *p, struct source *source, struct image *image, struct err *err)
{
	const struct settings *set = p->server->settings;
	char tree[64], created[CLOCK_TEXT_MAX + 64], app[NAME_SIZE + 16],
		time[CLOCK_TEXT_MAX];
	char server[SERVER_ID_SIZE + 16];
	const char *labels[] = {app, server, tree, created, NULL};
	struct build_options options = {
		.dockerfile = set->build_dockerfile,
		.tag = image->tag,
		.labels = labels,
		.classic = !strcmp(set->build_builder, "classic"),
		.no_cache = p->d->no_cache,
		.timeout = set->build_timeout,
	};
	int rc;

	clock_format(source_time(source) * 1000, time);
	(void)snprintf(app, sizeof(app), "bardo.app=%s", p->app->name);
	(void)snprintf(server, sizeof(server), "bardo.server=%s", p->server->id);
	(void)snprintf(tree, sizeof(tree), "bardo.tree=%s", image->tree);
	(void)snprintf(
		created, sizeof(created), "org.opencontainers.image.created=%s", time);
	rc = reserve_tag(p, image, err);
	options.tag = image->tag;
	if (!rc)
		rc = build_image(p->server->engine, source, &options, p->say,
			image->image_id, err);
	return rc ? rc : use_image(p, image, true, err);
}

static int image_from_commit(struct passage *p, struct err *err)
{
	const struct settings *set = p->server->settings;
	char repository[PATH_TEXT_MAX];
	struct image image = {0};
	struct source *source;
	struct source_options options = {
		.repository = path_repository(set, p->app->name, repository),
		.commit = p->life->commit,
		.dir = set->build_dir,
		.dockerfile = set->build_dockerfile,
		.classic = !strcmp(set->build_builder, "classic"),
	};
	int rc = source_open(&source, &options, err);

	if (rc)
		return rc;
	(void)snprintf(image.commit, sizeof(image.commit), "%s", p->life->commit);
	(void)snprintf(image.tree, sizeof(image.tree), "%s", source_tree(source));
	describe_build(set, image.build_settings, sizeof(image.build_settings));
	rc = p->d->rebuild ? ERR_NOTFOUND : use_built(p, &image, err);
	if (rc == ERR_NOTFOUND)
		rc = build_source(p, source, &image, err);
	source_close(source);
	return rc;
}

/* What an old life ran, as it ran it. */
static int image_from_life(struct passage *p, struct err *err)
{
	const struct life *from = p->d->from;
	char *json;
	struct plan ignored;
	int rc = image_read_plan(p->server, p->app, from->image_id, &ignored, NULL);

	if (rc == ERR_NOTFOUND) {
		say_step(p->say,
			"The image of life %d is gone: building its commit again",
			from->number);
		rc = image_from_commit(p, err);
	} else {
		say_step(p->say, "Using %s of life %d", from->tag, from->number);
		rc = life_set_image(
			p->server->store, p->life, from->tag, from->image_id, err);
	}
	if (rc)
		return rc;
	rc = life_read_config(p->server->store, from, &json, err);
	if (rc)
		return rc;
	rc = plan_from_json(&p->plan, json, err);
	free(json);
	return rc;
}

static int get_image(struct passage *p, struct err *err)
{
	char *json;
	int rc = life_set_state(p->server->store, p->life, LIFE_BUILDING, err);

	if (!rc)
		rc = p->d->from ? image_from_life(p, err) : image_from_commit(p, err);
	if (!rc && !p->d->from)
		rc = image_read_plan(p->server, p->app, p->life->image_id, &p->plan, err);
	if (rc)
		return err_prefix(err, "build failed: ");
	json = plan_to_json(&p->plan);
	if (!json)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = life_set_config(p->server->store, p->life, json, err);
	free(json);
	end_phase(p, "build");
	return rc;
}

/* ---- the containers ---- */

/* Two lives on one volume are corruption: the old one stops before the new one starts. */
static int make_way(struct passage *p, struct err *err)
{
	if (!p->before.number || !plan_stops_first(&p->plan))
		return 0;
	say_step(p->say, "Stopping life %d first: only one life at a time may have %s",
		p->before.number, p->plan.volumes[0].name);
	p->before_is_stopped = true;
	return life_stop(p->server, p->app, &p->before, err);
}

static int start(struct passage *p, struct err *err)
{
	int rc = life_set_state(p->server->store, p->life, LIFE_STARTING, err);

	if (!rc)
		rc = make_way(p, err);
	if (!rc) {
		say_step(p->say, "Starting life %d", p->life->number);
		rc = life_start(p->server, p->app, p->life, &p->plan, err);
	}
	if (rc)
		return err_prefix(err, "start failed: ");
	end_phase(p, "start");
	return 0;
}

static int check(struct passage *p, struct err *err)
{
	int rc = life_set_state(p->server->store, p->life, LIFE_CHECKING, err);

	if (!rc)
		rc = life_check(p->server, p->app, p->life, &p->plan, p->say, err);
	if (rc)
		return err_prefix(err, "check failed: ");
	end_phase(p, "check");
	return 0;
}

/* ---- the switch ---- */

static int switch_routes(struct passage *p, struct err *err)
{
	struct app as_before = *p->app;
	int before = p->before.number;
	int rc = life_switch(p->server->store, p->app, p->life, err);

	if (rc)
		return rc;
	rc = route_to_life(p->server, p->app, p->life, err);
	if (!rc)
		return 0;
	/* The record goes first both ways: a crash in between leaves the old life routed.
	 */
	*p->app = as_before;
	if (life_switch_back(p->server->store, p->app, p->life, before, NULL) < 0)
		log_warn("%s: could not take the switch to life %d back", p->app->name,
			p->life->number);
	(void)route_to_life(p->server, p->app, before ? &p->before : NULL, NULL);
	return rc;
}

static int switch_over(struct passage *p, struct err *err)
{
	char repository[PATH_TEXT_MAX];
	struct ref_update *ref = NULL;
	int rc = 0;

	(void)path_repository(p->server->settings, p->app->name, repository);
	if (p->d->ref)
		rc = ref_prepare(
			&ref, repository, p->d->ref, p->d->ref_old, p->life->commit, err);
	if (!rc)
		rc = switch_routes(p, err);
	if (rc) {
		ref_abort(ref);
		return rc == ERR_BUSY ? rc : err_prefix(err, "switch failed: ");
	}
	end_phase(p, "switch");
	/* From here on the life is live, whatever git says: reconcile moves the branch
	 * then. */
	if (ref && ref_commit(ref, err) < 0)
		say_problem(p->say, "The branch could not be moved yet: %s", err->msg);
	return 0;
}

/* ---- the end, one way or the other ---- */

static int64_t phase_of(const struct phase *phases, int len, const char *name)
{
	for (int i = 0; i < len; i++) {
		if (!strcmp(phases[i].name, name))
			return phases[i].ms;
	}
	return -1;
}

static void say_times(struct passage *p)
{
	struct phase old[PHASES_MAX];
	char line[512] = "";
	int old_len = 0;
	size_t at = 0;

	if (p->before.number)
		(void)life_read_phases(p->server->store, &p->before, old, &old_len, NULL);
	for (int i = 0; i < p->phases_len && at < sizeof(line) - 80; i++) {
		int64_t ms = p->phases[i].ms;
		int64_t was = phase_of(old, old_len, p->phases[i].name);

		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s %lld.%02lld s",
			i ? ", " : "", p->phases[i].name, (long long)(ms / 1000),
			(long long)(ms % 1000 / 10));
		if (was >= 0)
			at += (size_t)snprintf(line + at, sizeof(line) - at,
				" (last %lld.%02lld)", (long long)(was / 1000),
				(long long)(was % 1000 / 10));
	}
	say_detail(p->say, "%s", line);
}

static void add_total(struct passage *p)
{
	int64_t total = 0;

	for (int i = 0; i < p->phases_len; i++)
		total += p->phases[i].ms;
	if (p->phases_len < PHASES_MAX) {
		struct phase *phase = &p->phases[p->phases_len++];

		(void)snprintf(phase->name, sizeof(phase->name), "total");
		phase->ms = total;
	}
}

static void announce(struct passage *p)
{
	add_total(p);
	(void)life_set_phases(p->server->store, p->life, p->phases, p->phases_len, NULL);
	say_step(p->say, "Life %d of %s is live:", p->life->number, p->app->name);
	if (p->plan.port)
		say_detail(p->say, "%s", p->life->url);
	say_times(p);
}

static void fail(struct passage *p, const struct err *why)
{
	struct err err = {0};
	bool changed;

	say_problem(p->say, "%s", why->msg);
	if (p->before_is_stopped &&
		life_repair(p->server, p->app, &p->before, &changed, &err) < 0)
		say_problem(p->say, "Life %d could not be started again: %s",
			p->before.number, err.msg);
	if (undo_life(p->server, p->app, p->life, why->msg, &err) < 0)
		say_problem(p->say, "Not everything of life %d could be removed yet: %s",
			p->life->number, err.msg);
	(void)life_set_phases(p->server->store, p->life, p->phases, p->phases_len, NULL);
	if (p->before.number)
		say_detail(p->say, "Life %d goes on serving.", p->before.number);
}

int deploy_run(const struct deploy *d, struct life *life, struct err *err)
{
	struct passage p = {
		.d = d,
		.server = d->server,
		.app = d->app,
		.say = d->say,
		.life = life,
		.mark = clock_monotonic_ms() - d->waited,
	};
	int rc = route_ensure_proxy(d->server, err);

	if (!rc)
		rc = undo_interrupted(d->server, d->app, err);
	if (!rc)
		rc = life_sweep(d->server, d->app, err);
	if (rc)
		return rc;
	rc = begin_life(&p, err);
	if (!rc)
		end_phase(&p, "queue");
	if (!rc)
		rc = get_image(&p, err);
	if (!rc)
		rc = start(&p, err);
	if (!rc)
		rc = check(&p, err);
	if (!rc)
		rc = switch_over(&p, err);
	if (!rc)
		announce(&p);
	else if (p.life->number)
		fail(&p, err);
	return rc;
}
