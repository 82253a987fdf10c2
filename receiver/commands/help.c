#include "receiver/commands/command.h"
#include "receiver/commands/families.h"

#include "config/base/err.h"
#include "config/people/roles.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <stdio.h>
#include <string.h>

#define SYNOPSIS_WIDTH 48

int run_version(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 0, err);

	if (!rc)
		(void)printf("bardo %s\n", BARDO_VERSION);
	return rc;
}

static void print_row(const struct command *c)
{
	char synopsis[128];

	(void)snprintf(synopsis, sizeof(synopsis), "%s %s", c->verb, c->arguments);
	(void)printf("    %-*s %s\n", SYNOPSIS_WIDTH, synopsis, c->purpose);
}

static void print_all(void)
{
	(void)printf("Usage: ssh deploy@HOST VERB …, or bardo VERB … on the host\n\n"
		     "git push HOST main deploys. Verbs:\n\n");
	for (const struct command *c = command_table; c->verb; c++) {
		if (c->purpose)
			print_row(c);
	}
}

/* A verb, or all of a family: `help lives` shows lives and lives:… */
static int print_matching(const char *word, struct err *err)
{
	size_t len = strcspn(word, ":");
	bool is_family = !word[len] || !word[len + 1] || !strcmp(word + len, ":help");
	int found = 0;

	for (const struct command *c = command_table; c->verb; c++) {
		bool matches = is_family ? !strncmp(c->verb, word, len) &&
				(!c->verb[len] || c->verb[len] == ':')
					 : !strcmp(c->verb, word);

		if (!c->purpose || !matches)
			continue;
		print_row(c);
		found++;
	}
	if (found)
		return 0;
	return err_set(
		err, ERR_USAGE, "there is no command %.60s: `help` lists all", word);
}

int run_help(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 1, err);

	if (rc || r->argc > 1)
		return rc ? rc : print_matching(r->argv[1], err);
	print_all();
	return 0;
}

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
