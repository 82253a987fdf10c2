#include "builder/doctor/private.h"

#include "builder/life/expiry.h"
#include "builder/life/maintenance.h"
#include "builder/proxy/haproxy.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <stdio.h>

struct certificates {
	const struct doctor *doctor;
	int all, found;
};

static int look_at(void *ctx, const struct app *app, const struct certificate *c)
{
	struct certificates *seen = ctx;
	enum expiry how = expiry_of(c, clock_unix_ms());
	char when[CLOCK_TEXT_MAX], todo[NAME_SIZE + 64];

	seen->all++;
	if (how == EXPIRY_FAR)
		return 0;
	seen->found++;
	clock_format(c->ends_at, when);
	(void)snprintf(todo, sizeof(todo), "get a new one, and: certs:add %s", app->name);
	if (how == EXPIRY_OVER)
		doctor_tell(seen->doctor, "certificates", DOCTOR_PROBLEM, todo,
			"the certificate of %s expired %s: browsers refuse %s", app->name,
			when, c->names);
	else
		doctor_tell(seen->doctor, "certificates", DOCTOR_WARNING, todo,
			"the certificate of %s expires %s, in less than %d days",
			app->name, when,
			how == EXPIRY_NEAR ? EXPIRY_NEAR_DAYS : EXPIRY_SOON_DAYS);
	return 0;
}

/* What is whole by itself, and still not what visitors get. */
static int look_for_damage(void *ctx, const struct app *app)
{
	struct certificates *seen = ctx;
	const struct server *s = seen->doctor->server;
	char todo[NAME_SIZE + 64];
	struct err why = {0};
	struct certificate c;

	if (certificate_read_kept(s->settings, app->handle, &c, &why) != ERR_FAILED)
		return 0;
	seen->found++;
	(void)snprintf(todo, sizeof(todo), "certs:add %s", app->name);
	doctor_tell(seen->doctor, "certificates", DOCTOR_PROBLEM, todo,
		"the certificate of %s is damaged, and its names are served without it: "
		"%s",
		app->name, why.msg);
	return 0;
}

static int look_at_page(void *ctx, const struct app *app)
{
	const struct doctor *d = ctx;
	char todo[NAME_SIZE + 64];
	struct err why = {0};
	struct buf page;
	int rc;

	buf_init(&page, HAPROXY_PAGE_MAX);
	rc = maintenance_read_page(d->server, app, &page, &why);
	buf_finish(&page);
	if (!rc || rc == ERR_NOTFOUND)
		return 0;
	(void)snprintf(todo, sizeof(todo), "maintenance:custom-page %s", app->name);
	doctor_tell(d, "pages", DOCTOR_WARNING, todo,
		"the maintenance page of %s can't be shown, and visitors would get the "
		"plain one: %s",
		app->name, why.msg);
	return 0;
}

void doctor_check_pages(const struct doctor *d)
{
	struct err err = {0};
	struct doctor copy = *d;

	if (apps_each(d->server->store, look_at_page, &copy, &err) < 0)
		doctor_tell(d, "pages", DOCTOR_PROBLEM, "", "%s", err.msg);
}

void doctor_check_certificates(const struct doctor *d)
{
	struct certificates seen = {.doctor = d};
	struct err err = {0};

	if (expiry_each(d->server, look_at, &seen, &err) < 0 ||
		apps_each(d->server->store, look_for_damage, &seen, &err) < 0)
		doctor_tell(d, "certificates", DOCTOR_PROBLEM, "", "%s", err.msg);
	else if (!seen.found)
		doctor_tell(d, "certificates", DOCTOR_OK, "",
			"of %d certificates none expires within %d days", seen.all,
			EXPIRY_SOON_DAYS);
}
