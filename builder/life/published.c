#include "builder/life/published.h"
#include "builder/life/file_ports.h"

#include "builder/engine/engine.h"
#include "builder/life/body.h"
#include "builder/life/container.h"
#include "builder/life/life.h"
#include "builder/life/network.h"
#include "builder/life/plan.h"
#include "builder/server.h"
#include "config/app/ports.h"
#include "config/app/publish.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/record/lives.h"
#include "config/record/networks.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NETWORKS_MAX 64
/* From the Engine's word that a port is published to its answer on a loaded machine. */
#define ANSWER_MS 5000
#define PAUSE_MS 20

/* ---- the plan ---- */

static int check_publishable(
	const struct plan *plan, const struct app *app, struct err *err)
{
	struct plan_process web;

	if (plan_is_on_host(plan))
		return err_set(err, ERR_FAILED,
			"%s is in the host's network, where no port is published; that "
			"needs the proxy (proxy:enable, proxy.driver = haproxy), or "
			"network:set %s initial-network without host",
			app->name, app->name);
	if (!plan_find_process(plan, PLAN_WEB, &web) || web.count <= 1)
		return 0;
	return err_set(err, ERR_FAILED,
		"web=%d: its port is published on the host, and one container alone can "
		"have it: ps:scale %s web=1, or the proxy (proxy:enable, proxy.driver = "
		"haproxy)",
		web.count, app->name);
}

static int add_ports(
	struct plan *plan, struct server *s, const struct app *app, struct err *err)
{
	cJSON *list = cJSON_AddArrayToObject(plan->root, "publish");
	struct port_mapping ports[PORTS_MAX];
	size_t len;
	int rc = file_ports_read(s, app, plan, ports, &len, err);

	for (size_t i = 0; i < len && !rc; i++) {
		int to = ports[i].container == PORT_OWN ? plan_port(plan)
							: ports[i].container;
		cJSON *one;

		if (!to)
			continue;
		one = cJSON_CreateObject();
		(void)cJSON_AddNumberToObject(one, "host", ports[i].host);
		(void)cJSON_AddNumberToObject(one, "container", to);
		(void)cJSON_AddItemToArray(list, one);
	}
	return rc;
}

int published_compose(
	struct plan *plan, struct server *s, const struct app *app, struct err *err)
{
	bool is = false;
	int rc = publish_is_set(s->store, s->settings, app->id, &is, err);

	cJSON_DeleteItemFromObjectCaseSensitive(plan->root, "publish");
	if (rc || !is)
		return rc;
	rc = check_publishable(plan, app, err);
	return rc ? rc : add_ports(plan, s, app, err);
}

/* Without a live life there is nothing that could contradict what is set. */
static int live_follows(
	struct server *s, const struct app *app, bool *follows, struct err *err)
{
	struct plan plan = {0};
	struct life live;
	bool is = false;
	int rc = publish_is_set(s->store, s->settings, app->id, &is, err);

	*follows = true;
	if (rc || !app->live)
		return rc;
	rc = life_find(s->store, app, app->live, &live, err);
	if (!rc)
		rc = life_read_plan(s, &live, &plan, err);
	*follows = !rc && plan_is_published(&plan) == is;
	plan_finish(&plan);
	return rc;
}

int published_settle(struct server *s, struct app *app, struct err *err)
{
	bool is = false, follows = false;
	int rc = publish_is_changing(s->store, app, &is, err);

	if (!rc && is)
		rc = live_follows(s, app, &follows, err);
	return rc || !is ? rc : publish_settle(s->store, app, follows, err);
}

/* ---- one container ---- */

struct member {
	struct server *server;
	const struct app *app;
	const struct plan *plan;
	struct place place;
	char name[CONTAINER_NAME_SIZE];
	/* Those with a way out, by name: the Engine publishes in the first of them, and
	 * moves the ports when an earlier one comes or goes. */
	char networks[NETWORKS_MAX][CONTAINER_NAME_SIZE];
	size_t len;
	/* The internal ones, the app's first. */
	char insides[NETWORKS_MAX][CONTAINER_NAME_SIZE];
	size_t insides_len;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void add_shared(struct member *m, const char *list)
{
	const cJSON *network;

	cJSON_ArrayForEach(network, plan_part(m->plan, list))
	{
		const char *name = cJSON_GetStringValue(network);

		if (m->len == NETWORKS_MAX || m->insides_len == NETWORKS_MAX)
			return;
		(void)snprintf(network_is_internal(m->server, name)
				? m->insides[m->insides_len++]
				: m->networks[m->len++],
			CONTAINER_NAME_SIZE, "%s", name);
	}
}

static void member_init(struct member *m, struct server *s, const struct app *app,
	const struct plan *plan, const struct place *place)
{
	*m = (struct member){.server = s, .app = app, .plan = plan, .place = *place};
	(void)place_container_name(app, place, m->name);
	(void)network_name(app, m->networks[m->len++]);
	(void)network_inside_name(app, m->insides[m->insides_len++]);
	add_shared(m, "networks");
	add_shared(m, "networks_late");
	qsort(m->networks, m->len, sizeof(m->networks[0]), by_name);
}

static int join_one(const struct member *m, const char *network, const struct app *placed,
	struct err *err)
{
	cJSON *endpoint = network_endpoint(m->app, m->place.process);
	char address[INET_ADDRSTRLEN];
	int rc;

