#include "receiver/commands/families.h"
#include "receiver/commands/passages.h"
#include "receiver/dispatch/command.h"

#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/life/route.h"
#include "config/app/domains.h"
#include "config/app/ports.h"
#include "config/app/publish.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/paths.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ports: which of the host's ports lead to which of web's. The proxy follows a change at
 * once; without it a new life does. */

#define REPORT_MAX ((PORTS_MAX + PORTS_NAMES_LEN) * 32)

/* An app, and its ports as they are to be. */
struct change {
	struct request *request;
	struct app app;
	struct port_mapping ports[PORTS_MAX];
	size_t len;
	int names[PORTS_NAMES_LEN]; /* where names lead; 0 nothing is set */
	int lock;
};

/* A word: a mapping, perhaps of where names are served. */
struct word {
	struct port_mapping mapping;
	enum ports_names names;
};

/* ---- the words ---- */

static int bad_mapping(const char *text, struct err *err)
{
	return err_set(err, ERR_USAGE,
		"%.60s is no mapping: it is http:HOST-PORT:CONTAINER-PORT, as "
		"http:8105:5000",
		*text ? text : "an empty text");
}

static int check_scheme(
	const char *text, size_t len, enum ports_names names, struct err *err)
{
	bool https = len == 5 && !strncmp(text, "https", 5);

	if (!https && (len != 4 || strncmp(text, "http", 4) != 0))
		return err_set(err, ERR_USAGE,
			"%.60s: there is no scheme but http and https", text);
	if (https == (names == PORTS_HTTPS))
		return 0;
	if (!https)
		return err_set(err, ERR_USAGE,
			"%.60s: TLS is served there: https:443:CONTAINER-PORT", text);
	return err_set(err, ERR_USAGE,
		"%.60s: a port speaks http; TLS is for the app's names, at proxy.https "
		"(https:443:CONTAINER-PORT): domains:add and certs:add",
		text);
}

static int read_port(const char *text, size_t len, int *out)
{
	char number[8];
	int64_t n;

	(void)snprintf(number, sizeof(number), "%.*s", (int)len, text);
	if (len >= sizeof(number) || number_parse(number, 1, 65535, &n) < 0)
		return -1;
	*out = (int)n;
	return 0;
}

/* "http:8105:5000"; with `loose` also "http:8105" and "8105", container 0 then. */
static int read_mapping(struct request *r, const char *text, bool loose, struct word *out,
	struct err *err)
{
	const char *colon = strchr(text, ':');
	const char *host = colon ? colon + 1 : text;
	const char *container = colon ? strchr(host, ':') : NULL;
	struct port_mapping *m = &out->mapping;

	*out = (struct word){{0}, PORTS_NOT_NAMES};
	if (!loose && !container)
		return bad_mapping(text, err);
	if (read_port(host, strcspn(host, ":"), &m->host) < 0 ||
		(container &&
			read_port(container + 1, strlen(container + 1), &m->container) <
				0))
		return bad_mapping(text, err);
	out->names = ports_of_names(r->settings, m->host);
	return colon ? check_scheme(text, (size_t)(colon - text), out->names, err) : 0;
}

/* ---- changing ---- */

static int open_change(struct request *r, struct change *c, int min, struct err *err)
{
	int rc = command_options(r, NULL, 0, min, PORTS_MAX + 1, err);

	c->request = r;
	c->lock = -1;
	if (!rc)
		rc = command_app(r, &c->app, err);
	if (!rc)
		rc = passage_lock(r, &c->app, &c->lock, err);
	if (!rc)
		rc = ports_names_read(r->server.store, &c->app, c->names, err);
	return rc ? rc : ports_read(r->server.store, &c->app, c->ports, &c->len, err);
}

/* Ports that the Engine publishes are a container's for its life: they come with the
 * next.
 */
static int follow(struct change *c, const struct life *live, struct err *err)
{
	struct server *s = &c->request->server;
	bool is = false;
	int lock = c->lock, rc = 0;

	if (live)
		rc = publish_is_set(s->store, s->settings, c->app.id, &is, err);
	if (rc || !is || c->app.stopped)
		return rc ? rc : route_ports_of(s, &c->app, live, err);
	c->lock = -1;
	return passage_renew(c->request, &c->app, lock, "config", err);
}

static int write_change(const struct change *c, struct err *err)
{
	struct store *store = c->request->server.store;
	int rc = ports_replace(store, c->request->settings, &c->app, c->ports, c->len,
		PORTS_BY_COMMAND, err);

	return rc ? rc : ports_names_write(store, &c->app, c->names, err);
}

static int apply(struct change *c, struct err *err)
{
	struct server *s = &c->request->server;
	struct life live;
	int rc = write_change(c, err);

	if (!rc && c->app.live) {
		rc = life_find(s->store, &c->app, c->app.live, &live, err);
		if (!rc)
			rc = route_ensure_proxy(s, err);
	}
	return rc ? rc : follow(c, c->app.live ? &live : NULL, err);
}

