#include "receiver/commands/network.h"
#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/life/body.h"
#include "builder/life/network.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/record/networks.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* network: every app has one of its own; these are the ones that apps share. Which of
 * them an app is in: network_set.c. */

/* ---- who may ---- */

static bool may_have(const struct request *r, const struct shared_network *n)
{
	return command_is_admin(r) || n->user_id == r->user.id;
}

int network_find_theirs(
	struct request *r, const char *name, struct shared_network *out, struct err *err)
{
	int rc = shared_network_check_name(name, err);

	if (rc)
		return rc;
	rc = shared_network_find(r->server.store, name, out, err);
	if (rc ? rc != ERR_NOTFOUND || command_is_admin(r) : may_have(r, out))
		return rc;
	return err_set(err, ERR_DENIED,
		"there is no network %s of %s: network:list shows yours, and a server "
		"admin lets apps into others",
		name, r->user.name);
}

/* ---- making and taking away ---- */

int run_network_create(struct request *r, struct err *err)
{
	struct shared_network n;
	bool internal = false;
	const struct command_option options[] = {{"--internal", NULL, &internal, NULL}};
	int rc = command_options(r, options, 1, 1, 1, err);

	if (!rc)
		rc = shared_network_create(r->server.store, r->settings, r->argv[1],
			&r->user, internal, &n, err);
	if (rc)
		return rc;
	rc = network_create_shared(&r->server, &n, err);
	if (rc) {
		(void)shared_network_forget(r->server.store, n.name, NULL);
		return rc;
	}
	command_say(r, "-----> Creating network %s\n", n.name);
	return 0;
}

static int refuse_if_set(void *ctx, const char *app)
{
	return err_set(ctx, ERR_BUSY,
		"%s is attached to it: network:set %s attach-post-create first", app,
		app);
}

int run_network_destroy(struct request *r, struct err *err)
{
	char what[NETWORK_NAME_SIZE + 64];
	struct shared_network n;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = network_find_theirs(r, r->argv[1], &n, err);
	if (!rc)
		rc = shared_network_each_app(
			r->server.store, n.name, refuse_if_set, err, err);
	if (rc)
		return rc;
	(void)snprintf(what, sizeof(what), "destroy network %s", n.name);
	rc = command_confirm(r, n.name, what, err);
	if (!rc)
		rc = network_remove_shared(&r->server, n.name, err);
	if (rc == ERR_EXISTS)
		rc = err ? err->code = ERR_BUSY : ERR_BUSY;
	if (!rc)
		rc = shared_network_forget(r->server.store, n.name, err);
	if (!rc)
		command_say(r, "-----> Destroying network %s\n", n.name);
	return rc;
}

int run_network_exists(struct request *r, struct err *err)
{
	struct shared_network n;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = network_find_theirs(r, r->argv[1], &n, err);
	if (!rc)
		command_say(r, "Network exists\n");
	return rc;
}

/* ---- showing ---- */

static int add_app(void *ctx, const char *app)
{
	return cJSON_AddItemToArray(ctx, cJSON_CreateString(app)) ? 0 : ERR_FAILED;
}

static cJSON *describe(struct request *r, const char *name, int subnet)
{
	const struct app with_subnet = {.subnet = subnet};
	char text[INET_ADDRSTRLEN + 4];
	cJSON *one = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(one, "name", name);
	(void)cJSON_AddStringToObject(
		one, "subnet", network_subnet(r->settings, &with_subnet, text));
	return one;
}

static int describe_shared(
	struct request *r, const struct shared_network *n, cJSON **out, struct err *err)
{
	char when[CLOCK_TEXT_MAX];

	clock_format(n->created_at, when);
	*out = describe(r, n->name, n->subnet);
	(void)cJSON_AddBoolToObject(*out, "shared", true);
	(void)cJSON_AddBoolToObject(*out, "internal", n->internal);
	(void)cJSON_AddStringToObject(*out, "user", n->user);
	(void)cJSON_AddStringToObject(*out, "created_at", when);
	return shared_network_each_app(r->server.store, n->name, add_app,
		cJSON_AddArrayToObject(*out, "apps"), err);
}

static const char *text_of(const cJSON *entry, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, name));
}

int run_network_info(struct request *r, struct err *err)
{
	struct shared_network n;
	bool json = false;
	cJSON *out = NULL;
	const cJSON *app;
	int rc = command_only_format(r, 1, 1, &json, err);

	if (!rc)
		rc = network_find_theirs(r, r->argv[1], &n, err);
	if (!rc)
		rc = describe_shared(r, &n, &out, err);
	if (!rc && json) {
		command_print_json(out);
	} else if (!rc) {
		command_say(r,
			"=====> %s network information\n"
			"       Subnet:                        %s\n"
			"       Internal:                      %s\n"
			"       User:                          %s\n"
			"       Created at:                    %s\n"
			"       Apps:                         ",
			n.name, text_of(out, "subnet"), n.internal ? "true" : "false",
			n.user, text_of(out, "created_at"));
		cJSON_ArrayForEach(app, cJSON_GetObjectItemCaseSensitive(out, "apps"))
		{
			(void)printf(" %s", cJSON_GetStringValue(app));
		}
		(void)printf("\n");
	}
	cJSON_Delete(out);
	return rc;
}

struct listing {
	struct request *request;
	cJSON *list;
	struct err *err;
};

static int list_own(void *ctx, const struct app *app)
{
	const struct listing *l = ctx;
	char name[CONTAINER_NAME_SIZE], when[CLOCK_TEXT_MAX];
	cJSON *one = describe(l->request, network_name(app, name), app->subnet);

	clock_format(app->created_at, when);
	(void)cJSON_AddBoolToObject(one, "shared", false);
	(void)cJSON_AddBoolToObject(one, "internal", false);
	(void)cJSON_AddStringToObject(one, "user", "");
	(void)cJSON_AddStringToObject(one, "created_at", when);
	(void)add_app(cJSON_AddArrayToObject(one, "apps"), app->name);
	(void)cJSON_AddItemToArray(l->list, one);
	return 0;
}

static int list_shared(void *ctx, const struct shared_network *n)
{
	const struct listing *l = ctx;
	cJSON *one;
	int rc;

	if (!may_have(l->request, n))
		return 0;
	rc = describe_shared(l->request, n, &one, l->err);
	(void)cJSON_AddItemToArray(l->list, one);
	return rc;
}

int run_network_list(struct request *r, struct err *err)
{
	struct listing l = {.request = r, .err = err};
	bool json = false;
	const cJSON *one;
	int rc = command_only_format(r, 0, 0, &json, err);

	if (rc)
		return rc;
	l.list = cJSON_CreateArray();
	rc = shared_networks_each(r->server.store, list_shared, &l, err);
	if (!rc)
		rc = command_each_app(r, list_own, &l, err);
	if (!rc && json) {
		command_print_json(l.list);
	} else if (!rc) {
		command_say(r, "=====> Networks\n");
		cJSON_ArrayForEach(one, l.list)
		{
			(void)printf("%s\n", text_of(one, "name"));
		}
	}
	cJSON_Delete(l.list);
	return rc;
}
