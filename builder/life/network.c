#include "builder/life/network.h"

#include "builder/engine/engine.h"
#include "builder/life/body.h"
#include "builder/life/plan.h"
#include "builder/life/port_taken.h"
#include "builder/server.h"
#include "config/app/properties.h"
#include "config/base/err.h"
#include "config/record/networks.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* "Networks" in the API. */

/* Takes labels over. One that is internal has no way out of the host. */
static int create(struct server *s, const char *name, const struct app *with_subnet,
	bool internal, cJSON *labels, struct err *err)
{
	char subnet[INET_ADDRSTRLEN + 4], gateway[INET_ADDRSTRLEN];
	cJSON *body = cJSON_CreateObject(), *config = cJSON_CreateObject();
	int rc;

	(void)cJSON_AddStringToObject(body, "Name", name);
	(void)cJSON_AddStringToObject(body, "Driver", "bridge");
	(void)cJSON_AddBoolToObject(body, "CheckDuplicate", true);
	(void)cJSON_AddBoolToObject(body, "Internal", internal);
	(void)cJSON_AddItemToObject(body, "Labels", labels);
	(void)cJSON_AddStringToObject(
		config, "Subnet", network_subnet(s->settings, with_subnet, subnet));
	(void)cJSON_AddStringToObject(
		config, "Gateway", network_gateway(s->settings, with_subnet, gateway));
	(void)cJSON_AddItemToArray(
		cJSON_AddArrayToObject(cJSON_AddObjectToObject(body, "IPAM"), "Config"),
		config);
	rc = engine_call(s->engine, NULL, body, err, "POST", "/networks/create");
	cJSON_Delete(body);
	if (rc == ERR_FAILED)
		return err_prefix(
			err, "the network %s (%s of network.pool): ", name, subnet);
	return rc;
}

static int create_of_app(struct server *s, const char *name, const struct app *app,
	bool internal, struct err *err)
{
	cJSON *body = cJSON_CreateObject(), *labels;
	int rc;

	body_add_labels(body, s, app);
	labels = cJSON_DetachItemFromObject(body, "Labels");
	cJSON_Delete(body);
	rc = create(s, name, app, internal, labels, err);
	return rc == ERR_EXISTS ? 0 : rc;
}

int network_create_own(struct server *s, const struct app *app, struct err *err)
{
	const struct app inside = network_inside(app);
	char name[CONTAINER_NAME_SIZE];
	int rc = create_of_app(s, network_name(app, name), app, false, err);

	if (rc || app->inside < 0)
		return rc;
	return create_of_app(s, network_inside_name(app, name), &inside, true, err);
}

int network_create_shared(
	struct server *s, const struct shared_network *n, struct err *err)
{
	const struct app with_subnet = {.subnet = n->subnet};
	cJSON *labels = cJSON_CreateObject();
	int rc;

	(void)cJSON_AddStringToObject(labels, "bardo.server", s->id);
	(void)cJSON_AddStringToObject(labels, "bardo.network", n->name);
	rc = create(s, n->name, &with_subnet, n->internal, labels, err);
	return rc == ERR_EXISTS
		? err_set(err, rc, "the Engine has a network %s already, made by others",
			  n->name)
		: rc;
}

bool network_is_internal(const struct server *s, const char *name)
{
	struct shared_network n;

	return shared_network_find(s->store, name, &n, NULL) == 0 && n.internal;
}