static int print_mappings(
	struct request *r, const struct app *app, bool json, struct err *err);

static void take_back(struct change *c, const struct change *was)
{
	struct change before = *was;

	/* A life that failed has changed nothing but what is set. */
	if (c->lock < 0)
		(void)write_change(&before, NULL);
	else
		(void)apply(&before, NULL);
}

/* What cannot be put in force isn't kept either; rc is how it went so far. */
static int finish(struct change *c, const struct change *was, int rc, struct err *err)
{
	if (!rc) {
		rc = apply(c, err);
		if (rc && rc != ERR_USAGE && rc != ERR_EXISTS)
			take_back(c, was);
	}
	if (!rc)
		rc = print_mappings(c->request, &c->app, false, err);
	if (!rc && memcmp(c->names, was->names, sizeof(c->names)) != 0)
		command_say_later(c->request, &c->app, false);
	if (c->lock >= 0)
		(void)close(c->lock);
	return rc;
}

static int put(struct change *c, const struct word *word, struct err *err)
{
	const struct port_mapping *one = &word->mapping;

	if (word->names != PORTS_NOT_NAMES) {
		c->names[word->names] = one->container;
		return 0;
	}
	for (size_t i = 0; i < c->len; i++) {
		if (c->ports[i].host == one->host) {
			c->ports[i] = *one;
			return 0;
		}
	}
	if (c->len == PORTS_MAX)
		return err_set(err, ERR_USAGE, "an app has %d ports at most", PORTS_MAX);
	c->ports[c->len++] = *one;
	return 0;
}

/* web listens on one port. */
static int check_names(const struct change *c, struct err *err)
{
	int http = c->names[PORTS_HTTP], https = c->names[PORTS_HTTPS];

	if (!http || !https || http == https)
		return 0;
	return err_set(err, ERR_USAGE,
		"the app's names lead to one port, not to %d by http and %d by https: "
		"ports:set %s http:80:PORT https:443:PORT",
		http, https, c->app.name);
}

/* Which of two is meant nobody could say. */
static int check_once(
	struct request *r, int at, const struct word *words, struct err *err)
{
	const struct port_mapping *one = &words[at].mapping;

	for (int i = 2; i < at; i++) {
		const struct port_mapping *other = &words[i].mapping;

		if (other->host == one->host && other->container != one->container)
			return err_set(err, ERR_USAGE,
				"%s and %s: a host's port leads to one container "
				"port: leave one of them out",
				r->argv[i], r->argv[at]);
	}
	return 0;
}

static int put_words(struct request *r, struct change *c, struct err *err)
{
	struct word words[PORTS_MAX + 2];
	int rc = 0;

	for (int i = 2; i < r->argc && !rc; i++) {
		rc = read_mapping(r, r->argv[i], false, &words[i], err);
		if (!rc)
			rc = check_once(r, i, words, err);
		if (!rc)
			rc = put(c, &words[i], err);
	}
	return rc ? rc : check_names(c, err);
}

int run_ports_add(struct request *r, struct err *err)
{
	struct change c = {.lock = -1}, was;
	int rc = open_change(r, &c, 2, err);

	was = c;
	if (!rc)
		rc = put_words(r, &c, err);
	return finish(&c, &was, rc, err);
}

int run_ports_set(struct request *r, struct err *err)
{
	struct change c = {.lock = -1}, was;
	int rc = open_change(r, &c, 2, err);

	was = c;
	c.len = 0;
	memset(c.names, 0, sizeof(c.names));
	if (!rc)
		rc = put_words(r, &c, err);
	return finish(&c, &was, rc, err);
}

int run_ports_clear(struct request *r, struct err *err)
{
	struct change c = {.lock = -1}, was;
	int rc = open_change(r, &c, 1, err);

	was = c;
	c.len = 0;
	memset(c.names, 0, sizeof(c.names));
	if (!rc && r->argc > 2)
		rc = err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	return finish(&c, &was, rc, err);
}

static int take_out(struct change *c, const struct word *word, int web, const char *text,
	struct err *err)
{
	const struct port_mapping *one = &word->mapping;
	int *names = word->names == PORTS_NOT_NAMES ? NULL : &c->names[word->names];

	if (names && *names && (!one->container || one->container == *names)) {
		*names = 0;
		return 0;
	}
	for (size_t i = 0; i < c->len; i++) {
		int container = c->ports[i].container ? c->ports[i].container : web;

		if (c->ports[i].host != one->host ||
			(one->container && one->container != container))
			continue;
		memmove(&c->ports[i], &c->ports[i + 1],
			(c->len - i - 1) * sizeof(c->ports[0]));
		c->len--;
		return 0;
	}
	return err_set(err, ERR_NOTFOUND,
		"%.60s is not mapped: ports:list %s shows what is", text, c->app.name);
}

/* Where web listens by now; 0: nothing is live, or it serves nothing. */
static int web_port(struct request *r, const struct app *app)
{
	struct plan plan = {0};
	struct life live;
	int port = 0;

	if (app->live && life_find(r->server.store, app, app->live, &live, NULL) == 0 &&
		life_read_plan(&r->server, &live, &plan, NULL) == 0)
		port = plan_port(&plan);
	plan_finish(&plan);
	return port;
}

