#include "builder/life/route.h"

#include "builder/life/confirm.h"
#include "builder/life/file_ports.h"
#include "builder/life/life.h"
#include "builder/life/maintenance.h"
#include "builder/life/names.h"
#include "builder/life/network.h"
#include "builder/life/plan.h"
#include "builder/life/published.h"
#include "builder/proxy/haproxy.h"
#include "builder/proxy/socket.h"
#include "builder/server.h"
#include "config/app/ports.h"
#include "config/app/publish.h"
#include "config/base/array.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/door.h"
#include "config/paths.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define PROXY_START_MS 10000

/* Waits for something to happen in the proxy's folder: its socket appears there. */
static void wait_for_change(int watch, int64_t ms)
{
	char events[4096];
	struct pollfd p = {.fd = watch, .events = POLLIN};

	if (poll(&p, 1, (int)ms) > 0 && read(watch, events, sizeof(events)) < 0)
		return;
}

static int await_proxy(const struct settings *set, int watch, struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + PROXY_START_MS;
	int64_t left;
	int rc;

	while ((rc = haproxy_ping(set, err)) == ERR_AWAY) {
		left = deadline - clock_monotonic_ms();
		if (left <= 0)
			return err_prefix(
				err, "HAProxy was started and doesn't answer: ");
		wait_for_change(watch, left < 100 ? left : 100);
	}
	return rc;
}

/* Nothing that was so once is believed: the files are compared with the record, and with
 * what runs. */
static int start_proxy(struct server *s, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int watch, rc = haproxy_write_config(s->settings, err);

	if (!rc)
		rc = route_ports(s, err);
	if (!rc)
		rc = confirm_routes(s, err);
	if (rc)
		return rc;
	watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	(void)inotify_add_watch(
		watch, path_run(s->settings, "proxy", path), IN_CREATE | IN_MOVED_TO);
	rc = door_start_proxy(path_door(s->settings, path), err);
	if (!rc)
		rc = await_proxy(s->settings, watch, err);
	else
		rc = err_prefix(err, "HAProxy doesn't run, and only bardod starts it: ");
	(void)close(watch);
	return rc;
}

int route_ensure_proxy(struct server *s, struct err *err)
{
	int lock, rc;

	if (!settings_have_proxy(s->settings))
		return 0;
	/* One that is there answers, or hangs: there can't be a second one. */
	if (haproxy_is_there(s->settings))
		return haproxy_ping(s->settings, err);
	/* Whoever is at it already has it answer in a moment. */
	lock = haproxy_lock_map(s->settings, HAPROXY_START, err);
	if (lock < 0)
		return lock;
	rc = haproxy_is_there(s->settings) ? haproxy_ping(s->settings, err)
					   : start_proxy(s, err);
	(void)close(lock);
	return rc;
}

int route_prepare(struct server *s, struct app *app, struct err *err)
{
	bool is_published = false;
	int rc = route_ensure_proxy(s, err);

	if (!rc)
		rc = publish_prepare(s->store, s->settings, app, err);
	if (!rc)
		rc = publish_is_set(s->store, s->settings, app->id, &is_published, err);
	return rc || !is_published ? rc : network_create_own(s, app, err);
}

struct port_list {
	struct haproxy_port *ports;
	size_t len, cap;
};

static int collect_port(void *ctx, int port, int slot)
{
	struct port_list *list = ctx;

	if (array_reserve(&list->ports, list->len, &list->cap, sizeof(*list->ports)))
		return ERR_FAILED;
	list->ports[list->len++] = (struct haproxy_port){port, slot};
	return 0;
}

static int map_ports(struct server *s, struct err *err)
{
	struct port_list list = {0};
	int lock = haproxy_lock_map(s->settings, HAPROXY_MAP_PORTS, err);
	int rc = lock < 0 ? lock : ports_each_routed(s->store, collect_port, &list, err);

	if (!rc)
		rc = haproxy_map_ports(s->settings, list.ports, list.len, err);
	free(list.ports);
	if (lock >= 0)
		(void)close(lock);
	return rc;
}

