#include "builder/doctor/private.h"

#include "builder/life/expiry.h"
#include "builder/life/maintenance.h"
#include "builder/proxy/certificates.h"
#include "builder/proxy/haproxy.h"
#include "builder/proxy/map.h"
#include "builder/server.h"
#include "config/app/domains.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

static int is_covered(void *ctx, const char *name)
{
	return certificate_covers(ctx, name);
}

/* Whether one that has names to be served for stands in the list that HAProxy has: what
 * HAProxy refused doesn't. */
static bool is_listed(
	const struct server *s, const struct app *app, struct certificate *c)
{
	char path[PATH_TEXT_MAX];
	struct buf list;
	bool is = true;

	if (!settings_have_proxy(s->settings) ||
		domains_each_effective(s->store, app, is_covered, c, NULL) != 1)
		return true;
	buf_init(&list, HAPROXY_MAP_MAX);
	if (io_read_file(haproxy_certificate_list(s->settings, path), &list, NULL) == 0)
		is = strstr(buf_text(&list),
			path_certificate(s->settings, app->handle, path));
	buf_finish(&list);
	return is;
}

/* What can't be read any more, or HAProxy wouldn't read. */
static int look_for_damage(void *ctx, const struct app *app)
{
	struct certificates *seen = ctx;
	const struct server *s = seen->doctor->server;
	char todo[NAME_SIZE + 64];
	struct err why = {0};
	struct certificate c;
	int rc = certificate_read_kept(s->settings, app->handle, &c, &why);

	if (rc == ERR_NOTFOUND || (!rc && is_listed(s, app, &c)))
		return 0;
	seen->found++;
	(void)snprintf(todo, sizeof(todo), "certs:add %s", app->name);
	doctor_tell(seen->doctor, "certificates", DOCTOR_PROBLEM, todo,
		"the certificate of %s is %s, and its names are served without it%s%s",
		app->name, rc ? "damaged" : "one that HAProxy refused",
		rc ? ": " : "; bardod's log has its words", why.msg);
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
