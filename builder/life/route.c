#include "builder/life/route.h"

#include "builder/life/life.h"
#include "builder/life/names.h"
#include "builder/life/plan.h"
#include "builder/proxy/haproxy.h"
#include "builder/server.h"
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

int route_ensure_proxy(struct server *s, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int watch, rc = haproxy_ping(s->settings, NULL);

	if (rc != ERR_AWAY)
		return rc ? haproxy_ping(s->settings, err) : 0;
	rc = haproxy_write_config(s->settings, err);
	if (!rc)
		rc = route_ports(s, err);
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

struct port_list {
	struct haproxy_port *ports;
	size_t len, cap;
};

static int collect_port(void *ctx, const struct app *app)
{
	struct port_list *list = ctx;

	if (list->len == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 64;
		struct haproxy_port *ports = realloc(list->ports, cap * sizeof(*ports));

		if (!ports)
			return ERR_FAILED;
		list->ports = ports;
		list->cap = cap;
	}
	list->ports[list->len++] = (struct haproxy_port){app->port, app->slot};
	return 0;
}

static int map_ports(struct server *s, struct err *err)
{
	struct port_list list = {0};
	int lock = haproxy_lock_map(s->settings, HAPROXY_MAP_PORTS, err);
	int rc = lock < 0 ? lock : apps_each(s->store, collect_port, &list, err);

	if (!rc)
		rc = haproxy_map_ports(s->settings, list.ports, list.len, err);
	free(list.ports);
	if (lock >= 0)
		(void)close(lock);
	return rc;
}

int route_ports(struct server *s, struct err *err)
{
	int rc = map_ports(s, err);

	return rc ? rc : names_route(s, NULL, err);
}

static void server_name(const struct place *p, char out[HAPROXY_NAME_SIZE])
{
	(void)snprintf(
		out, HAPROXY_NAME_SIZE, "%s.%d.%d", p->process, p->life, p->position);
}

/* The life's web containers as servers of the proxy. */
static int servers_of_life(struct server *s, const struct app *app,
	const struct life *life, struct haproxy_server *servers, size_t *len,
	struct err *err)
{
	struct place places[CONTAINERS_MAX];
	struct plan plan = {0};
	size_t places_len;
	int rc = life_read_plan(s, life, &plan, err);

	*len = 0;
	if (!rc)
		rc = places_read(s->store, app, life->number, places, &places_len, err);
	for (size_t i = 0; !rc && plan_port(&plan) && i < places_len; i++) {
		char address[INET_ADDRSTRLEN];

		if (strcmp(places[i].process, PLAN_WEB) != 0)
			continue;
		server_name(&places[i], servers[*len].name);
		(void)snprintf(servers[*len].address, sizeof(servers[*len].address),
			"%s:%d", place_address(s->settings, app, &places[i], address),
			plan_port(&plan));
		(*len)++;
	}
	plan_finish(&plan);
	return rc;
}

int route_to_life(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	struct haproxy_server servers[CONTAINERS_MAX];
	size_t len = 0;
	int rc = 0;

	if (life && !app->stopped)
		rc = servers_of_life(s, app, life, servers, &len, err);
	return rc ? rc : haproxy_route(s->settings, app->slot, servers, len, err);
}

int route_is_busy(struct server *s, const struct app *app, const struct place *place,
	bool *busy, struct err *err)
{
	char name[HAPROXY_NAME_SIZE];
	int64_t connections = 0;
	int rc;

	server_name(place, name);
	rc = haproxy_connections(s->settings, app->slot, name, &connections, err);
	*busy = connections > 0;
	return rc;
}

int route_drop(struct server *s, const struct app *app, const struct place *place,
	struct err *err)
{
	char name[HAPROXY_NAME_SIZE];

	server_name(place, name);
	return haproxy_delete(s->settings, app->slot, name, err);
}

void route_url(
	const struct server *s, const struct app *app, const char *client_side, char *out)
{
	const char *host = s->settings->server_hostname;
	bool v6;

	if (names_url(s, app, out))
		return;
	if (!*host)
		host = client_side && *client_side ? client_side : "localhost";
	v6 = strchr(host, ':') && host[0] != '[';
	(void)snprintf(out, URL_SIZE, "http://%s%s%s:%d/", v6 ? "[" : "", host,
		v6 ? "]" : "", app->port);
}
