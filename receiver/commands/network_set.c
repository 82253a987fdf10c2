#include "receiver/commands/families.h"
#include "receiver/commands/network.h"
#include "receiver/dispatch/command.h"

#include "builder/life/body.h"
#include "builder/life/life.h"
#include "builder/life/network.h"
#include "builder/life/plan.h"
#include "config/app/domains.h"
#include "config/app/listed.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/record/networks.h"
#include "config/record/places.h"
#include "config/settings.h"
#include "config/store.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* network: which networks an app is in, and what it is called there. */

#define FAMILY "network"
#define TEXT_MAX 4096
#define ALL_NAMES                                                                        \
	"attach-post-create, attach-post-deploy, initial-network, tld, "                 \
	"bind-all-interfaces"

/* Those that list networks. */
static const char *const attachments[] = {
	"attach-post-create", NETWORK_LATE, "initial-network"};
#define ATTACHMENTS (sizeof(attachments) / sizeof(attachments[0]))

/* ---- network:set ---- */

/* One that apps share, for who may have it; the host's own and what others made on the
 * Engine for server admins. */
static int check_network(
	struct request *r, const char *property, const char *name, struct err *err)
{
	struct shared_network n;
	int rc;

	if (!strcmp(name, NETWORK_HOST)) {
		if (strcmp(property, "initial-network") != 0)
			return err_set(err, ERR_USAGE,
				"a container is in the host's network from its start or "
				"never: network:set APP initial-network host");
		return command_root(r, "host networks", err);
	}
	rc = network_find_theirs(r, name, &n, err);
	return rc == ERR_NOTFOUND ? network_find(&r->server, name, err) : rc;
}

/* What network:set is about. */
struct setting {
	struct request *request;
	struct app app; /* id EVERY_APP for --global */
	const char *name;
	int values; /* where they begin among the words */
	const char *networks[LISTED_MAX];
	size_t len;
};

/* Several networks are words, or one word with commas, as Dokku takes both. */
static int read_networks(struct setting *s, struct err *err)
{
	int rc = 0;

	for (int i = s->values; i < s->request->argc && !rc; i++) {
		char *rest = s->request->argv[i], *name;

		while (!rc && (name = strsep(&rest, ","))) {
			if (!*name)
				continue;
			if (s->len == LISTED_MAX)
				return err_set(err, ERR_USAGE, "more than %d networks",
					LISTED_MAX);
			rc = check_network(s->request, s->name, name, err);
			s->networks[s->len++] = name;
		}
	}
	return rc;
}

static int write_networks(struct setting *s, struct err *err)
{
	struct store *store = s->request->server.store;
	int rc = store_begin(store, err);

	if (rc)
		return rc;
	rc = listed_clear(store, s->app.id, LISTED_NETWORK, s->name, err);
	for (size_t i = 0; i < s->len && !rc; i++) {
		const struct listed l = {s->name, "", s->networks[i]};

		rc = listed_add(store, s->app.id, LISTED_NETWORK, &l, err);
		rc = rc == ERR_EXISTS ? 0 : rc;
	}
	return store_end(store, rc, err);
}

static int set_networks(struct setting *s, struct err *err)
{
	int rc = read_networks(s, err);

	if (!rc)
		rc = write_networks(s, err);
	for (size_t i = 0; i < s->len && !rc; i++)
		command_say(
			s->request, "=====> Setting %s to %s\n", s->name, s->networks[i]);
	if (!rc && !s->len)
		command_say(s->request, "=====> Unsetting %s\n", s->name);
	return rc;
}

static int check_tld(const char *value, struct err *err)
{
	char name[DOMAIN_SIZE];

	return domain_check(value, name, err);
}

static int check_binding(const char *value, struct err *err)
{
	if (!strcmp(value, "false"))
		return 0;
	return err_set(err, ERR_USAGE,
		"bardo has no bind-all-interfaces %.40s: containers are reached through "
		"the proxy alone; ports:add opens another port of the host",
		value);
}

static int set_text(struct setting *s, struct err *err)
{
	static const struct property texts[] = {
		{NETWORK_TLD, check_tld}, {"bind-all-interfaces", check_binding}};
	const struct request *r = s->request;
	const char *value = s->values < r->argc ? r->argv[s->values] : "";

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int rc;

		if (strcmp(texts[i].name, s->name) != 0)
			continue;
		if (r->argc > s->values + 1)
			return err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
				r->command->arguments);
		rc = *value ? texts[i].check(value, err) : 0;
		if (!rc)
			rc = property_set(
				r->server.store, s->app.id, FAMILY, s->name, value, err);
		if (!rc)
			command_say(r,
				*value ? "=====> Setting %s to %s\n"
				       : "=====> Unsetting %s%s\n",
				s->name, value);
		return rc;
	}
	return command_no_property(r, s->name, ALL_NAMES, err);
}