int route_ports(struct server *s, struct err *err)
{
	int rc;

	if (!settings_have_proxy(s->settings))
		return 0;
	rc = map_ports(s, err);
	if (!rc)
		rc = names_follow(s, err);
	return rc ? rc : maintenance_route(s, NULL, err);
}

static void server_name(const struct place *p, char out[HAPROXY_NAME_SIZE])
{
	(void)snprintf(
		out, HAPROXY_NAME_SIZE, "%s.%d.%d", p->process, p->life, p->position);
}

/* Those above the plan's count wait to be proved, or to go. */
static bool is_routed(
	const struct plan *plan, const struct place *place, const struct place *resting)
{
	struct plan_process web;

	if (strcmp(place->process, PLAN_WEB) != 0 ||
		!plan_find_process(plan, PLAN_WEB, &web))
		return false;
	return place->position <= web.count &&
		!(resting && resting->position == place->position &&
			!strcmp(resting->process, place->process));
}

/* A backend of the app's, and what it holds: the life's web containers at one port. */
struct target {
	int slot;
	int container; /* or PORT_OWN */
};

/* The app's own backend first, then those of mapped ports. */
#define TARGETS_MAX (2 * PORTS_MAX + 1)

/* None where there is no proxy. */
static int read_targets(struct server *s, const struct app *app,
	struct target out[TARGETS_MAX], size_t *len, struct err *err)
{
	struct port_backend backends[2 * PORTS_MAX];
	size_t count;
	int rc;

	*len = 0;
	if (!settings_have_proxy(s->settings))
		return 0;
	rc = port_backends_read(s->store, app, backends, &count, err);
	out[(*len)++] = (struct target){app->slot, PORT_OWN};
	for (size_t i = 0; i < count && !rc; i++)
		out[(*len)++] = (struct target){backends[i].slot, backends[i].container};
	return rc;
}

/* The life's web containers, without the one that rests (NULL: none does). */
struct webs {
	struct place places[CONTAINERS_MAX];
	size_t len;
	int port; /* 0: it serves nothing on a port of its own */
	bool on_host;
	bool published; /* the proxy has nothing of it */
};

static int read_webs(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *resting, struct webs *out,
	struct err *err)
{
	size_t all, webs = 0;
	int rc = places_read(s->store, app, life->number, out->places, &all, err);

	for (size_t i = 0; !rc && i < all; i++) {
		if (is_routed(plan, &out->places[i], resting))
			out->places[webs++] = out->places[i];
	}
	out->published = !rc && plan_is_published(plan);
	out->len = out->published ? 0 : webs;
	out->port = rc ? 0 : plan_port(plan);
	out->on_host = !rc && plan_is_on_host(plan);
	return rc;
}

static int route_target(struct server *s, const struct app *app, const struct webs *webs,
	const struct target *t, struct err *err)
{
	struct haproxy_server servers[CONTAINERS_MAX];
	int port = t->container == PORT_OWN ? webs->port : t->container;
	size_t len = port ? webs->len : 0;

	for (size_t i = 0; i < len; i++) {
		char address[INET_ADDRSTRLEN];

		server_name(&webs->places[i], servers[i].name);
		(void)snprintf(servers[i].address, sizeof(servers[i].address), "%s:%d",
			webs->on_host ? "127.0.0.1"
				      : place_address(s->settings, app, &webs->places[i],
						address),
			port);
	}
	return haproxy_route(s->settings, t->slot, servers, len, err);
}

int route_to_life(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	struct plan plan = {0};
	int rc = life ? life_read_plan(s, life, &plan, err) : 0;

	if (!rc)
		rc = route_past(s, app, life, &plan, NULL, err);
	plan_finish(&plan);
	return rc;
}

int route_past(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *resting, struct err *err)
{
	struct target targets[TARGETS_MAX];
	struct webs webs = {0};
	size_t len;
	int rc = read_targets(s, app, targets, &len, err);

	if (!rc && life && !app->stopped)
		rc = read_webs(s, app, life, plan, resting, &webs, err);
	if (!rc && webs.published && !resting)
		rc = published_claim(s, app, life, err);
	for (size_t i = 0; i < len && !rc; i++)
		rc = route_target(s, app, &webs, &targets[i], err);
	return rc;
}

