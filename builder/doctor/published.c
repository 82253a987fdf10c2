#include "builder/doctor/private.h"

#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/server.h"
#include "config/app/publish.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Apps without the proxy, and those that are about to be. */

struct looking {
	const struct doctor *doctor;
	int answered;
};

/* proxy.bind as an address to connect to; "" is this machine. */
static const char *reach(const char *bind, char host[SETTING_TEXT_MAX])
{
	bool bracket = bind[0] == '[';

	(void)snprintf(host, SETTING_TEXT_MAX, "%.*s", (int)strcspn(bind + bracket, "]"),
		bind + bracket);
	if (!strcmp(host, "::") || !strcmp(host, "*") || !strcmp(host, "0.0.0.0"))
		host[0] = '\0';
	return host;
}

static void look_at_port(struct looking *l, const struct app *app, int port)
{
	char host[SETTING_TEXT_MAX], service[16], todo[NAME_SIZE + 64];
	int fd;

	(void)snprintf(service, sizeof(service), "%d", port);
	fd = doctor_connect(
		reach(l->doctor->server->settings->proxy_bind, host), service);
	if (fd >= 0) {
		l->answered++;
		(void)close(fd);
		return;
	}
	(void)snprintf(todo, sizeof(todo), "proxy:build-config %s", app->name);
	doctor_tell(l->doctor, "published", DOCTOR_PROBLEM, todo,
		"nobody answers at port %d, which is published for %s", port, app->name);
}

static void look_at_plan(
	struct looking *l, const struct app *app, const struct plan *plan, bool wanted)
{
	char todo[NAME_SIZE + 64];
	struct plan_port port;

	(void)snprintf(todo, sizeof(todo), "proxy:build-config %s", app->name);
	if (plan_is_published(plan) != wanted)
		doctor_tell(l->doctor, "published", DOCTOR_WARNING, todo,
			"%s still runs %s the proxy, against what is set", app->name,
			wanted ? "with" : "without");
	for (size_t i = 0; plan_published_port(plan, i, &port); i++)
		look_at_port(l, app, port.host);
}

static int look_at_app(void *ctx, const struct app *app)
{
	struct looking *l = ctx;
	struct server *s = l->doctor->server;
	struct plan plan = {0};
	struct life live;
	bool wanted = false;

	if (!app->live || app->stopped ||
		life_find(s->store, app, app->live, &live, NULL) < 0 ||
		life_read_plan(s, &live, &plan, NULL) < 0)
		return 0;
	if (publish_is_set(s->store, s->settings, app->id, &wanted, NULL) == 0)
		look_at_plan(l, app, &plan, wanted);
	plan_finish(&plan);
	return 0;
}

void doctor_check_published(const struct doctor *d)
{
	struct looking l = {.doctor = d};

	(void)apps_each(d->server->store, look_at_app, &l, NULL);
	if (l.answered)
		doctor_tell(d, "published", DOCTOR_OK, "", "%d published ports answer",
			l.answered);
}
