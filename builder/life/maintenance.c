#include "builder/life/maintenance.h"

#include "builder/life/route.h"
#include "builder/proxy/haproxy.h"
#include "builder/server.h"
#include "config/app/properties.h"
#include "config/base/array.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/paths.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of all the pages that are apps' own, together. The map has room for as many plain ones
 * beside them as there are backends. */
#define OWN_PAGES_MAX (2 * 1024 * 1024)

static const char plain_page[] =
	"<!doctype html><html lang=en><meta charset=utf-8><title>Maintenance</title>"
	"<style>body{font:1.2em sans-serif;margin:15vh auto;max-width:30em;padding:1em}"
	"</style><h1>We will be back soon</h1><p>This site is being worked on.";

struct pages {
	struct server *server;
	const struct app *mine;
	struct haproxy_page *items;
	size_t len, cap;
	char **texts; /* what items borrow, once an app; NULL for the plain page */
	size_t texts_len, texts_cap;
	size_t own; /* bytes of texts */
	struct err *err;
};

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_FAILED, "out of memory");
}

int maintenance_read_page(
	const struct server *s, const struct app *app, struct buf *out, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = io_read_file(
		path_maintenance_page(s->settings, app->handle, path), out, err);

	if (!rc && (!out->len || memchr(out->data, '\0', out->len)))
		rc = err_set(err, ERR_FAILED, "%s is no HTML", path);
	return rc;
}

/* What keeps a page from being shown keeps no other's: visitors get the plain one. */
static int read_page(struct pages *p, const struct app *app, char **out)
{
	struct err why = {0};
	struct buf b;
	int rc;

	*out = NULL;
	buf_init(&b, HAPROXY_PAGE_MAX);
	rc = maintenance_read_page(p->server, app, &b, &why);
	if (!rc && p->own + b.len > OWN_PAGES_MAX)
		rc = err_set(&why, ERR_FAILED,
			"there is no room for the page of %s beside those of other apps: "
			"make it smaller, or take it away",
			app->name);
	if (!rc && !(*out = strdup(b.data)))
		rc = out_of_memory(&why);
	p->own += rc ? 0 : b.len;
	buf_finish(&b);
	if (!rc || rc == ERR_NOTFOUND)
		return 0;
	log_warn("%s has the plain maintenance page: %s", app->name, why.msg);
	return p->mine && p->mine->id == app->id ? err_set(p->err, rc, "%s", why.msg) : 0;
}

static int add_slot(void *ctx, int slot)
{
	struct pages *p = ctx;
	const char *text = p->texts[p->texts_len - 1];

	if (array_reserve(&p->items, p->len, &p->cap, sizeof(*p->items)))
		return out_of_memory(p->err);
	p->items[p->len++] =
		(struct haproxy_page){.slot = slot, .html = text ? text : plain_page};
	return 0;
}

static int add_app(void *ctx, int64_t app_id)
{
	struct pages *p = ctx;
	struct app app = {.id = app_id};
	char *text = NULL;
	int rc = app_reload(p->server->store, &app, p->err);

	if (rc || app.destroyed_at)
		return rc;
	if (array_reserve(&p->texts, p->texts_len, &p->texts_cap, sizeof(*p->texts)))
		return out_of_memory(p->err);
	rc = read_page(p, &app, &text);
	if (rc)
		return rc;
	p->texts[p->texts_len++] = text;
	return route_each_slot(p->server, &app, add_slot, p, p->err);
}

int maintenance_route(struct server *s, const struct app *mine, struct err *err)
{
	struct pages p = {.server = s, .mine = mine, .err = err};
	int lock, rc;

	if (!settings_have_proxy(s->settings))
		return 0;
	lock = haproxy_lock_map(s->settings, HAPROXY_MAP_PAGES, err);
	rc = lock < 0
		? lock
		: property_each_app(s->store, "maintenance", "enabled", add_app, &p, err);

	if (!rc)
		rc = haproxy_map_pages(s->settings, p.items, p.len, err);
	for (size_t i = 0; i < p.texts_len; i++)
		free(p.texts[i]);
	free(p.texts);
	free(p.items);
	if (lock >= 0)
		(void)close(lock);
	return rc;
}
