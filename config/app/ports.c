#include "config/app/ports.h"

#include "config/app/properties.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/pools.h"
#include "config/settings.h"
#include "config/store.h"

#include <stdio.h>
#include <string.h>

/* Properties of an app beside its rows. */
#define FAMILY "ports"
#define BY "by"
#define BY_FILE "file"

int ports_read(struct store *s, const struct app *app, struct port_mapping out[PORTS_MAX],
	size_t *len, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT host_port, container_port FROM port WHERE app_id = ? "
			  "ORDER BY id"),
		STORE_I(app->id));
	int rc = 0;

	*len = 0;
	while (*len < PORTS_MAX && (rc = store_step(q, err)) == 1)
		out[(*len)++] =
			(struct port_mapping){(int)store_int(q, 0), (int)store_int(q, 1)};
	store_query_finish(q);
	if (rc >= 0 && !*len)
		out[(*len)++] = (struct port_mapping){app->port, PORT_OWN};
	return rc < 0 ? rc : 0;
}

int ports_check(struct store *s, const struct settings *set, const struct app *app,
	int port, struct err *err)
{
	struct sqlite3_stmt *q;
	int rc;

	if (app->port_is_published &&
		(port < set->proxy_published_first || port > set->proxy_published_last))
		return err_set(err, ERR_USAGE,
			"port %d is not of proxy.published, which are %s: those are for "
			"apps without the proxy, and HAProxy has others",
			port, set->proxy_published);
	if (!app->port_is_published &&
		(port < set->proxy_port_first || port > set->proxy_port_last))
		return err_set(err, ERR_USAGE,
			"port %d is not of proxy.ports, which are %lld to %lld%s", port,
			(long long)set->proxy_port_first, (long long)set->proxy_port_last,
			settings_have_proxy(set)
				? ": those are what HAProxy listens on; a name of the "
				  "app's (domains:add) is reached at proxy.http"
				: "");
	q = store_query(s, err,
		STORE_SQL("SELECT 1 FROM app WHERE ?1 IN (port, published) AND id != ?2 "
			  "UNION ALL "
			  "SELECT 1 FROM port WHERE host_port = ?1 AND app_id != ?2 "
			  "UNION ALL "
			  "SELECT 1 FROM held_port WHERE port = ?1 AND app_id != ?2"),
		STORE_I(port), STORE_I(app->id));
	rc = store_step(q, err);
	store_query_finish(q);
	return rc == 1 ? err_set(err, ERR_EXISTS, "another app has port %d", port) : rc;
}

static int give_backend(struct store *s, const struct settings *set,
	const struct app *app, int container, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL(
			"SELECT 1 FROM backend WHERE app_id = ? AND container_port = ?"),
		STORE_I(app->id), STORE_I(container));
	int slot = 0, rc = store_step(q, err);

	store_query_finish(q);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = pool_take(s, set, POOL_SLOT, &slot, err);
	return rc
		? rc
		: store_do(s, err,
			  STORE_SQL("INSERT INTO backend (app_id, container_port, slot) "
				    "VALUES (?, ?, ?)"),
			  STORE_I(app->id), STORE_I(container), STORE_I(slot));
}

static int add(struct store *s, const struct settings *set, const struct app *app,
	const struct port_mapping *port, struct err *err)
{
	int rc = ports_check(s, set, app, port->host, err);

	/* On a server without the proxy too: the port is HAProxy's when there is one. */
	if (!rc && port->container != PORT_OWN && !app->port_is_published)
		rc = give_backend(s, set, app, port->container, err);
	if (rc)
		return rc;
	rc = store_do(s, err,
		STORE_SQL("INSERT INTO port (app_id, scheme, host_port, container_port) "
			  "VALUES (?, 'http', ?, ?)"),
		STORE_I(app->id), STORE_I(port->host), STORE_I(port->container));
	return rc == ERR_EXISTS
		? err_set(err, ERR_USAGE, "port %d can't lead to two places", port->host)
		: rc;
}

int ports_replace(struct store *s, const struct settings *set, const struct app *app,
	const struct port_mapping *ports, size_t len, enum ports_by by, struct err *err)
{
	/* What it has anyway is nothing that is set. */
	bool is_own =
		len == 1 && ports[0].host == app->port && ports[0].container == PORT_OWN;
	int rc = len > PORTS_MAX
		? err_set(err, ERR_USAGE, "an app has %d ports at most", PORTS_MAX)
		: store_begin(s, err);

	len = is_own ? 0 : len;
	if (rc)
		return rc;
	rc = store_do(
		s, err, STORE_SQL("DELETE FROM port WHERE app_id = ?"), STORE_I(app->id));
	for (size_t i = 0; i < len && !rc; i++)
		rc = add(s, set, app, &ports[i], err);
	if (!rc)
		rc = property_set(
			s, app->id, FAMILY, BY, by == PORTS_BY_FILE ? BY_FILE : "", err);
	return store_end(s, rc, err);
}