int run_ports_remove(struct request *r, struct err *err)
{
	struct change c = {.lock = -1}, was;
	int rc = open_change(r, &c, 2, err);
	int web = rc ? 0 : web_port(r, &c.app);

	was = c;
	for (int i = 2; i < r->argc && !rc; i++) {
		struct word word;

		rc = read_mapping(r, r->argv[i], true, &word, err);
		if (!rc)
			rc = take_out(&c, &word, web, r->argv[i], err);
	}
	return finish(&c, &was, rc, err);
}

/* ---- showing ---- */

/* A row of ports:list. */
struct row {
	const char *scheme;
	int host, container; /* container 0: where web listens, which nobody knows yet */
};

#define ROWS_MAX (PORTS_MAX + PORTS_NAMES_LEN)

/* What is in force, then what is set for the app's names. */
static int read_rows(struct request *r, const struct app *app, struct row rows[ROWS_MAX],
	size_t *len, struct err *err)
{
	static const struct row names[PORTS_NAMES_LEN] = {
		{"http", 80, 0}, {"https", 443, 0}};
	struct port_mapping ports[PORTS_MAX];
	int set[PORTS_NAMES_LEN], web = web_port(r, app);
	size_t count;
	int rc = ports_read(r->server.store, app, ports, &count, err);

	*len = 0;
	for (size_t i = 0; i < count && !rc; i++)
		rows[(*len)++] = (struct row){"http", ports[i].host,
			ports[i].container ? ports[i].container : web};
	if (!rc)
		rc = ports_names_read(r->server.store, app, set, err);
	for (int i = 0; i < PORTS_NAMES_LEN && !rc; i++) {
		if (!set[i])
			continue;
		rows[*len] = names[i];
		rows[(*len)++].container = set[i];
	}
	return rc;
}

static void print_json(const struct row *rows, size_t len)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < len; i++) {
		cJSON *one = cJSON_CreateObject();

		(void)cJSON_AddStringToObject(one, "scheme", rows[i].scheme);
		(void)cJSON_AddNumberToObject(one, "host_port", rows[i].host);
		(void)cJSON_AddNumberToObject(one, "container_port", rows[i].container);
		(void)cJSON_AddItemToArray(list, one);
	}
	command_print_json(list);
	cJSON_Delete(list);
}

static int print_mappings(
	struct request *r, const struct app *app, bool json, struct err *err)
{
	struct row rows[ROWS_MAX];
	size_t len;
	int rc = read_rows(r, app, rows, &len, err);

	if (rc)
		return rc;
	if (json) {
		print_json(rows, len);
		return 0;
	}
	command_say(r,
		"-----> Port mappings for %s\n"
		"-----> scheme             host port                 "
		"container port\n",
		app->name);
	for (size_t i = 0; i < len; i++) {
		char container[16] = "web's";

		if (rows[i].container)
			(void)snprintf(
				container, sizeof(container), "%d", rows[i].container);
		(void)printf("%-25s %-25d %s\n", rows[i].scheme, rows[i].host, container);
	}
	return 0;
}

int run_ports_list(struct request *r, struct err *err)
{
	struct app app;
	bool json = false;
	int rc = command_only_format(r, 1, 1, &json, err);

	if (!rc)
		rc = command_app(r, &app, err);
	return rc ? rc : print_mappings(r, &app, json, err);
}

static int add_name(void *ctx, const char *name)
{
	(void)name;
	*(bool *)ctx = true;
	return 1;
}

/* What leads to the app without ports:*: its own port, and its names. */
static void add_detected(struct request *r, const struct app *app, cJSON *out)
{
	char text[128], path[PATH_TEXT_MAX];
	int web = web_port(r, app), n;
	bool named = false;

	n = snprintf(text, sizeof(text), "http:%d:%d", app->port, web);
	(void)domains_each_effective(r->server.store, app, add_name, &named, NULL);
	if (named)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " http:80:%d", web);
	if (named && access(path_certificate(r->settings, app->handle, path), F_OK) == 0)
		(void)snprintf(text + n, sizeof(text) - (size_t)n, " https:443:%d", web);
	(void)cJSON_AddStringToObject(out, "ports-map-detected", text);
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	struct row rows[ROWS_MAX];
	char text[REPORT_MAX] = "";
	int n = 0;
	size_t len;
	int rc = read_rows(r, app, rows, &len, err);

	for (size_t i = 0; i < len && !rc && n < REPORT_MAX; i++)
		n += snprintf(text + n, (size_t)(REPORT_MAX - n), "%s%s:%d:%d",
			i ? " " : "", rows[i].scheme, rows[i].host, rows[i].container);
	(void)cJSON_AddStringToObject(out, "ports-map", text);
	add_detected(r, app, out);
	return rc;
}

int run_ports_report(struct request *r, struct err *err)
{
	return command_report(r, "ports", fill, false, err);
}
