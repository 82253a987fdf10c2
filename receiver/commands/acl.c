#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/base/err.h"
#include "config/people/roles.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* Who may do what with which app. */

/* "USER APP", or "--app APP USER". */
struct grant {
	struct app app;
	struct user user;
};

static int read_grant(struct request *r, int words, struct grant *out, struct err *err)
{
	int rc = command_options(r, NULL, 0, words, words, err);
	const char *app, *user;

	if (rc)
		return rc;
	app = r->argv[r->app_by_option ? 1 : 2];
	user = r->argv[r->app_by_option ? 2 : 1];
	rc = command_app_named(r, app, NEEDS_OWNER, &out->app, err);
	return rc ? rc : users_find(r->server.store, user, &out->user, err);
}

int run_acl_grant(struct request *r, struct err *err)
{
	struct grant g;
	enum role role;
	int rc = read_grant(r, 3, &g, err);

	if (!rc)
		rc = role_parse(r->argv[3], &role, err);
	if (!rc)
		rc = role_set(r->server.store, g.user.id, g.app.id, role, err);
	if (!rc)
		command_say(r, "-----> %s has the role %s for %s\n", g.user.name,
			role_name(role), g.app.name);
	return rc;
}

int run_acl_revoke(struct request *r, struct err *err)
{
	struct grant g;
	enum role role = ROLE_NONE;
	int rc = read_grant(r, 2, &g, err);

	if (!rc)
		rc = role_find(r->server.store, g.user.id, g.app.id, &role, err);
	if (!rc && role == ROLE_NONE)
		rc = err_set(err, ERR_NOTFOUND,
			"%s has no role for %s: acl:list %s shows who has", g.user.name,
			g.app.name, g.app.name);
	if (!rc)
		rc = role_set(r->server.store, g.user.id, g.app.id, ROLE_NONE, err);
	if (!rc)
		command_say(r, "-----> %s no longer has the role %s for %s\n",
			g.user.name, role_name(role), g.app.name);
	return rc;
}

struct listing {
	struct request *request;
	struct err *err;
	const char *app;
	cJSON *json; /* NULL: text */
};

static int list_role(void *ctx, const struct user *u, enum role role)
{
	struct listing *l = ctx;
	cJSON *o;

	if (!l->json) {
		(void)printf("%-24s %-24s %s\n", l->app, u->name, role_name(role));
		return 0;
	}
	o = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(o, "app", l->app);
	(void)cJSON_AddStringToObject(o, "user", u->name);
	(void)cJSON_AddStringToObject(o, "role", role_name(role));
	(void)cJSON_AddItemToArray(l->json, o);
	return 0;
}

static int list_app(void *ctx, const struct app *app)
{
	struct listing *l = ctx;

	l->app = app->name;
	return roles_each(l->request->server.store, app->id, list_role, l, l->err);
}

int run_acl_list(struct request *r, struct err *err)
{
	struct listing l = {.request = r, .err = err};
	struct app app;
	bool json;
	int rc = command_only_format(r, 0, 1, &json, err);

	if (!rc && r->argc > 1)
		rc = command_app(r, &app, err);
	if (rc)
		return rc;
	l.json = json ? cJSON_CreateArray() : NULL;
	rc = r->argc > 1 ? list_app(&l, &app) : command_each_app(r, list_app, &l, err);
	if (!rc && json)
		command_print_json(l.json);
	cJSON_Delete(l.json);
	return rc;
}
