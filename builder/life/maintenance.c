#include "builder/life/maintenance.h"

#include "builder/life/route.h"
#include "builder/proxy/haproxy.h"
#include "builder/server.h"
#include "config/app/properties.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pages at once: the map of all of them is bounded too. */
#define PAGES_MAX 512

static const char plain_page[] =
	"<!doctype html><html lang=en><meta charset=utf-8><title>Maintenance</title>"
	"<style>body{font:1.2em sans-serif;margin:15vh auto;max-width:30em;padding:1em}"
	"</style><h1>We will be back soon</h1><p>This site is being worked on.";

struct pages {
	struct server *server;
	struct haproxy_page items[PAGES_MAX];
	char *texts[PAGES_MAX]; /* what items borrow, once an app */
	size_t len, texts_len;
	struct err *err;
};

static char *read_page(struct server *s, const struct app *app)
{
	char path[PATH_TEXT_MAX];
	struct buf b;
	char *text;

	buf_init(&b, HAPROXY_PAGE_MAX);
	text = io_read_file(
		       path_maintenance_page(s->settings, app->handle, path), &b, NULL)
		? strdup(plain_page)
		: strdup(buf_text(&b));
	buf_finish(&b);
	return text;
}

static int add_slot(void *ctx, int slot)
{
	struct pages *p = ctx;

	if (p->len == PAGES_MAX)
		return err_set(
			p->err, ERR_FAILED, "more than %d pages at once", PAGES_MAX);
	p->items[p->len++] =
		(struct haproxy_page){.slot = slot, .html = p->texts[p->texts_len - 1]};
	return 0;
}

static int add_app(void *ctx, int64_t app_id)
{
	struct pages *p = ctx;
	struct app app = {.id = app_id};
	int rc = app_reload(p->server->store, &app, p->err);

	if (rc || app.destroyed_at)
		return rc;
	if (p->texts_len == PAGES_MAX)
		return err_set(
			p->err, ERR_FAILED, "more than %d apps at once", PAGES_MAX);
	p->texts[p->texts_len] = read_page(p->server, &app);
	if (!p->texts[p->texts_len++])
		return err_set(p->err, ERR_FAILED, "out of memory");
	return route_each_slot(p->server, &app, add_slot, p, p->err);
}

int maintenance_route(struct server *s, struct err *err)
{
	struct pages *p;
	int lock, rc;

	if (!settings_have_proxy(s->settings))
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return err_set(err, ERR_FAILED, "out of memory");
	p->server = s;
	p->err = err;
	lock = haproxy_lock_map(s->settings, HAPROXY_MAP_PAGES, err);
	rc = lock < 0
		? lock
		: property_each_app(s->store, "maintenance", "enabled", add_app, p, err);
	if (!rc)
		rc = haproxy_map_pages(s->settings, p->items, p->len, err);
	for (size_t i = 0; i < p->texts_len; i++)
		free(p->texts[i]);
	free(p);
	if (lock >= 0)
		(void)close(lock);
	return rc;
}
