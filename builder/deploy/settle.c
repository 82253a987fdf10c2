#include "builder/deploy/settle.h"

#include "builder/deploy/bake.h"
#include "builder/deploy/retag.h"
#include "builder/git/git.h"
#include "builder/life/container.h"
#include "builder/life/life.h"
#include "builder/life/route.h"
#include "builder/server.h"
#include "config/app/checks.h"
#include "config/base/array.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/door.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/record/images.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MIN_MS 20
#define PAUSE_MAX_MS 500
#define GC_LOOSE_OBJECTS "2000"

int settle_ask(struct server *s, const struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX], command[NAME_SIZE + 32];

	(void)snprintf(command, sizeof(command), "lives:settle %s", app->name);
	return door_job(path_door(s->settings, path), command, err);
}

/* As many as there are: lives whose processes were scaled to none take no place in the
 * app's network, which bounds the others. */
struct draining {
	struct life *lives;
	size_t len, cap;
};

static void draining_finish(struct draining *d)
{
	free(d->lives);
	*d = (struct draining){0};
}

static int collect_draining(void *ctx, const struct life *life)
{
	struct draining *d = ctx;

	if (life->state != LIFE_DRAINING)
		return 0;
	if (array_reserve(&d->lives, d->len, &d->cap, sizeof(*d->lives)))
		return ERR_FAILED;
	d->lives[d->len++] = *life;
	return 0;
}

static int read_draining(
	struct server *s, const struct app *app, struct draining *out, struct err *err)
{
	out->len = 0;
	return lives_each_unfinished(s->store, app, collect_draining, out, err)
		? err_set(err, ERR_FAILED, "cannot read the lives that drain")
		: 0;
}

static int life_is_busy(struct server *s, const struct app *app, const struct life *life,
	bool *busy, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	size_t len;
	int rc = places_read(s->store, app, life->number, places, &len, err);

	*busy = false;
	for (size_t i = 0; i < len && !rc && !*busy; i++)
		rc = route_is_busy(s, app, &places[i], busy, err);
	return rc;
}

static int any_is_busy(struct server *s, const struct app *app, const struct draining *d,
	bool *busy, struct err *err)
{
	int rc = 0;

	*busy = false;
	for (size_t i = 0; i < d->len && !rc && !*busy; i++)
		rc = life_is_busy(s, app, &d->lives[i], busy, err);
	return rc;
}

static void pause_for(int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&t, NULL);
}

/* HAProxy tells nobody when a server's last request ends, so it is asked, less and less
 * often. The time counts from the switch, also when a restarted bardod asks again. */
static void drain(struct server *s, const struct app *app, const struct draining *d)
{
	struct life live;
	int64_t patience = checks_drain(s->store, app->id, s->settings);
	int64_t pause = PAUSE_MIN_MS, until;
	bool busy = true;

	if (life_find(s->store, app, app->live, &live, NULL) < 0)
		return;
	until = live.live_at + patience;
	for (;;) {
		if (any_is_busy(s, app, d, &busy, NULL) < 0 || !busy)
			return;
		if (clock_unix_ms() >= until)
			break;
		pause_for(pause);
		pause = pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2;
	}
	log_info("%s: requests still under way after %lld s are cut", app->name,
		(long long)(patience / 1000));
}

static int retire(struct server *s, const struct app *app, struct draining *drained,
	struct err *err)
{
	int first = 0;

	/* One that won't end is no reason for the others to stay. */
	for (size_t i = 0; i < drained->len; i++) {
		struct err *told = first ? NULL : err;
		int rc = life_remove(s, app, &drained->lives[i], true, told);

		if (!rc)
			rc = life_retire(s->store, &drained->lives[i], told);
		first = first ? first : rc;
	}
	return first;
}

/* A disk must not fill with what nobody will run again; a life whose image is gone can
 * still be revived, by a build. */
static void remove_old_images(struct server *s, const struct app *app, int lock)
{
	struct err err = {0};
	struct image image;
	int rc = 0;

	while (!rc && !lock_is_wanted(lock) &&
		image_find_old(s->store, app, s->settings->deploy_keep_images, &image,
			&err) == 0) {
		rc = image_remove_tag(s, image.tag, &err);
		if (!rc)
			rc = image_forget(s->store, app, image.tag, &err);
	}
	if (rc)
		log_warn("%s: the old image %s stays: %s", app->name, image.tag, err.msg);
}

/* Out of band, because a push must not wait for it; the caller holds the lock, because
 * git's own locks are removed by whoever has ours. Whoever wants that ends it: it begins
 * anew some other time. */
