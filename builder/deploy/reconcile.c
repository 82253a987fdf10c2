#include "builder/deploy/reconcile.h"

#include "builder/deploy/branch.h"
#include "builder/deploy/destroy.h"
#include "builder/deploy/reboot.h"
#include "builder/deploy/settle.h"
#include "builder/deploy/undo.h"
#include "builder/git/ref.h"
#include "builder/life/container.h"
#include "builder/life/file_ports.h"
#include "builder/life/life.h"
#include "builder/life/published.h"
#include "builder/life/route.h"
#include "builder/life/scale.h"
#include "builder/proxy/haproxy.h"
#include "builder/run/runs.h"
#include "builder/server.h"
#include "config/base/array.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/door.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/people/users.h"
#include "config/record/places.h"
#include "config/record/underway.h"
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int note_draining(void *ctx, const struct life *life)
{
	bool *draining = ctx;

	*draining = *draining || life->state == LIFE_DRAINING;
	return 0;
}

struct stray_search {
	struct server *server;
	const struct app *app;
	struct place places[CONTAINERS_MAX];
	size_t places_len;
};

static int remove_if_stray(void *ctx, const struct container_seen *seen)
{
	struct stray_search *search = ctx;
	char name[CONTAINER_NAME_SIZE];
	bool has_place;

	for (size_t i = 0; i < search->places_len; i++) {
		if (!strcmp(place_container_name(search->app, &search->places[i], name),
			    seen->name))
			return 0;
	}
	/* One-off containers get their places without the app's lock. */
	if (place_has_name(search->server->store, seen->name, &has_place, NULL) < 0 ||
		has_place)
		return 0;
	log_warn("%s: removing stray container %s", search->app->name, seen->name);
	return container_remove(search->server, seen->name, NULL);
}

static int remove_strays(struct server *s, const struct app *app, struct err *err)
{
	struct stray_search search = {.server = s, .app = app};
	int rc = places_read(s->store, app, 0, search.places, &search.places_len, err);

	return rc ? rc : containers_each(s, app, remove_if_stray, &search, err);
}

static int repair_live(struct server *s, const struct app *app, struct err *err)
{
	struct life live;
	bool changed;
	int rc;

	/* A first deploy that failed while the Engine was away has left its network. */
	if (!app->live)
		return network_remove(s, app, err);
	rc = life_find(s->store, app, app->live, &live, err);
	if (!rc && app->stopped)
		return life_rest(s, app, &live, err);
	if (!rc)
		rc = life_repair(s, app, &live, &changed, err);
	if (!rc && changed)
		log_info("%s: started life %d again", app->name, live.number);
	if (!rc)
		rc = life_keep(s, app, &live, err);
	if (!rc)
		rc = route_to_life(s, app, &live, err);
	if (!rc)
		rc = file_ports_follow(s, app, &live, err);
	return rc ? rc : life_remove_surplus(s, app, &live, err);
}

static int drop_if_empty(struct server *s, struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc, pushes = lock_open(path_app_pushes(s->settings, app->name, path), err);

	if (pushes < 0)
		return pushes;
	rc = app_destroy_if_empty(s, app, pushes, err);
	(void)close(pushes);
	return rc;
}

/* One-off containers: those whose bardo died go, the detached ones are looked after. */
static int repair_runs(struct server *s, const struct app *app, struct err *err)
{
	struct runs_left left;
	int rc = runs_sweep(s, app, &left, err);

	if (!rc && left.len)
		runs_ask_tending(s, app);
	return rc;
}

int reconcile_app(struct server *s, struct app *app, struct err *err)
{
	bool draining = false;
	int rc = app_reload(s->store, app, err);

	if (!rc)
		rc = undo_interrupted(s, app, err);
	if (!rc)
		rc = published_settle(s, app, err);
	if (!rc)
		rc = lives_each_unfinished(s->store, app, note_draining, &draining, err);
	if (!rc)
		rc = undo_leftovers(s, app, err);
	if (!rc)
		rc = repair_runs(s, app, err);
	if (!rc)
		rc = remove_strays(s, app, err);
	if (!rc && !app->destroyed_at)
		rc = branch_follow_record(s, app, err);
	if (!rc && app->provisional)
		return drop_if_empty(s, app, err);
	if (!rc)
		rc = repair_live(s, app, err);
	if (!rc)
		rc = route_release_unused(s, app, err);
	if (!rc && draining)
		(void)settle_ask(s, app, NULL);
	return rc ? err_prefix(err, "%s: ", app->name) : 0;
}

