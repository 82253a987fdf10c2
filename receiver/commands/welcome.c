#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/people/roles.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <stdio.h>
#include <string.h>

/* What a plain `ssh` without a command shows. */

struct welcome {
	struct request *request;
	struct err *err;
	int apps;
};

static int print_app(void *ctx, const struct app *app)
{
	struct welcome *w = ctx;
	const struct user *u = &w->request->user;
	enum role role = ROLE_OWNER;
	char state[32] = "nothing deployed yet";
	int rc = 0;

	if (!u->admin)
		rc = role_find(w->request->server.store, u->id, app->id, &role, w->err);
	if (rc)
		return rc;
	if (!w->apps++)
		(void)printf("Your apps:\n\n");
	if (app->live)
		(void)snprintf(state, sizeof(state), "life %d", app->live);
	(void)printf("    %s (%s%s%s)\n", app->name, u->admin ? "" : role_name(role),
		u->admin ? "" : ", ", state);
	return 0;
}

/* Where this server is, as git and ssh write it. */
static void print_address(const struct request *r, char *out, size_t size)
{
	const char *host = r->settings->server_hostname;
	const char *port = strrchr(r->settings->ssh_listen, ':');

	if (!*host)
		host = *r->client_side ? r->client_side : "HOST";
	(void)snprintf(out, size, "ssh://deploy@%s%s%s%s", strchr(host, ':') ? "[" : "",
		host, strchr(host, ':') ? "]" : "",
		port && strcmp(port, ":0") ? port : "");
}

static void print_how_to_start(const struct request *r)
{
	char address[1200];

	print_address(r, address, sizeof(address));
	(void)printf("To deploy an app, in its repository (it has a Dockerfile):\n\n"
		     "    git remote add production %s/NAME\n"
		     "    git push production main\n\n",
		address);
}

int run_welcome(struct request *r, struct err *err)
{
	struct welcome w = {.request = r, .err = err};
	bool creates = r->user.admin || r->user.may_create;
	int rc;

	(void)printf("You are %s%s, with the key %s.\n\n", r->user.name,
		r->user.admin		     ? ", a server admin"
			: r->user.may_create ? ", who may make apps"
					     : "",
		r->key);
	rc = command_each_app(r, print_app, &w, err);
	if (rc)
		return rc;
	if (!w.apps && !creates) {
		(void)printf("You have no rights here yet: ask a server admin, or an "
			     "app's owner, for `acl:grant %s APP ROLE`.\n",
			r->user.name);
		return 0;
	}
	(void)printf("%s", w.apps ? "\n" : "");
	print_how_to_start(r);
	(void)printf("`help` lists what else there is.\n");
	return 0;
}
