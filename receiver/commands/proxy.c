#include "receiver/commands/proxy.h"
#include "receiver/commands/families.h"
#include "receiver/commands/passages.h"
#include "receiver/dispatch/command.h"
#include "receiver/dispatch/several.h"

#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/life/published.h"
#include "builder/life/route.h"
#include "config/app/domains.h"
#include "config/app/ports.h"
#include "config/app/properties.h"
#include "config/app/publish.h"
#include "config/base/err.h"
#include "config/paths.h"
#include "config/record/lives.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* proxy: which apps are reached through HAProxy, and which by a port of the host that the
 * Engine publishes. */

#define PORTS_TEXT_MAX (PORTS_MAX * 16)

int proxy_is_needed(
	struct request *r, const struct app *app, const char *what, struct err *err)
{
	bool is = false;
	int rc;

	if (!settings_have_proxy(r->settings))
		return err_set(err, ERR_FAILED,
			"%s needs the proxy, and this server has none (proxy.driver = "
			"none): apps are reached by their ports",
			what);
	rc = app ? publish_is_set(r->server.store, r->settings, app->id, &is, err) : 0;
	return rc || !is
		? rc
		: err_set(err, ERR_FAILED,
			  "%s needs the proxy, and %s goes without: proxy:enable "
			  "%s",
			  what, app->name, app->name);
}

/* The live life's plan; root NULL: nothing is live. */
static int read_live(struct request *r, const struct app *app, struct life *live,
	struct plan *plan, struct err *err)
{
	int rc;

	if (!app->live)
		return 0;
	rc = life_find(r->server.store, app, app->live, live, err);
	return rc ? rc : life_read_plan(&r->server, live, plan, err);
}

int proxy_is_other(struct request *r, const struct app *app, bool *other, struct err *err)
{
	struct plan was = {0}, is = {0};
	struct life live;
	int rc = read_live(r, app, &live, &was, err);

	*other = false;
	if (rc || !was.root)
		return rc;
	is.root = cJSON_Duplicate(was.root, true);
	rc = published_compose(&is, &r->server, app, err);
	*other = plan_is_published(&was) != plan_is_published(&is) ||
		(plan_is_published(&is) &&
			!cJSON_Compare(plan_part(&was, "publish"),
				plan_part(&is, "publish"), true));
	plan_finish(&was);
	plan_finish(&is);
	return rc;
}

/* ---- proxy:disable, proxy:enable, proxy:set ---- */

/* Its mapped ports are the proxy's, or the Engine's; they can't become the other's. */
static int check_unmapped(struct request *r, const struct app *app, struct err *err)
{
	struct port_mapping ports[PORTS_MAX];
	size_t len;
	int rc = ports_read(r->server.store, app, ports, &len, err);

	if (rc ||
		(len == 1 && ports[0].host == app->port &&
			ports[0].container == PORT_OWN))
		return rc;
	return err_set(err, ERR_FAILED,
		"%s has ports that were mapped to it (ports:list %s), and they don't go "
		"with it: ports:clear %s first",
		app->name, app->name, app->name);
}

struct names {
	const struct app *app;
	size_t len;
};

static int say_name(void *ctx, const char *name)
{
	struct names *n = ctx;

	if (!n->len++)
		(void)printf(" !     Its names lead nowhere until proxy:enable %s: %s",
			n->app->name, name);
	else
		(void)printf(", %s", name);
	return 0;
}

/* What visitors were given by HAProxy, and aren't at a port that the Engine publishes. */
static int say_what_ends(struct request *r, const struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX], value[PROPERTY_VALUE_SIZE] = "";
	struct names names = {.app = app};
	int rc = domains_each_effective(r->server.store, app, say_name, &names, err);

	if (names.len)
		(void)printf("\n");
	if (access(path_certificate(r->settings, app->handle, path), F_OK) == 0)
		(void)printf(" !     Its port speaks plain HTTP: its certificate is for "
			     "its names\n");
	if (!rc)
		rc = property_get_own(
			r->server.store, app->id, "maintenance", "enabled", value, err);
	if (*value)
		(void)printf(" !     Its port shows no maintenance page\n");
	return rc;
}

/* Closes the lock. What no life follows is taken back by the deploy that fails. */
static int change(
	struct request *r, struct app *app, bool disable, int lock, struct err *err)
{
	bool runs = app->live && !app->stopped;
	int rc = publish_change(r->server.store, r->settings, app, disable, runs, err);

	if (!rc && runs)
		return passage_renew(r, app, lock, "config", err);
	(void)close(lock);
	if (!rc && app->live)
		(void)printf("       In force with ps:start %s\n", app->name);
	return rc;
}

static int check_server(struct request *r, bool disable, struct err *err)
{
	if (settings_have_proxy(r->settings))
		return 0;
	return err_set(err, ERR_FAILED,
		disable ? "this server has no proxy (proxy.driver = none): every app "
			  "goes without"
			: "this server has no proxy: proxy.driver = haproxy in its "
			  "settings and a restart of bardod start one");
}

