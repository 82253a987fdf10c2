#include "builder/life/expiry.h"

#include "builder/server.h"
#include "config/base/array.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/record/events.h"
#include "config/store.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)

enum expiry expiry_of(const struct certificate *c, int64_t now_ms)
{
	int64_t left = c->ends_at - now_ms;

	if (left <= 0)
		return EXPIRY_OVER;
	if (left < EXPIRY_NEAR_DAYS * DAY_MS)
		return EXPIRY_NEAR;
	return left < EXPIRY_SOON_DAYS * DAY_MS ? EXPIRY_SOON : EXPIRY_FAR;
}

struct each {
	struct server *server;
	int (*each)(void *ctx, const struct app *app, const struct certificate *c);
	void *ctx;
};

static int look_at(void *ctx, const struct app *app)
{
	struct each *e = ctx;
	struct certificate c;

	if (certificate_read_kept(e->server->settings, app->handle, &c, NULL) < 0)
		return 0;
	return e->each(e->ctx, app, &c);
}

int expiry_each(struct server *s,
	int (*each)(void *ctx, const struct app *app, const struct certificate *c),
	void *ctx, struct err *err)
{
	struct each e = {s, each, ctx};

	return apps_each(s->store, look_at, &e, err);
}

/* ---- events ---- */

struct due {
	struct event *events;
	size_t len, cap;
	struct err *err;
};

/* The event says until when the certificate is good: a new one has events of its own. */
static void describe(struct event *e, const struct certificate *c, enum expiry how)
{
	char when[CLOCK_TEXT_MAX];

	clock_format(c->ends_at, when);
	if (how == EXPIRY_OVER)
		(void)snprintf(e->what, sizeof(e->what), "certificate expired %s", when);
	else
		(void)snprintf(e->what, sizeof(e->what),
			"certificate expires %s, in less than %d days", when,
			how == EXPIRY_NEAR ? EXPIRY_NEAR_DAYS : EXPIRY_SOON_DAYS);
	(void)snprintf(e->text, sizeof(e->text), "certs:add %s takes a new one", e->app);
}

/* Nothing is written while the apps are read: SQLite would refuse it when somebody else
 * wrote in between. */
static int collect(void *ctx, const struct app *app, const struct certificate *c)
{
	struct due *d = ctx;
	enum expiry how = expiry_of(c, clock_unix_ms());
	struct event *e;

	if (how == EXPIRY_FAR)
		return 0;
	if (array_reserve(&d->events, d->len, &d->cap, sizeof(*d->events)))
		return err_set(d->err, ERR_FAILED, "out of memory");
	e = &d->events[d->len++];
	*e = (struct event){.kind = EVENT_EXPIRY, .user = "bardo", .app_id = app->id};
	(void)snprintf(e->app, sizeof(e->app), "%s", app->name);
	describe(e, c, how);
	return 0;
}

static int add_once(struct store *s, struct event *e, struct err *err)
{
	bool known = true;
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = event_is_known(s, e, &known, err);
	if (!rc && !known)
		rc = event_add(s, e, err);
	return store_end(s, rc, err);
}

int expiry_record(struct server *s, struct err *err)
{
	struct due due = {.err = err};
	int rc = expiry_each(s, collect, &due, err);

	for (size_t i = 0; i < due.len && !rc; i++)
		rc = add_once(s->store, &due.events[i], err);
	free(due.events);
	return rc;
}
