#include "builder/life/confirm.h"

#include "builder/engine/engine.h"
#include "builder/life/container.h"
#include "builder/life/route.h"
#include "builder/proxy/config.h"
#include "builder/proxy/haproxy.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/record/apps.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <ifaddrs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define KNOWN_MAX (8 * 1024 * 1024)
#define LINE_SIZE 512
/* No site waits any longer for an Engine that hangs. */
#define PATIENCE_MS 4000

struct confirmation {
	struct server *server;
	bool asked; /* the Engine has answered */
	/* Lines between newlines: "HANDLE PROCESS.LIFE ADDRESS" of what runs; without the
	 * Engine the addresses of this machine. */
	struct buf known;
	const struct app *app; /* whose backends it is about; NULL: nobody's */
	bool is_somebodys[HAPROXY_SLOTS_MAX];
	struct err *err;
};

/* ---- what there is ---- */

static int note(struct confirmation *c, const struct container_seen *seen, const char *at)
{
	return buf_addf(&c->known, "\n%s %s.%d %s\n", seen->handle, seen->process,
		       seen->life, at)
		? err_set(c->err, ERR_FAILED, "too many containers")
		: 0;
}

static int note_container(void *ctx, const struct container_seen *seen)
{
	struct confirmation *c = ctx;
	const cJSON *network;
	int rc = 0;

	if (!seen->running)
		return 0;
	cJSON_ArrayForEach(network, seen->networks)
	{
		const char *at = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(network, "IPAddress"));

		if (!rc && at && *at)
			rc = note(c, seen, at);
	}
	return !rc && seen->on_host ? note(c, seen, "127.0.0.1") : rc;
}

static int note_own_addresses(struct confirmation *c)
{
	struct ifaddrs *list = NULL;
	char text[INET_ADDRSTRLEN];
	int rc = 0;

	if (getifaddrs(&list) < 0)
		return err_errno(c->err, "getifaddrs");
	for (const struct ifaddrs *i = list; i && !rc; i = i->ifa_next) {
		const struct sockaddr_in *at = (const struct sockaddr_in *)i->ifa_addr;

		if (at && at->sin_family == AF_INET &&
			inet_ntop(AF_INET, &at->sin_addr, text, sizeof(text)))
			rc = buf_addf(&c->known, "\n%s\n", text);
	}
	freeifaddrs(list);
	return rc ? err_set(c->err, ERR_FAILED, "too many addresses") : 0;
}

static int look(struct confirmation *c)
{
	struct err why = {0};
	int rc;

	engine_set_timeout(c->server->engine, PATIENCE_MS);
	rc = containers_each(c->server, NULL, note_container, c, &why);
	engine_set_timeout(c->server->engine, c->server->settings->engine_timeout);
	c->asked = rc == 0;
	if (c->asked)
		return 0;
	log_warn("the routes can't be compared with what runs: %s", why.msg);
	buf_reset(&c->known);
	return note_own_addresses(c);
}

/* ---- what the files have ---- */

static bool is_confirmed(
	const struct confirmation *c, const struct haproxy_server *server)
{
	const char *position = strrchr(server->name, '.');
	char line[LINE_SIZE], gateway[INET_ADDRSTRLEN];

	if (!c->app || !position)
		return false;
	if (c->asked)
		(void)snprintf(line, sizeof(line), "\n%s %.*s %.*s\n", c->app->handle,
			(int)(position - server->name), server->name,
			(int)strcspn(server->address, ":"), server->address);
	else
		(void)snprintf(line, sizeof(line), "\n%s\n",
			network_gateway(c->server->settings, c->app, gateway));
	return strstr(buf_text(&c->known), line);
}

/* A file that is not whole was made anew, empty, before. */
static int confirm_slot(void *ctx, int slot)
{
	struct haproxy_server servers[HAPROXY_SERVERS_MAX];
	struct confirmation *c = ctx;
	const struct settings *set = c->server->settings;
	size_t len, kept = 0;

	if (slot >= 0 && slot < HAPROXY_SLOTS_MAX)
		c->is_somebodys[slot] = c->app;
	if (haproxy_read_slot(set, slot, servers, &len, NULL) < 0)
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (is_confirmed(c, &servers[i]))
			servers[kept++] = servers[i];
		else
			log_info("%s: nothing of it runs at %s, where %s was",
				c->app ? c->app->name : "a backend of no app",
				servers[i].address, servers[i].name);
	}
	return kept == len ? 0 : haproxy_write_slot(set, slot, servers, kept, c->err);
}

static int confirm_app(void *ctx, const struct app *app)
{
	struct confirmation *c = ctx;

	c->app = app;
	return route_each_slot(c->server, app, confirm_slot, c, c->err);
}

int confirm_routes(struct server *s, struct err *err)
{
	struct confirmation c = {.server = s, .err = err};
	int rc;

	buf_init(&c.known, KNOWN_MAX);
	rc = look(&c);
	if (!rc)
		rc = apps_each(s->store, confirm_app, &c, err);
	c.app = NULL;
	for (int slot = 0; slot < s->settings->proxy_apps && !rc; slot++) {
		if (!c.is_somebodys[slot])
			rc = confirm_slot(&c, slot);
	}
	buf_finish(&c.known);
	return rc;
}
