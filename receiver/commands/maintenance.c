#include "receiver/commands/families.h"
#include "receiver/commands/maintenance_page.h"
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
#include <stdio.h>
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

static int read_page(struct buf *page, int *other_files, struct err *err)
{
	struct buf sent;
	int rc;

	buf_init(&sent, MAINTENANCE_SENT_MAX);
	rc = io_read_all(STDIN_FILENO, &sent, err);
	if (rc)
		rc = err_set(err, ERR_USAGE,
			"more than %d bytes came: the page may have %d",
			MAINTENANCE_SENT_MAX, HAPROXY_PAGE_MAX);
	else
		rc = maintenance_page_read(&sent, page, other_files, err);
	buf_finish(&sent);
	return rc;
}

/* What isn't as it was sent, where somebody may see it. */
static void tell_changes(const struct buf *page, int other_files)
{
	static const char *const with_lines[] = {"<pre", "<textarea", "<script"};

	if (other_files)
		(void)printf(" !     the page is one file: %d beside it in the archive "
			     "are not shown\n",
			other_files);
	for (size_t i = 0; i < sizeof(with_lines) / sizeof(with_lines[0]); i++) {
		if (strcasestr(buf_text(page), with_lines[i]))
			(void)printf(" !     its line breaks are served as blanks, also "
				     "those in %s>\n",
				with_lines[i]);
	}
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
	int other_files = 0, rc = command_options(r, options, 1, 1, 1, err);

	buf_init(&page, HAPROXY_PAGE_MAX);
	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && !clear)
		rc = read_page(&page, &other_files, err);
	if (!rc)
		rc = change_page(r, &app, &page, err);
	if (!rc)
		command_say(r, "-----> %s has %s maintenance page\n", app.name,
			clear ? "no" : "its own");
	if (!rc)
		tell_changes(&page, other_files);
	buf_finish(&page);
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