int route_claim(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	return published_claim(s, app, life, err);
}

int route_each_slot(struct server *s, const struct app *app,
	int (*each)(void *ctx, int slot), void *ctx, struct err *err)
{
	struct target targets[TARGETS_MAX];
	size_t len;
	int rc = read_targets(s, app, targets, &len, err);

	for (size_t i = 0; i < len && !rc; i++)
		rc = each(ctx, targets[i].slot);
	return rc;
}

int route_is_busy(struct server *s, const struct app *app, const struct place *place,
	bool *busy, struct err *err)
{
	struct target targets[TARGETS_MAX];
	char name[HAPROXY_NAME_SIZE];
	int64_t connections = 0;
	size_t len;
	int rc = read_targets(s, app, targets, &len, err);

	server_name(place, name);
	for (size_t i = 0; i < len && !rc && !connections; i++)
		rc = haproxy_connections(
			s->settings, targets[i].slot, name, &connections, err);
	*busy = connections > 0;
	return rc;
}

int route_drop(struct server *s, const struct app *app, const struct place *place,
	struct err *err)
{
	struct target targets[TARGETS_MAX];
	char name[HAPROXY_NAME_SIZE];
	size_t len;
	int rc = read_targets(s, app, targets, &len, err);

	server_name(place, name);
	for (size_t i = 0; i < len && !rc; i++)
		rc = haproxy_delete(s->settings, targets[i].slot, name, err);
	return rc;
}

/* Empties a backend that no port leads to, so that another app can have it. */
static int empty_backend(struct server *s, int slot, struct err *err)
{
	struct haproxy_shown shown[HAPROXY_SERVERS_MAX];
	size_t len;
	int rc = haproxy_route(s->settings, slot, NULL, 0, err);

	if (!rc)
		rc = haproxy_show(s->settings, slot, shown, &len, err);
	for (size_t i = 0; !rc && i < len; i++)
		rc = haproxy_delete(s->settings, slot, shown[i].server.name, err);
	return rc;
}

/* Gives back what no port leads to any more, in the proxy's maps neither. */
static int release_unused(struct server *s, const struct app *app,
	const struct port_backend *backends, size_t len, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < len; i++) {
		if (backends[i].used)
			continue;
		if (app->live && settings_have_proxy(s->settings))
			rc = empty_backend(s, backends[i].slot, err);
		if (!rc)
			rc = port_backend_release(
				s->store, app, backends[i].container, err);
	}
	return rc;
}

int route_ports_of(
	struct server *s, const struct app *app, const struct life *live, struct err *err)
{
	struct port_backend backends[2 * PORTS_MAX];
	size_t len;
	/* A new backend has its servers before a port leads there. */
	int rc = live ? route_to_life(s, app, live, err) : 0;

	if (!rc)
		rc = route_ports(s, err);
	if (!rc)
		rc = port_backends_read(s->store, app, backends, &len, err);
	return rc ? rc : release_unused(s, app, backends, len, err);
}

int route_release_unused(struct server *s, const struct app *app, struct err *err)
{
	struct port_backend backends[2 * PORTS_MAX];
	size_t len;
	int rc = port_backends_read(s->store, app, backends, &len, err);

	/* Those that are used come first. */
	if (rc || !len || backends[len - 1].used)
		return rc;
	rc = route_ports(s, err);
	return rc ? rc : release_unused(s, app, backends, len, err);
}

void route_url(struct server *s, const struct app *app, const struct plan *plan,
	const char *client_side, char *out)
{
	const char *host = s->settings->server_hostname;
	struct port_mapping ports[PORTS_MAX] = {{.host = app->port}};
	bool v6, is_published = false;
	size_t len;

	(void)publish_is_set(s->store, s->settings, app->id, &is_published, NULL);
	if (!is_published && names_url(s, app, out))
		return;
	(void)file_ports_read(s, app, plan, ports, &len, NULL);
	if (!*host)
		host = client_side && *client_side ? client_side : "localhost";
	v6 = strchr(host, ':') && host[0] != '[';
	(void)snprintf(out, URL_SIZE, "http://%s%s%s:%d/", v6 ? "[" : "", host,
		v6 ? "]" : "", ports[0].host);
}