	network_add_tld(endpoint, m->app, m->plan, m->place.process);
	if (placed)
		(void)cJSON_AddStringToObject(
			cJSON_AddObjectToObject(endpoint, "IPAMConfig"), "IPv4Address",
			place_address(m->server->settings, placed, &m->place, address));
	rc = network_join(m->server, network, m->name, endpoint, err);
	cJSON_Delete(endpoint);
	return rc;
}

static int join_insides(const struct member *m, struct err *err)
{
	const struct app inside = network_inside(m->app);
	int rc = 0;

	for (size_t i = 0; i < m->insides_len && !rc; i++)
		rc = join_one(m, m->insides[i], i ? NULL : &inside, err);
	return rc;
}

static int join(const struct member *m, struct err *err)
{
	char own[CONTAINER_NAME_SIZE];
	int rc = 0;

	(void)network_name(m->app, own);
	for (size_t i = 0; i < m->len && !rc; i++)
		rc = join_one(m, m->networks[i],
			strcmp(m->networks[i], own) ? NULL : m->app, err);
	return rc ? rc : join_insides(m, err);
}

/* The internal networks first: Engine 20.10 moves the ports of a container there when it
 * leaves all others, and goes on publishing them. */
static int leave(const struct member *m, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < m->insides_len && !rc; i++)
		rc = network_leave(m->server, m->insides[i], m->name, err);
	for (size_t i = m->len; i > 0 && !rc; i--)
		rc = network_leave(m->server, m->networks[i - 1], m->name, err);
	return rc;
}

/* ---- whether it has them ---- */

static bool has_port(const cJSON *ports, const struct plan_port *port)
{
	char name[32], number[16];
	const cJSON *binding;

	(void)snprintf(name, sizeof(name), "%d/tcp", port->container);
	(void)snprintf(number, sizeof(number), "%d", port->host);
	cJSON_ArrayForEach(binding, cJSON_GetObjectItemCaseSensitive(ports, name))
	{
		if (!strcmp(plan_text(binding, "HostPort"), number))
			return true;
	}
	return false;
}

static bool is_in(const cJSON *networks, const char *name)
{
	return *plan_text(cJSON_GetObjectItemCaseSensitive(networks, name), "EndpointID");
}

/* All of its networks, and all of its ports, as the Engine tells. */
static bool is_joined(const struct member *m, const cJSON *settings)
{
	const cJSON *networks = cJSON_GetObjectItemCaseSensitive(settings, "Networks");
	const cJSON *ports = cJSON_GetObjectItemCaseSensitive(settings, "Ports");
	struct plan_port port;
	bool is = true;

	for (size_t i = 0; i < m->len && is; i++)
		is = is_in(networks, m->networks[i]);
	for (size_t i = 0; i < m->insides_len && is; i++)
		is = is_in(networks, m->insides[i]);
	for (size_t i = 0; is && plan_published_port(m->plan, i, &port); i++)
		is = has_port(ports, &port);
	return is;
}

struct seen {
	bool running, restarting /* between two runs; it has no network then */, joined;
	bool alone; /* in no network, nor when it starts again */
};

static int look(const struct member *m, struct seen *out, struct err *err)
{
	cJSON *reply = NULL;
	const cJSON *state, *settings;
	int rc = engine_call(m->server->engine, &reply, NULL, err, "GET",
		"/containers/%s/json", m->name);

	state = cJSON_GetObjectItemCaseSensitive(reply, "State");
	out->running = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(state, "Running"));
	out->restarting =
		cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(state, "Restarting"));
	settings = cJSON_GetObjectItemCaseSensitive(reply, "NetworkSettings");
	out->joined = is_joined(m, settings);
	out->alone = !out->restarting &&
		!cJSON_GetArraySize(
			cJSON_GetObjectItemCaseSensitive(settings, "Networks"));
	cJSON_Delete(reply);
	return rc;
}

/* An address that is bound, as one to connect to. */
static bool answers(const char *bind, int port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char host[SETTING_TEXT_MAX], service[16];
	bool bracket = bind[0] == '[', does = false;

	(void)snprintf(host, sizeof(host), "%.*s", (int)strcspn(bind + bracket, "]"),
		bind + bracket);
	if (!strcmp(host, "::") || !strcmp(host, "*") || !strcmp(host, "0.0.0.0"))
		(void)snprintf(host, sizeof(host), "127.0.0.1");
	(void)snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(host, service, &hints, &found))
		return false;
	for (const struct addrinfo *a = found; a && !does; a = a->ai_next) {
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);

		does = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0;
		if (fd >= 0)
			(void)close(fd);
	}
	freeaddrinfo(found);
	return does;
}