int network_remove_shared(struct server *s, const char *name, struct err *err)
{
	int rc = engine_call(s->engine, NULL, NULL, err, "DELETE", "/networks/%s", name);

	/* 403: "has active endpoints". */
	if (rc == ERR_FAILED && err && strstr(err->msg, "active endpoints"))
		return err_set(err, ERR_EXISTS,
			"containers are still in the network %s: try again when lives "
			"that have it are retired",
			name);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

int network_find(struct server *s, const char *name, struct err *err)
{
	char escaped[3 * NETWORK_NAME_SIZE];
	int rc;

	if (!engine_escape(name, escaped, sizeof(escaped)))
		return err_set(err, ERR_NOTFOUND, "there is no network %.60s…", name);
	rc = engine_call(s->engine, NULL, NULL, err, "GET", "/networks/%s", escaped);
	return rc == ERR_NOTFOUND
		? err_set(err, rc, "there is no network %s: network:create %s makes it",
			  name, name)
		: rc;
}

static int connect_once(
	struct server *s, const char *network, const cJSON *body, struct err *err)
{
	struct err why = {0};
	int rc = engine_call(
		s->engine, NULL, body, &why, "POST", "/networks/%s/connect", network);

	/* 403: "endpoint with name … already exists in network …". */
	if (rc && rc != ERR_NOTFOUND && strstr(why.msg, "already exists in network"))
		return 0;
	if (!rc)
		return 0;
	return port_taken_explain(&why)
		? err_set(err, rc, "%s", why.msg)
		: err_set(err, rc, "the network %s: %s", network, why.msg);
}

int network_join(struct server *s, const char *network, const char *container,
	const cJSON *endpoint, struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	struct shared_network lost;
	int rc;

	(void)cJSON_AddStringToObject(body, "Container", container);
	(void)cJSON_AddItemToObject(
		body, "EndpointConfig", cJSON_Duplicate(endpoint, true));
	rc = connect_once(s, network, body, err);
	if (rc == ERR_NOTFOUND &&
		shared_network_find(s->store, network, &lost, NULL) == 0) {
		rc = network_create_shared(s, &lost, err);
		if (!rc)
			rc = connect_once(s, network, body, err);
	}
	cJSON_Delete(body);
	return rc;
}

int network_leave(
	struct server *s, const char *network, const char *container, struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	struct err why = {0};
	int rc;

	(void)cJSON_AddStringToObject(body, "Container", container);
	rc = engine_call(
		s->engine, NULL, body, &why, "POST", "/networks/%s/disconnect", network);
	cJSON_Delete(body);
	if (!rc || rc == ERR_NOTFOUND || strstr(why.msg, "is not connected to"))
		return 0;
	if (strstr(why.msg, "marked for removal"))
		rc = ERR_BUSY;
	return err_set(err, rc, "the network %s: %s", network, why.msg);
}

cJSON *network_endpoint(const struct app *app, const char *process)
{
	cJSON *endpoint = cJSON_CreateObject();
	cJSON *aliases = cJSON_AddArrayToObject(endpoint, "Aliases");
	char name[NAME_SIZE + PROCESS_SIZE];

	(void)snprintf(name, sizeof(name), "%s.%s", app->name, process);
	(void)cJSON_AddItemToArray(aliases, cJSON_CreateString(name));
	if (!strcmp(process, PLAN_WEB))
		(void)cJSON_AddItemToArray(aliases, cJSON_CreateString(app->name));
	return endpoint;
}

void network_add_tld(cJSON *endpoint, const struct app *app, const struct plan *plan,
	const char *process)
{
	cJSON *aliases = cJSON_GetObjectItemCaseSensitive(endpoint, "Aliases");
	char name[NAME_SIZE + PROCESS_SIZE + PROPERTY_VALUE_SIZE];

	if (!*plan_tld(plan))
		return;
	(void)snprintf(
		name, sizeof(name), "%s.%s.%s", app->name, process, plan_tld(plan));
	(void)cJSON_AddItemToArray(aliases, cJSON_CreateString(name));
}

int network_join_late(struct server *s, const struct app *app, const struct plan *plan,
	const char *process, const char *container, struct err *err)
{
	const cJSON *network;
	int rc = 0;

	if (plan_is_on_host(plan) || plan_publishes(plan, process))
		return 0;
	cJSON_ArrayForEach(network, plan_part(plan, "networks_late"))
	{
		cJSON *endpoint = network_endpoint(app, process);

		network_add_tld(endpoint, app, plan, process);
		if (!rc)
			rc = network_join(s, cJSON_GetStringValue(network), container,
				endpoint, err);
		cJSON_Delete(endpoint);
	}
	return rc;
}
