#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* People: who they are on this server. Their keys are ssh_keys.c, their roles acl.c. */

int run_users_add(struct request *r, struct err *err)
{
	bool admin = false, create = false;
	const struct command_option options[] = {
		{"--admin", NULL, &admin, NULL},
		{"--create", NULL, &create, NULL},
	};
	struct user user;
	int rc = command_options(r, options, 2, 1, 1, err);

	if (!rc)
		rc = users_create(r->server.store, r->argv[1], admin, create, &user, err);
	if (!rc)
		command_say(r,
			"-----> Adding user %s%s; ssh-keys:add %s < KEY.pub lets "
			"them in\n",
			user.name, user.admin ? ", a server admin" : "", user.name);
	return rc;
}

int run_users_remove(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = users_remove(
			r->server.store, r->settings, r->argv[1], !r->on_host, err);
	if (!rc)
		command_say(
			r, "-----> Removed user %s, with keys and roles\n", r->argv[1]);
	return rc;
}

static int parse_right(const char *text, enum users_right *out, struct err *err)
{
	if (!strcmp(text, "admin"))
		*out = USERS_ADMIN;
	else if (!strcmp(text, "create"))
		*out = USERS_CREATE;
	else
		return err_set(err, ERR_USAGE,
			"%.40s is no right: there are admin (of the server) and create "
			"(apps of their own)",
			text);
	return 0;
}

int run_users_set(struct request *r, struct err *err)
{
	enum users_right right = USERS_CREATE;
	bool has;
	int rc = command_options(r, NULL, 0, 3, 3, err);

	if (!rc)
		rc = parse_right(r->argv[2], &right, err);
	if (rc)
		return rc;
	has = !strcmp(r->argv[3], "true");
	if (!has && strcmp(r->argv[3], "false"))
		return err_set(err, ERR_USAGE, "%.40s: it is true or false", r->argv[3]);
	rc = users_set_right(r->server.store, r->argv[1], right, has, !r->on_host, err);
	if (!rc)
		command_say(r, "=====> Setting %s to %s for %s\n", r->argv[2], r->argv[3],
			r->argv[1]);
	return rc;
}

static int print_user(void *ctx, const struct user *u, int keys, int64_t created_at)
{
	(void)ctx;
	(void)created_at;
	(void)printf("%-24s %-5s %-6s %d key%s\n", u->name, u->admin ? "admin" : "-",
		u->may_create || u->admin ? "create" : "-", keys, keys == 1 ? "" : "s");
	return 0;
}

static int add_user(void *ctx, const struct user *u, int keys, int64_t created_at)
{
	cJSON *o = cJSON_CreateObject();
	char when[CLOCK_TEXT_MAX];

	clock_format(created_at, when);
	(void)cJSON_AddStringToObject(o, "name", u->name);
	(void)cJSON_AddBoolToObject(o, "admin", u->admin);
	(void)cJSON_AddBoolToObject(o, "create", u->may_create || u->admin);
	(void)cJSON_AddNumberToObject(o, "keys", keys);
	(void)cJSON_AddStringToObject(o, "created_at", when);
	(void)cJSON_AddItemToArray(ctx, o);
	return 0;
}

int run_users_list(struct request *r, struct err *err)
{
	bool json;
	cJSON *list;
	int rc = command_only_format(r, 0, 0, &json, err);

	if (rc)
		return rc;
	if (!json)
		return users_each(r->server.store, print_user, NULL, err);
	list = cJSON_CreateArray();
	rc = users_each(r->server.store, add_user, list, err);
	if (!rc)
		command_print_json(list);
	cJSON_Delete(list);
	return rc;
}