static int verify(const struct member *m, struct err *err)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
	int64_t until = clock_monotonic_ms() + ANSWER_MS;
	const char *bind = m->server->settings->proxy_bind;
	struct plan_port port;
	struct seen seen;
	int rc = look(m, &seen, err);

	if (!rc && (!seen.running || seen.restarting))
		rc = err_set(err, ERR_FAILED, "%s.%d ended before it had its port",
			m->place.process, m->place.position);
	if (!rc && !seen.joined)
		rc = err_set(err, ERR_FAILED, "the Engine doesn't publish its ports");
	for (size_t i = 0; !rc && plan_published_port(m->plan, i, &port); i++) {
		while (!answers(bind, port.host) && clock_monotonic_ms() < until)
			(void)nanosleep(&pause, NULL);
		if (!answers(bind, port.host))
			rc = err_set(err, ERR_FAILED,
				"port %d of %s is published, and nobody answers there",
				port.host, bind);
	}
	return rc;
}

/* ---- a life's ---- */

static int join_and_verify(const struct member *m, struct err *err)
{
	int rc = join(m, err);

	return rc ? rc : verify(m, err);
}

/* What an attempt that failed left in a running container's network namespace is in the
 * way of the next, and goes with a restart. It serves nobody at its port meanwhile. */
static int join_anew(const struct member *m, struct err *err)
{
	int rc;

	log_warn("%s: restarting %s, whose port could not be published", m->app->name,
		m->name);
	rc = container_stop(m->server, m->name, err);
	if (!rc)
		rc = leave(m, err);
	if (!rc)
		rc = join_insides(m, err);
	if (!rc)
		rc = container_start(m->server, m->name, err);
	return rc ? rc : join_and_verify(m, err);
}

/* The web containers of the app's other lives whose ports are published, too. */
struct others {
	struct member *members;
	struct plan plans[CONTAINERS_MAX];
	size_t len;
};

static int add_other(struct others *o, struct server *s, const struct app *app,
	const struct place *place, struct err *err)
{
	struct plan *plan = &o->plans[o->len];
	struct life life;
	int rc = life_find(s->store, app, place->life, &life, err);

	if (!rc)
		rc = life_read_plan(s, &life, plan, err);
	if (rc)
		return rc;
	if (plan_publishes(plan, place->process))
		member_init(&o->members[o->len++], s, app, plan, place);
	else
		plan_finish(plan);
	return 0;
}

static int read_others(struct others *o, struct server *s, const struct app *app,
	int life, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	size_t len;
	int rc = places_read(s->store, app, 0, places, &len, err);

	o->members = calloc(CONTAINERS_MAX, sizeof(*o->members));
	if (!o->members)
		return err_set(err, ERR_FAILED, "out of memory");
	for (size_t i = 0; i < len && !rc; i++) {
		if (places[i].life != life && !strcmp(places[i].process, PLAN_WEB))
			rc = add_other(o, s, app, &places[i], err);
	}
	return rc;
}

static void finish_others(struct others *o)
{
	for (size_t i = 0; i < o->len; i++)
		plan_finish(&o->plans[i]);
	free(o->members);
}

/* One that crashes again and again would have its ports back with its next start. */
static int push_out(const struct member *m, struct err *err)
{
	struct seen seen;
	int rc = look(m, &seen, err);

	if (rc)
		return rc == ERR_NOTFOUND ? 0 : rc;
	if (seen.restarting)
		rc = container_stop(m->server, m->name, err);
	if (!rc && !seen.alone)
		rc = leave(m, err);
	/* Who retires it is quicker: its ports are free when it is gone. */
	return rc == ERR_BUSY ? container_remove(m->server, m->name, err) : rc;
}

static int claim(struct member *m, const struct life *life, struct err *err)
{
	struct others others = {0};
	struct err why = {0};
	int rc = read_others(&others, m->server, m->app, life->number, err);

	for (size_t i = 0; i < others.len && !rc; i++)
		rc = push_out(&others.members[i], err);
	if (!rc)
		rc = join_and_verify(m, err);
	if (rc && rc != ERR_AWAY && life->number == m->app->live)
		rc = join_anew(m, err);
	if (rc && leave(m, &why) < 0)
		log_warn("%s: %s", m->name, why.msg);
	finish_others(&others);
	return rc;
}

static int claim_place(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *place, struct err *err)
{
	struct member *m = malloc(sizeof(*m));
	struct seen seen;
	int rc;

	if (!m)
		return err_set(err, ERR_FAILED, "out of memory");
	member_init(m, s, app, plan, place);
	rc = look(m, &seen, err);
	/* What doesn't run has them when it starts. */
	if (!rc && !seen.running)
		rc = join(m, err);
	else if (!rc && !seen.restarting && !seen.joined)
		rc = claim(m, life, err);
	free(m);
	return rc;
}

int published_claim(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	struct plan plan = {0};
	size_t len = 0;
	int rc = life_read_plan(s, life, &plan, err);

	if (!rc)
		rc = places_read(s->store, app, life->number, places, &len, err);
	for (size_t i = 0; i < len && !rc; i++) {
		if (plan_publishes(&plan, places[i].process))
			rc = claim_place(s, app, life, &plan, &places[i], err);
	}
	plan_finish(&plan);
	return rc;
}
