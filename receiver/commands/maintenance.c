#include "receiver/commands/families.h"
#include "receiver/commands/proxy.h"
#include "receiver/dispatch/command.h"

#include "builder/life/maintenance.h"
#include "builder/proxy/haproxy.h"
#include "config/app/properties.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int set_enabled(struct request *r, const char *value, struct err *err)
{
	struct app app = {0};
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && *value)
		rc = proxy_is_needed(r, &app, "a maintenance page", err);
	if (!rc)
		rc = command_property_route(
			r, &app, "maintenance", "enabled", value, maintenance_route, err);
	if (!rc)
		command_say(r, "-----> Maintenance of %s is %s\n", app.name,
			*value ? "on" : "off");
	return rc;
}

int run_maintenance_enable(struct request *r, struct err *err)
{
	return set_enabled(r, "true", err);
}

int run_maintenance_disable(struct request *r, struct err *err)
{
	return set_enabled(r, "", err);
}

static int read_page(struct buf *page, struct err *err)
{
	int rc = io_read_all(STDIN_FILENO, page, err);

	if (rc)
		return err_set(err, ERR_USAGE,
			"the page is longer than %d bytes: leave pictures out",
			HAPROXY_PAGE_MAX);
	if (!page->len)
		return err_set(err, ERR_USAGE,
			"nothing came: the page, as HTML, goes to standard input; "
			"--clear takes it away");
	if (memchr(page->data, '\0', page->len))
		return err_set(err, ERR_USAGE, "that is no HTML: it holds a NUL");
	return 0;
}

static int write_page(const char *path, const struct buf *page, struct err *err)
{
	if (page->len)
		return io_replace_file(path, 0600, page->data, page->len, err);
	return unlink(path) < 0 && errno != ENOENT ? err_errno(err, "the page") : 0;
}

/* The page that was there is there again if this one can't be shown; an empty one takes
 * it away. */
static int change_page(
	struct request *r, const struct app *app, const struct buf *page, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct buf old;
	int rc;

	(void)path_maintenance_page(r->settings, app->handle, path);
	buf_init(&old, HAPROXY_PAGE_MAX);
	if (io_read_file(path, &old, NULL) < 0)
		buf_reset(&old);
	rc = write_page(path, page, err);
	if (!rc)
		rc = maintenance_route(&r->server, app, err);
	if (rc && write_page(path, &old, NULL) == 0)
		(void)maintenance_route(&r->server, NULL, NULL);
	buf_finish(&old);
	return rc;
}

int run_maintenance_custom_page(struct request *r, struct err *err)
{
	struct app app = {0};
	bool clear = false;
	const struct command_option options[] = {{"--clear", NULL, &clear, NULL}};
	struct buf page;
	int rc = command_options(r, options, 1, 1, 1, err);

	buf_init(&page, HAPROXY_PAGE_MAX);
	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && !clear)
		rc = read_page(&page, err);
	if (!rc)
		rc = change_page(r, &app, &page, err);
	buf_finish(&page);
	if (!rc)
		command_say(r, "-----> %s has %s maintenance page\n", app.name,
			clear ? "no" : "its own");
	return rc;
}

static int fill_report(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	char enabled[PROPERTY_VALUE_SIZE], path[PATH_TEXT_MAX];
	int rc = property_get_own(
		r->server.store, app->id, "maintenance", "enabled", enabled, err);

	(void)path_maintenance_page(r->settings, app->handle, path);
	(void)cJSON_AddStringToObject(
		out, "maintenance-enabled", *enabled ? "true" : "false");
	(void)cJSON_AddStringToObject(out, "maintenance-custom-page",
		access(path, F_OK) == 0 ? "true" : "false");
	return rc;
}

int run_maintenance_report(struct request *r, struct err *err)
{
	return command_report(r, "maintenance", fill_report, false, err);
}
