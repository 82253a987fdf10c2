#include "config/app/publish.h"

#include "config/app/properties.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"
#include "config/record/pools.h"
#include "config/settings.h"
#include "config/store.h"

#include <stdio.h>
#include <string.h>

int publish_is_set(struct store *s, const struct settings *set, int64_t app_id, bool *is,
	struct err *err)
{
	char value[PROPERTY_VALUE_SIZE] = "";
	int rc =
		property_get_own(s, app_id, PUBLISH_FAMILY, PUBLISH_DISABLED, value, err);

	*is = !settings_have_proxy(set) || !strcmp(value, "true");
	return rc;
}

static int give_network(struct store *s, const struct settings *set,
	const struct app *app, struct err *err)
{
	int subnet = 0;
	int rc = pool_take(s, set, POOL_SUBNET, &subnet, err);
	return rc ? rc
		  : store_do(s, err, STORE_SQL("UPDATE app SET inside = ? WHERE id = ?"),
			    STORE_I(subnet), STORE_I(app->id));
}

static int overlap(const struct settings *set, struct err *err)
{
	if (set->proxy_published_first > set->proxy_port_last ||
		set->proxy_published_last < set->proxy_port_first)
		return 0;
	return err_set(err, ERR_FAILED,
		"proxy.published = %s and proxy.ports = %s have ports in common, and "
		"HAProxy listens on those: set others and restart bardod",
		set->proxy_published, set->proxy_ports);
}

/* The one that a life of its own still has, so that it is the same again; 0 none. */
static int find_held(struct store *s, const struct settings *set, const struct app *app,
	int *port, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT min(port) FROM held_port WHERE app_id = ? AND port "
			  "BETWEEN ? AND ? AND port NOT IN (SELECT host_port FROM port)"),
		STORE_I(app->id), STORE_I(set->proxy_published_first),
		STORE_I(set->proxy_published_last));
	int rc = store_step(q, err);

	*port = rc == 1 ? (int)store_int(q, 0) : 0;
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

static int give_port(struct store *s, const struct settings *set, const struct app *app,
	struct err *err)
{
	int port = 0, rc = overlap(set, err);

	if (!rc)
		rc = find_held(s, set, app, &port, err);
	if (!rc && !port)
		rc = pool_take(s, set, POOL_PUBLISHED, &port, err);
	return rc
		? rc
		: store_do(s, err, STORE_SQL("UPDATE app SET published = ? WHERE id = ?"),
			  STORE_I(port), STORE_I(app->id));
}

static int take_port(struct store *s, const struct app *app, struct err *err)
{
	return store_do(s, err, STORE_SQL("UPDATE app SET published = NULL WHERE id = ?"),
		STORE_I(app->id));
}

/* In a transaction of the caller's. */
static int give(struct store *s, const struct settings *set, const struct app *app,
	bool network, bool port, struct err *err)
{
	int rc = network ? give_network(s, set, app, err) : 0;

	if (!rc && port != app->port_is_published)
		rc = port ? give_port(s, set, app, err) : take_port(s, app, err);
	return rc;
}

/* Ends the transaction. */
static int finish(struct store *s, struct app *app, int rc, struct err *err)
{
	rc = store_end(s, rc, err);
	return rc ? rc : app_reload(s, app, err);
}

int publish_prepare(
	struct store *s, const struct settings *set, struct app *app, struct err *err)
{
	bool is = false, port;
	int rc = publish_is_set(s, set, app->id, &is, err);

	port = is && settings_have_proxy(set);
	/* A write waits for the disk: none where nothing changes. */
	if (rc || (port == app->port_is_published && (!is || app->inside >= 0)))
		return rc;
	rc = store_begin(s, err);
	return rc ? rc
		  : finish(s, app, give(s, set, app, is && app->inside < 0, port, err),
			    err);
}

/* ---- a change that counts when a life has followed it ---- */

static int set_property(struct store *s, const struct app *app, const char *name,
	const char *value, struct err *err)
{
	return property_set(s, app->id, PUBLISH_FAMILY, name, value, err);
}

int publish_change(struct store *s, const struct settings *set, struct app *app,
	bool disable, bool underway, struct err *err)
{
	char before[16];
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	(void)snprintf(
		before, sizeof(before), "%d", app->port_is_published ? app->port : 0);
	rc = set_property(s, app, PUBLISH_DISABLED, disable ? "true" : "", err);
	if (!rc && underway)
		rc = set_property(s, app, PUBLISH_BEFORE, before, err);
	if (!rc)
		rc = give(s, set, app, disable && app->inside < 0, disable, err);
	return finish(s, app, rc, err);
}

static int read_before(
	struct store *s, const struct app *app, bool *is, int *port, struct err *err)
{
	char value[PROPERTY_VALUE_SIZE] = "";
	int64_t n = 0;
	int rc = property_get_own(s, app->id, PUBLISH_FAMILY, PUBLISH_BEFORE, value, err);

	*is = !rc && number_parse(value, 0, 65535, &n) == 0;
	*port = (int)n;
	return rc;
}

int publish_is_changing(struct store *s, const struct app *app, bool *is, struct err *err)
{
	int port;

	return read_before(s, app, is, &port, err);
}

/* The port is still its own where its life has it (held_port); else, should somebody have
 * it by now, publish_prepare gives another. */
static int take_back(struct store *s, const struct app *app, int port, struct err *err)
{
	int rc = set_property(s, app, PUBLISH_DISABLED, port ? "true" : "", err);

	if (rc)
		return rc;
	return port
		? store_do(s, err,
			  STORE_SQL(
				  "UPDATE OR IGNORE app SET published = ? WHERE id = ?"),
			  STORE_I(port), STORE_I(app->id))
		: take_port(s, app, err);
}

int publish_settle(struct store *s, struct app *app, bool follows, struct err *err)
{
	bool is;
	int port, rc = read_before(s, app, &is, &port, err);

	if (rc || !is)
		return rc;
	rc = store_begin(s, err);
	if (rc)
		return rc;
	rc = set_property(s, app, PUBLISH_BEFORE, "", err);
	if (!rc && !follows)
		rc = take_back(s, app, port, err);
	return finish(s, app, rc, err);
}