static int find_target(struct setting *s, bool global, struct err *err)
{
	struct request *r = s->request;
	int first = global ? 1 : 2;

	if (r->argc <= first)
		return err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	s->name = r->argv[first];
	s->values = first + 1;
	return global ? command_check_global(r, err) : command_app(r, &s->app, err);
}

int run_network_set(struct request *r, struct err *err)
{
	struct setting s = {.request = r, .app = {.id = EVERY_APP}};
	bool global = false, lists = false;
	const struct command_option options[] = {{"--global", NULL, &global, NULL}};
	int rc = command_options(r, options, 1, 1, LISTED_MAX, err);

	if (!rc)
		rc = find_target(&s, global, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < ATTACHMENTS; i++)
		lists = lists || !strcmp(attachments[i], s.name);
	rc = lists ? set_networks(&s, err) : set_text(&s, err);
	if (!rc)
		command_say_later(r, &s.app, false);
	return rc;
}

/* ---- network:report ---- */

struct joining {
	const char *part;
	struct buf *names;
};

static int join(void *ctx, const struct listed *l)
{
	const struct joining *j = ctx;

	if (strcmp(l->part, j->part) != 0)
		return 0;
	return buf_addf(j->names, "%s%s", j->names->len ? " " : "", l->text) < 0
		? ERR_FAILED
		: 0;
}

static void add_row(cJSON *out, const char *kind, const char *name, const char *value)
{
	char key[64];

	(void)snprintf(key, sizeof(key), FAMILY "-%s%s", kind, name);
	(void)cJSON_AddStringToObject(out, key, value);
}

/* In Dokku's three rows, each the networks with blanks between. */
static int add_attachment(struct request *r, const struct app *app, const char *name,
	cJSON *out, struct err *err)
{
	struct buf own, of_all;
	struct joining j = {name, &of_all};
	int rc;

	buf_init(&own, TEXT_MAX);
	buf_init(&of_all, TEXT_MAX);
	rc = listed_each(r->server.store, EVERY_APP, LISTED_NETWORK, join, &j, err);
	j.names = &own;
	if (!rc && app)
		rc = listed_each(r->server.store, app->id, LISTED_NETWORK, join, &j, err);
	if (!rc) {
		add_row(out, "computed-", name, buf_text(own.len ? &own : &of_all));
		add_row(out, "global-", name, buf_text(&of_all));
	}
	if (!rc && app)
		add_row(out, "", name, buf_text(&own));
	buf_finish(&of_all);
	buf_finish(&own);
	return rc;
}

/* "10.213.0.2:5000 …": where the live life's web listens. */
static int add_listeners(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	struct plan plan = {0};
	struct life live;
	struct buf text;
	size_t len = 0;
	int rc = life_find(r->server.store, app, app->live, &live, err);

	buf_init(&text, TEXT_MAX);
	if (!rc)
		rc = life_read_plan(&r->server, &live, &plan, err);
	if (!rc)
		rc = places_read(r->server.store, app, live.number, places, &len, err);
	for (size_t i = 0; i < len && !rc; i++) {
		char address[INET_ADDRSTRLEN];

		if (!strcmp(places[i].process, PLAN_WEB) && plan_port(&plan))
			(void)buf_addf(&text, "%s%s:%d", text.len ? " " : "",
				container_address(
					&r->server, app, &plan, &places[i], address),
				plan_port(&plan));
	}
	if (!rc)
		(void)cJSON_AddStringToObject(
			out, "network-web-listeners", buf_text(&text));
	buf_finish(&text);
	plan_finish(&plan);
	return rc;
}

static int add_places(
	struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	char name[CONTAINER_NAME_SIZE], subnet[INET_ADDRSTRLEN + 4];

	(void)cJSON_AddStringToObject(out, "network-own", network_name(app, name));
	(void)cJSON_AddStringToObject(
		out, "network-own-subnet", network_subnet(r->settings, app, subnet));
	if (app->live)
		return add_listeners(r, app, out, err);
	(void)cJSON_AddStringToObject(out, "network-web-listeners", "");
	return 0;
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ATTACHMENTS && !rc; i++)
		rc = add_attachment(r, app, attachments[i], out, err);
	if (!rc)
		rc = command_report_property(
			r, app, FAMILY, "bind-all-interfaces", "false", out, err);
	if (!rc)
		rc = command_report_property(r, app, FAMILY, NETWORK_TLD, "", out, err);
	return rc || !app ? rc : add_places(r, app, out, err);
}

int run_network_report(struct request *r, struct err *err)
{
	return command_report(r, FAMILY, fill, true, err);
}
