#include "receiver/commands/families.h"
#include "receiver/commands/proxy.h"
#include "receiver/dispatch/command.h"

#include "builder/life/names.h"
#include "config/app/domains.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* The names under which apps are reached. A change takes effect at once, without a new
 * life. */

#define NAMES_TEXT_MAX 32768

struct names {
	char texts[DOMAINS_MAX][DOMAIN_SIZE];
	const char *items[DOMAINS_MAX];
	size_t len;
};

/* The words from `first` on. */
static int read_names(
	const struct request *r, int first, struct names *out, struct err *err)
{
	int rc = 0;

	out->len = 0;
	for (int i = first; i < r->argc && !rc; i++) {
		if (out->len == DOMAINS_MAX)
			return err_set(err, ERR_USAGE, "more than %d names", DOMAINS_MAX);
		rc = domain_check(r->argv[i], out->texts[out->len], err);
		out->items[out->len] = out->texts[out->len];
		out->len++;
	}
	return rc;
}

/* The server's names are parts of others: there is nothing for a wildcard to stand for,
 * and each app's name and a dot must have room before them. */
static int check_parts(const struct names *names, struct err *err)
{
	for (size_t i = 0; i < names->len; i++) {
		if (names->items[i][0] == '*')
			return err_set(err, ERR_USAGE,
				"%s: the server's names have no *; each app gets "
				"APP.%s by itself",
				names->items[i], names->items[i] + 2);
		if (strlen(names->items[i]) + NAME_SIZE >= DOMAIN_SIZE - 2)
			return err_set(err, ERR_USAGE,
				"%.60s… is too long for APP.DOMAIN: %d characters are "
				"the most that the server's names may have",
				names->items[i], DOMAIN_SIZE - 3 - NAME_SIZE);
	}
	return 0;
}

static int keep_name(void *ctx, const char *name)
{
	struct names *names = ctx;

	if (names->len == DOMAINS_MAX)
		return 0;
	(void)snprintf(names->texts[names->len], DOMAIN_SIZE, "%s", name);
	names->items[names->len] = names->texts[names->len];
	names->len++;
	return 0;
}

/* Makes visitors find what the record says by now. Where that is refused, the names are
 * those of before again. */
static int route_or_take_back(
	struct request *r, int64_t app_id, const struct names *before, struct err *err)
{
	int rc = names_route(&r->server, NULL, err);

	if (rc && rc != ERR_AWAY) {
		(void)domains_set(
			r->server.store, app_id, before->items, before->len, NULL);
		(void)names_route(&r->server, NULL, NULL);
	}
	return rc;
}

static void warn_if_unserved(const struct request *r)
{
	if (!strcmp(r->settings->proxy_http, SETTING_OFF))
		(void)printf(
			" !     proxy.http is off: no name is served until it is set\n");
}

typedef int change_names(struct store *s, int64_t app_id, const char *const *names,
	size_t len, struct err *err);

static int change(struct request *r, int64_t app_id, const char *whose, int first,
	change_names *apply, const char *done, struct err *err)
{
	struct names names, before = {.len = 0};
	int rc = read_names(r, first, &names, err);

	if (!rc && app_id == EVERY_APP)
		rc = check_parts(&names, err);
	if (!rc)
		rc = domains_each(r->server.store, app_id, keep_name, &before, err);
	if (!rc)
		rc = apply(r->server.store, app_id, names.items, names.len, err);
	if (!rc)
		rc = route_or_take_back(r, app_id, &before, err);
	for (size_t i = 0; i < names.len && !rc; i++)
		command_say(r, "-----> %s %s%s%s\n", done, names.items[i],
			*whose ? " " : "", whose);
	if (!rc)
		warn_if_unserved(r);
	return rc;
}

static int change_app(
	struct request *r, change_names *apply, const char *done, struct err *err)
{
	struct app app = {0};
	char whose[NAME_SIZE + 16];
	int rc = command_options(r, NULL, 0, 2, DOMAINS_MAX + 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && apply != domains_remove)
		rc = proxy_is_needed(r, &app, "a name", err);
	if (rc)
		return rc;
	(void)snprintf(whose, sizeof(whose), "%s %s",
		apply == domains_remove ? "from" : "to", app.name);
	return change(r, app.id, whose, 2, apply, done, err);
}

