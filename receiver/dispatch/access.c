#include "receiver/dispatch/command.h"

#include "config/base/err.h"
#include "config/people/roles.h"
#include "config/record/apps.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIRM_MAX 512

/* Who may do what with which app. */

static enum role role_needed(enum command_needs needs)
{
	return needs <= NEEDS_READ	? ROLE_READ
		: needs == NEEDS_DEPLOY ? ROLE_DEPLOY
					: ROLE_OWNER;
}

static bool may_everything(const struct request *r)
{
	return r->as_server || r->on_host || r->user.admin;
}

int command_may(struct request *r, const struct app *app, enum command_needs needs,
	bool *may, struct err *err)
{
	enum role has = ROLE_NONE;
	int rc = 0;

	*may = may_everything(r);
	if (*may || needs > NEEDS_OWNER)
		return 0;
	rc = role_find(r->server.store, r->user.id, app->id, &has, err);
	*may = !rc && has >= role_needed(needs);
	return rc;
}

/* The same words for an app that exists and for one that doesn't. */
static int refuse(const struct request *r, const char *name, enum command_needs needs,
	struct err *err)
{
	return err_set(err, ERR_DENIED,
		"%s needs the role %s for %s, which %s doesn't have: ask its owner or a "
		"server admin",
		r->argv[0], role_name(role_needed(needs)), name, r->user.name);
}

void command_is_about(struct request *r, const char *name, int64_t id)
{
	if (*r->about || !name_is_valid(name))
		return;
	(void)snprintf(r->about, sizeof(r->about), "%s", name);
	r->about_id = id;
}

static int find(struct request *r, const char *name, enum command_needs needs, bool ever,
	struct app *out, struct err *err)
{
	struct app app;
	bool may;
	int rc = ever ? app_find_ever(r->server.store, name, &app, err)
		      : app_find(r->server.store, name, &app, err);

	command_is_about(r, name, rc ? 0 : app.id);
	if (rc == ERR_NOTFOUND && !may_everything(r))
		return refuse(r, name, needs, err);
	if (!rc)
		rc = command_may(r, &app, needs, &may, err);
	if (rc)
		return rc;
	if (!may)
		return refuse(r, name, needs, err);
	*out = app;
	return 0;
}

int command_app_named(struct request *r, const char *name, enum command_needs needs,
	struct app *out, struct err *err)
{
	return find(r, name, needs, false, out, err);
}

int command_app(struct request *r, struct app *out, struct err *err)
{
	return find(r, r->argv[1], r->command->needs, false, out, err);
}

int command_app_ever(struct request *r, struct app *out, struct err *err)
{
	return find(r, r->argv[1], r->command->needs, may_everything(r), out, err);
}

struct visible {
	struct request *request;
	int (*each)(void *ctx, const struct app *app);
	void *ctx;
	struct err *err;
};

static int show_if_visible(void *ctx, const struct app *app)
{
	struct visible *v = ctx;
	bool may;
	int rc = command_may(v->request, app, v->request->command->needs, &may, v->err);

	return rc || !may ? rc : v->each(v->ctx, app);
}

int command_each_app(struct request *r, int (*each)(void *ctx, const struct app *app),
	void *ctx, struct err *err)
{
	struct visible v = {.request = r, .each = each, .ctx = ctx, .err = err};

	return apps_each(r->server.store, show_if_visible, &v, err);
}

int command_confirm(
	struct request *r, const char *name, const char *what, struct err *err)
{
	char line[CONFIRM_MAX] = "";

	if (r->force)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE, "%s: add --force", what);
	(void)printf(" !     WARNING: Potentially Destructive Action\n"
		     " !     Go on and %s.\n"
		     " !     To proceed, type \"%s\"\n> ",
		what, name);
	(void)fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if (strcmp(line, name))
		return err_set(err, ERR_FAILED, "that is not %s: nothing was done", name);
	return 0;
}