static int with_lock(struct server *s, struct app *app, bool wait,
	int (*work)(struct server *s, struct app *app, struct err *err), struct err *err)
{
	char path[PATH_TEXT_MAX];
	int fd = lock_open(path_app_lock(s->settings, app, path), err);
	int rc;

	if (fd < 0)
		return fd;
	rc = wait ? lock_wait(fd, err) : lock_try(fd, err);
	if (!rc)
		rc = work(s, app, err);
	(void)close(fd);
	return rc;
}

int reconcile_app_waiting(struct server *s, const char *name, struct err *err)
{
	struct app app;
	int rc = app_find_ever(s->store, name, &app, err);

	return rc ? rc : with_lock(s, &app, true, reconcile_app, err);
}

struct app_list {
	struct app *apps;
	size_t len, cap;
};

static int collect_app(void *ctx, const struct app *app)
{
	struct app_list *list = ctx;

	if (array_reserve(&list->apps, list->len, &list->cap, sizeof(*list->apps)))
		return ERR_FAILED;
	list->apps[list->len++] = *app;
	return 0;
}

/* What ps:set restore keeps from coming back stays stopped until somebody starts it. */
static int leave_stopped(struct server *s, struct app *app, struct err *err)
{
	bool restored = true;
	int rc = app_reload(s->store, app, err);

	if (!rc)
		rc = reboot_is_restored(s, app, &restored, err);
	if (rc || restored || app->stopped || !app->live)
		return rc;
	log_info("%s: not started after a reboot (ps:set %s restore)", app->name,
		app->name);
	return app_set_stopped(s->store, app, true, err);
}

/* Once for each boot, whatever else can't be put in order: an app that somebody started
 * since is not stopped again. One that is busy is just being started. */
static int follow_reboot(struct server *s, struct app_list *list, struct err *err)
{
	bool rebooted = false;
	int rc = reboot_has_been(s, &rebooted, err);

	for (size_t i = 0; i < list->len && rebooted && !rc; i++) {
		rc = with_lock(s, &list->apps[i], false, leave_stopped, err);
		if (rc == ERR_BUSY)
			rc = 0;
	}
	return rc ? rc : reboot_note(s, err);
}

static int reconcile_or_leave(struct server *s, struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX], command[NAME_SIZE + 32];
	int rc = with_lock(s, app, false, reconcile_app, err);

	if (rc != ERR_BUSY)
		return rc;
	(void)snprintf(command, sizeof(command), "reconcile %s", app->name);
	(void)door_job(path_door(s->settings, path), command, NULL);
	return 0;
}

/* A proxy that runs keeps the settings with which it was started: to start it anew would
 * cut what visitors are doing, and is for somebody to choose. */
static void look_at_proxy(struct server *s)
{
	char path[PATH_TEXT_MAX];
	bool current = true;

	if (!settings_have_proxy(s->settings)) {
		if (haproxy_ping(s->settings, NULL) == 0)
			log_warn("proxy.driver is none, and HAProxy still runs, with the "
				 "apps' ports: kill $(cat %s), then bardo "
				 "proxy:build-config --all",
				path_run(s->settings, "proxy/haproxy.pid", path));
		return;
	}
	if (haproxy_is_current(s->settings, &current, NULL) == 0 && !current)
		log_warn("HAProxy runs with other settings than these: proxy.apps, "
			 "proxy.ports or another of proxy's was changed. To start it "
			 "with them, which cuts the requests under way: kill $(cat %s)",
			path_run(s->settings, "proxy/haproxy.pid", path));
}

static void tell_of_lost_commands(struct server *s)
{
	struct err err = {0};

	if (underway_sweep(s->store, s->settings, &err) < 0)
		log_warn("commands that were killed: %s", err.msg);
}

int reconcile_all(struct server *s, struct err *err)
{
	struct app_list list = {0};
	struct err one = {0};
	int rc;

	repository_library_hold();
	tell_of_lost_commands(s);
	rc = users_write_snapshot(s->store, s->settings, err);
	if (!rc)
		rc = route_ensure_proxy(s, err);
	if (!rc)
		look_at_proxy(s);
	if (!rc)
		rc = route_ports(s, err);
	if (!rc)
		rc = apps_each(s->store, collect_app, &list, err);
	if (!rc)
		rc = follow_reboot(s, &list, err);
	for (size_t i = 0; i < list.len; i++) {
		int failed = reconcile_or_leave(s, &list.apps[i], &one);

		if (failed)
			log_warn("%s", one.msg);
		if (failed && !rc)
			rc = err_set(err, failed, "%s", one.msg);
	}
	free(list.apps);
	return rc;
}