static int change_server(
	struct request *r, change_names *apply, const char *done, struct err *err)
{
	int rc = command_options(r, NULL, 0, 1, DOMAINS_MAX, err);

	if (!rc && apply != domains_remove)
		rc = proxy_is_needed(r, NULL, "a name", err);
	return rc ? rc : change(r, EVERY_APP, "globally", 1, apply, done, err);
}

int run_domains_add(struct request *r, struct err *err)
{
	return change_app(r, domains_add, "Added", err);
}

int run_domains_remove(struct request *r, struct err *err)
{
	return change_app(r, domains_remove, "Removed", err);
}

int run_domains_set(struct request *r, struct err *err)
{
	return change_app(r, domains_set, "Set", err);
}

int run_domains_add_global(struct request *r, struct err *err)
{
	return change_server(r, domains_add, "Added", err);
}

int run_domains_remove_global(struct request *r, struct err *err)
{
	return change_server(r, domains_remove, "Removed", err);
}

int run_domains_set_global(struct request *r, struct err *err)
{
	return change_server(r, domains_set, "Set", err);
}

static int clear(struct request *r, int64_t app_id, struct err *err)
{
	struct names before = {.len = 0};
	int rc = domains_each(r->server.store, app_id, keep_name, &before, err);

	if (!rc)
		rc = domains_set(r->server.store, app_id, NULL, 0, err);
	return rc ? rc : route_or_take_back(r, app_id, &before, err);
}

int run_domains_clear(struct request *r, struct err *err)
{
	struct app app = {0};
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc)
		rc = clear(r, app.id, err);
	if (!rc)
		command_say(r, "-----> Cleared the names of %s\n", app.name);
	return rc;
}

int run_domains_clear_global(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 0, err);

	if (!rc)
		rc = clear(r, EVERY_APP, err);
	if (!rc)
		command_say(r, "-----> Cleared the server's names\n");
	return rc;
}

static int set_disabled(struct request *r, const char *disabled, struct err *err)
{
	struct app app = {0};
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc && !*disabled)
		rc = proxy_is_needed(r, &app, "a name", err);
	if (!rc)
		rc = command_property_route(
			r, &app, "domains", "disabled", disabled, names_route, err);
	if (!rc)
		command_say(r, "-----> %s the names of %s\n",
			*disabled ? "Disabled" : "Enabled", app.name);
	return rc;
}

int run_domains_disable(struct request *r, struct err *err)
{
	return set_disabled(r, "true", err);
}

int run_domains_enable(struct request *r, struct err *err)
{
	return set_disabled(r, "", err);
}

static int add_name(void *ctx, const char *name)
{
	struct buf *b = ctx;

	return buf_addf(b, "%s%s", b->len ? " " : "", name);
}

static int add_names(
	struct request *r, int64_t app_id, cJSON *out, const char *key, struct err *err)
{
	struct buf b;
	int rc;

	buf_init(&b, NAMES_TEXT_MAX);
	rc = domains_each(r->server.store, app_id, add_name, &b, err);
	(void)cJSON_AddStringToObject(out, key, buf_text(&b));
	buf_finish(&b);
	return rc;
}

static int add_effective(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	char disabled[PROPERTY_VALUE_SIZE];
	struct buf b;
	int rc = property_get(
		r->server.store, app->id, "domains", "disabled", disabled, err);

	(void)cJSON_AddStringToObject(
		out, "domains-app-enabled", *disabled ? "false" : "true");
	if (!rc)
		rc = add_names(r, app->id, out, "domains-app-vhosts", err);
	buf_init(&b, NAMES_TEXT_MAX);
	if (!rc)
		rc = domains_each_effective(r->server.store, app, add_name, &b, err);
	(void)cJSON_AddStringToObject(out, "domains-effective-vhosts", buf_text(&b));
	buf_finish(&b);
	return rc;
}

static int fill_report(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	int rc = app ? add_effective(r, app, out, err) : 0;

	return rc ? rc : add_names(r, EVERY_APP, out, "domains-global-vhosts", err);
}

int run_domains_report(struct request *r, struct err *err)
{
	return command_report(r, "domains", fill_report, true, err);
}