int ports_are_by_command(
	struct store *s, const struct app *app, bool *are, struct err *err)
{
	char by[PROPERTY_VALUE_SIZE];
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT 1 FROM port WHERE app_id = ?"), STORE_I(app->id));
	int rc = store_step(q, err);

	store_query_finish(q);
	*are = rc == 1;
	if (rc != 1)
		return rc;
	rc = property_get_own(s, app->id, FAMILY, BY, by, err);
	*are = !rc && strcmp(by, BY_FILE) != 0;
	return rc;
}

/* ---- where names are served ---- */

static const char *const names[PORTS_NAMES_LEN] = {"http", "https"};

static int listening_port(const char *listen)
{
	const char *colon = strrchr(listen, ':');
	int64_t n;

	return colon && number_parse(colon + 1, 1, 65535, &n) == 0 ? (int)n : 0;
}

enum ports_names ports_of_names(const struct settings *set, int port)
{
	if (port >= set->proxy_port_first && port <= set->proxy_port_last)
		return PORTS_NOT_NAMES;
	if (port == 80 || port == listening_port(set->proxy_http))
		return PORTS_HTTP;
	return port == 443 || port == listening_port(set->proxy_https) ? PORTS_HTTPS
								       : PORTS_NOT_NAMES;
}

int ports_names_read(
	struct store *s, const struct app *app, int out[PORTS_NAMES_LEN], struct err *err)
{
	char value[PROPERTY_VALUE_SIZE];
	int64_t n;
	int rc = 0;

	for (int i = 0; i < PORTS_NAMES_LEN && !rc; i++) {
		rc = property_get_own(s, app->id, FAMILY, names[i], value, err);
		out[i] = !rc && number_parse(value, 1, 65535, &n) == 0 ? (int)n : 0;
	}
	return rc;
}

int ports_names_write(struct store *s, const struct app *app,
	const int ports[PORTS_NAMES_LEN], struct err *err)
{
	char value[16];
	int rc = 0;

	for (int i = 0; i < PORTS_NAMES_LEN && !rc; i++) {
		(void)snprintf(value, sizeof(value), "%d", ports[i]);
		rc = property_set(
			s, app->id, FAMILY, names[i], ports[i] ? value : "", err);
	}
	return rc;
}

/* ---- backends ---- */

int port_backends_read(struct store *s, const struct app *app,
	struct port_backend out[2 * PORTS_MAX], size_t *len, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL(
			"SELECT container_port, slot, EXISTS (SELECT 1 FROM port p WHERE "
			"p.app_id = b.app_id AND p.container_port = b.container_port) "
			"FROM backend b WHERE app_id = ? ORDER BY 3 DESC, 1"),
		STORE_I(app->id));
	int rc = 0;

	*len = 0;
	while (*len < (size_t)2 * PORTS_MAX && (rc = store_step(q, err)) == 1)
		out[(*len)++] = (struct port_backend){
			(int)store_int(q, 0), (int)store_int(q, 1), store_int(q, 2) != 0};
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

int port_backend_release(
	struct store *s, const struct app *app, int container, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("DELETE FROM backend WHERE app_id = ?1 AND container_port = ?2 "
			  "AND NOT EXISTS (SELECT 1 FROM port WHERE app_id = ?1 AND "
			  "container_port = ?2)"),
		STORE_I(app->id), STORE_I(container));
}

int ports_each_routed(struct store *s, int (*each)(void *ctx, int port, int slot),
	void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL(
			"SELECT port, slot FROM app WHERE destroyed_at = 0 AND "
			"(published IS NOT NULL OR id NOT IN (SELECT app_id FROM port)) "
			"UNION ALL SELECT p.host_port, coalesce(b.slot, a.slot) "
			"FROM port p JOIN app a ON a.id = p.app_id LEFT JOIN backend b "
			"ON b.app_id = p.app_id AND b.container_port = "
			"p.container_port WHERE a.published IS NULL"));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		rc = each(ctx, (int)store_int(q, 0), (int)store_int(q, 1));
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}
