#include "config/app/publish.h"

#include "config/app/properties.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/record/pools.h"
#include "config/settings.h"
#include "config/store.h"

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

static int give_port(struct store *s, const struct settings *set, const struct app *app,
	struct err *err)
{
	int port = 0, rc = overlap(set, err);

	if (!rc)
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

static int write_down(struct store *s, const struct settings *set, struct app *app,
	bool network, bool port, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	if (network)
		rc = give_network(s, set, app, err);
	if (!rc && port != app->port_is_published)
		rc = port ? give_port(s, set, app, err) : take_port(s, app, err);
	return store_end(s, rc, err);
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
	rc = write_down(s, set, app, is && app->inside < 0, port, err);
	return rc ? rc : app_reload(s, app, err);
}