static void collect_garbage(struct server *s, const struct app *app, int lock)
{
	static const char *const words[] = {"-c", "gc.auto=" GC_LOOSE_OBJECTS, "-c",
		"gc.autoDetach=false", "gc", "--auto", "--quiet"};
	const struct spawn_fd log = {STDERR_FILENO, STDERR_FILENO};
	struct git_command *git = git_command_create();
	char repository[PATH_TEXT_MAX];
	struct err err = {0};
	int rc = 0;

	if (!git)
		return;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !rc; i++)
		rc = git_command_arg(git, words[i], &err);
	if (!rc)
		rc = git_command_run_until(git,
			path_repository(s->settings, app, repository), &log, 1,
			lock_is_wanted, lock, &err);
	if (rc && !lock_is_wanted(lock))
		log_warn("%s: git gc: %s", app->name, rc < 0 ? err.msg : "failed");
	git_command_destroy(git);
}

/* Under the lock no switch is half-way: a life that drains now drains for good, and can
 * be taken away without the lock. Nor does ps:stop look at the containers meanwhile. */
static int decide(struct server *s, struct app *app, int lock, struct life *live,
	struct draining *out, struct err *err)
{
	int rc = lock_wait(lock, err);

	lock_is_for_upkeep(lock);
	if (!rc)
		rc = app_reload(s->store, app, err);
	if (!rc)
		rc = read_draining(s, app, out, err);
	if (!rc && app->live)
		rc = life_find(s->store, app, app->live, live, err);
	if (!rc && app->live && !app->stopped)
		rc = life_keep(s, app, live, err);
	lock_release(lock);
	return rc;
}

/* The newest of them: what to fall back to. */
static struct life *newest(struct draining *d)
{
	struct life *best = NULL;

	for (size_t i = 0; i < d->len; i++) {
		if (!best || d->lives[i].number > best->number)
			best = &d->lives[i];
	}
	return best;
}

/* Unless somebody else has decided on the app's next life meanwhile, or it has got well.
 */
static int fall_back(struct server *s, struct app *app, int lock, struct life *live,
	struct draining *draining, enum bake_end end, const char *reason, struct err *err)
{
	int rc = lock_wait(lock, err);

	if (!rc)
		rc = app_reload(s->store, app, err);
	if (!rc && app->live == live->number && !app->destroyed_at && !app->stopped &&
		(end != BAKE_SICK || bake_is_sick(s, app, live)))
		rc = bake_fall_back(s, app, live, newest(draining), reason, err);
	lock_release(lock);
	return rc;
}

/* The life is watched while the one before could still serve. One that was fallen back to
 * has nothing better before it, and what ps:stop stopped is to stay so. */
static int bake(struct server *s, struct app *app, int lock, struct life *live,
	struct draining *draining, bool *again, struct err *err)
{
	char reason[BAKE_REASON_SIZE];
	enum bake_end end;
	int64_t until = live->live_at + s->settings->deploy_bake;
	int rc;

	*again = false;
	if (!draining->len || app->stopped || clock_unix_ms() >= until ||
		!strcmp(live->source, BAKE_SOURCE))
		return 0;
	rc = bake_watch(s, app, live, until, &end, reason, err);
	if (rc || (end != BAKE_CRASHED && end != BAKE_SICK))
		return rc;
	*again = true;
	return fall_back(s, app, lock, live, draining, end, reason, err);
}

static void tidy(struct server *s, const struct app *app, int lock)
{
	struct err why = {0};

	if (lock_try(lock, NULL) < 0)
		return;
	lock_is_for_upkeep(lock);
	if (images_follow_name(s, app, &why) < 0)
		log_warn("%s: its images: %s", app->name, why.msg);
	remove_old_images(s, app, lock);
	if (!lock_is_wanted(lock))
		collect_garbage(s, app, lock);
	lock_release(lock);
}

/* The bake goes first: a WebSocket of the life before must not keep anybody from looking
 * at the new one. Both times count from the switch. After a fall back there is another
 * life to settle. Who finds that somebody settles this one already leaves it to them. */
static int settle(struct server *s, struct app *app, int lock, struct err *err)
{
	struct draining draining = {0};
	struct life live = {0};
	bool again = true;
	int rc = 0;

	while (!rc && again) {
		again = false;
		rc = decide(s, app, lock, &live, &draining, err);
		if (!rc && app->live)
			rc = lock_byte_try(lock, live.number, NULL);
		if (rc) {
			draining_finish(&draining);
			return rc == ERR_BUSY ? 0 : rc;
		}
		if (app->live)
			rc = bake(s, app, lock, &live, &draining, &again, err);
		if (!rc && !again)
			drain(s, app, &draining);
	}
	if (!rc)
		rc = retire(s, app, &draining, err);
	draining_finish(&draining);
	tidy(s, app, lock);
	return rc;
}

int settle_run(struct server *s, struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int lock, rc;

	if (!app->live)
		return err_set(err, ERR_NOTFOUND, "nothing of %s is live", app->name);
	lock = lock_open(path_app_lock(s->settings, app, path), err);
	if (lock < 0)
		return lock;
	rc = settle(s, app, lock, err);
	(void)close(lock);
	return rc;
}