static int set_disabled(struct request *r, bool disable, struct err *err)
{
	struct app app = {0};
	bool is = false;
	int lock = -1, rc = command_app(r, &app, err);

	if (!rc)
		rc = check_server(r, disable, err);
	if (!rc)
		rc = passage_lock(r, &app, &lock, err);
	if (rc)
		return rc;
	rc = app_check_unlocked(&app, err);
	if (!rc)
		rc = publish_is_set(r->server.store, r->settings, app.id, &is, err);
	if (!rc && is != disable)
		rc = check_unmapped(r, &app, err);
	if (rc || is == disable) {
		(void)close(lock);
		if (!rc)
			(void)printf("-----> The proxy is %s for %s already\n",
				disable ? "disabled" : "enabled", app.name);
		return rc;
	}
	(void)printf(
		"-----> %s proxy for %s\n", disable ? "Disabling" : "Enabling", app.name);
	(void)fflush(stdout);
	rc = change(r, &app, disable, lock, err);
	return rc || !disable ? rc : say_what_ends(r, &app, err);
}

static int disable_or_enable(struct request *r, bool disable, struct err *err)
{
	bool ran;
	int rc = several_or_one(r, NULL, NULL, 1, &ran, err);

	return rc || ran ? rc : set_disabled(r, disable, err);
}

int run_proxy_disable(struct request *r, struct err *err)
{
	return disable_or_enable(r, true, err);
}

int run_proxy_enable(struct request *r, struct err *err)
{
	return disable_or_enable(r, false, err);
}

/* "APP type [haproxy|none]": another word for the two above. */
int run_proxy_set(struct request *r, struct err *err)
{
	bool global = false;
	const struct command_option options[] = {{"--global", NULL, &global, NULL}};
	const char *value;
	int rc = command_options(r, options, 1, 1, 3, err);

	if (!rc && global)
		rc = err_set(err, ERR_USAGE,
			"the server's is proxy.driver in its settings, which bardod "
			"reads "
			"at its start");
	if (!rc && r->argc < 3)
		rc = err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	if (rc)
		return rc;
	if (strcmp(r->argv[2], "type") != 0)
		return err_set(err, ERR_USAGE,
			"there is no property %.60s: there is type; ports are "
			"ports:set's",
			r->argv[2]);
	value = r->argc > 3 ? r->argv[3] : "";
	if (*value && strcmp(value, "haproxy") && strcmp(value, SETTING_NO_PROXY))
		return err_set(
			err, ERR_USAGE, "%.60s: the type is haproxy or none", value);
	return set_disabled(r, !strcmp(value, SETTING_NO_PROXY), err);
}

/* ---- proxy:build-config ---- */

static int lead_anew(struct request *r, struct app *app, struct err *err)
{
	struct life live;
	int rc = route_ensure_proxy(&r->server, err);

	if (!rc)
		rc = route_ports(&r->server, err);
	if (!rc && app->live)
		rc = life_find(r->server.store, app, app->live, &live, err);
	if (!rc)
		rc = route_to_life(&r->server, app, app->live ? &live : NULL, err);
	if (!rc)
		rc = route_release_unused(&r->server, app, err);
	if (!rc && !r->quiet)
		(void)printf(
			"-----> What leads to %s is as the record has it\n", app->name);
	return rc;
}

static int build_config(struct request *r, struct err *err)
{
	struct app app = {0};
	bool other = false;
	int lock = -1, rc = command_app(r, &app, err);

	if (!rc)
		rc = passage_lock(r, &app, &lock, err);
	if (rc)
		return rc;
	rc = proxy_is_other(r, &app, &other, err);
	if (!rc && other && !app.stopped)
		return passage_renew(r, &app, lock, "config", err);
	if (!rc)
		rc = lead_anew(r, &app, err);
	(void)close(lock);
	return rc;
}

int run_proxy_build_config(struct request *r, struct err *err)
{
	bool ran;
	int rc = several_or_one(r, NULL, NULL, 1, &ran, err);

	return rc || ran ? rc : build_config(r, err);
}

/* ---- proxy:report ---- */

static void write_ports(const struct plan *plan, char *text, size_t size)
{
	struct plan_port port;
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; plan_published_port(plan, i, &port) && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%d:%d",
			i ? " " : "", port.host, port.container);
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	char text[PORTS_TEXT_MAX] = "";
	struct plan plan = {0};
	struct life live;
	bool is = false;
	int rc = read_live(r, app, &live, &plan, err);

	if (!rc)
		rc = publish_is_set(r->server.store, r->settings, app->id, &is, err);
	if (!rc && plan.root)
		write_ports(&plan, text, sizeof(text));
	(void)cJSON_AddStringToObject(out, "proxy-computed-type",
		is ? SETTING_NO_PROXY : r->settings->proxy_driver);
	(void)cJSON_AddStringToObject(out, "proxy-enabled", is ? "false" : "true");
	(void)cJSON_AddStringToObject(
		out, "proxy-global-type", r->settings->proxy_driver);
	(void)cJSON_AddStringToObject(out, "proxy-type",
		is && settings_have_proxy(r->settings) ? SETTING_NO_PROXY : "");
	(void)cJSON_AddStringToObject(out, "proxy-running-type",
		!plan.root			   ? ""
			: plan_is_published(&plan) ? SETTING_NO_PROXY
						   : "haproxy");
	(void)cJSON_AddStringToObject(out, "proxy-running-published", text);
	plan_finish(&plan);
	return rc;
}

int run_proxy_report(struct request *r, struct err *err)
{
	return command_report(r, "proxy", fill, false, err);
}
