#include "builder/life/compose.h"

#include "builder/life/checks.h"
#include "builder/life/file_network.h"
#include "builder/life/file_ports.h"
#include "builder/life/plan.h"
#include "builder/recipe/recipe.h"
#include "builder/server.h"
#include "config/app/listed.h"
#include "config/app/properties.h"
#include "config/app/resources.h"
#include "config/app/scale.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define VOLUME_NAME_SIZE 320

struct compose {
	struct server *server;
	const struct app *app;
	const cJSON *image_config;
	const struct recipe *recipe;
	cJSON *plan;
};

/* ---- what the image says ---- */

static int lowest_exposed(const cJSON *config)
{
	const cJSON *ports = cJSON_GetObjectItemCaseSensitive(config, "ExposedPorts");
	const cJSON *port;
	int lowest = 0;

	cJSON_ArrayForEach(port, ports)
	{
		char number[8];
		const char *slash = strchr(port->string, '/');
		size_t len =
			slash ? (size_t)(slash - port->string) : strlen(port->string);
		int64_t n;

		if ((slash && strcmp(slash, "/tcp")) || len >= sizeof(number))
			continue;
		memcpy(number, port->string, len);
		number[len] = '\0';
		if (number_parse(number, 1, 65535, &n) == 0 && (!lowest || n < lowest))
			lowest = (int)n;
	}
	return lowest;
}

static bool has_healthcheck_none(const cJSON *config)
{
	const cJSON *check = cJSON_GetObjectItemCaseSensitive(config, "Healthcheck");
	const cJSON *test = cJSON_GetObjectItemCaseSensitive(check, "Test");
	const char *first = cJSON_GetStringValue(cJSON_GetArrayItem(test, 0));

	return first && !strcmp(first, "NONE");
}

/* What ports:* say of the app's names, else PORT, else the configuration's, else the
 * image's. */
static int find_port(
	struct compose *c, const struct variables *set, int *port, struct err *err)
{
	const char *text = variables_get(set, "PORT");
	int of_names[PORTS_NAMES_LEN], of_file = 0;
	int64_t n;
	int rc = ports_names_read(c->server->store, c->app, of_names, err);

	if (!rc)
		rc = file_ports_compose(c->plan, c->server, c->app,
			c->recipe->configuration, &of_file, err);
	*port = of_names[PORTS_HTTP] ? of_names[PORTS_HTTP] : of_names[PORTS_HTTPS];
	if (!*port && text && number_parse(text, 1, 65535, &n) == 0)
		*port = (int)n;
	if (!*port)
		*port = of_file ? of_file : lowest_exposed(c->image_config);
	if (!*port && !has_healthcheck_none(c->image_config))
		*port = PLAN_PORT_DEFAULT;
	return rc;
}

/* ---- mounts ---- */

static const cJSON *find_mount(
	const struct compose *c, const char *name, const char *text)
{
	const cJSON *mount;

	cJSON_ArrayForEach(mount, cJSON_GetObjectItemCaseSensitive(c->plan, "mounts"))
	{
		if (!strcmp(plan_text(mount, name), text))
			return mount;
	}
	return NULL;
}

struct mount {
	const char *source, *target, *options, *process, *phase;
};

static int add_mount(struct compose *c, const struct mount *m, struct err *err)
{
	cJSON *list = cJSON_GetObjectItemCaseSensitive(c->plan, "mounts");
	cJSON *mount;

	if (cJSON_GetArraySize(list) >= PLAN_MOUNTS_MAX)
		return err_set(err, ERR_FAILED, "more than %d volumes", PLAN_MOUNTS_MAX);
	mount = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(mount, "source", m->source);
	(void)cJSON_AddStringToObject(mount, "target", m->target);
	(void)cJSON_AddStringToObject(mount, "options", m->options);
	(void)cJSON_AddStringToObject(mount, "process", m->process);
	(void)cJSON_AddStringToObject(mount, "phase", m->phase);
	return cJSON_AddItemToArray(list, mount)
		? 0
		: err_set(err, ERR_FAILED, "out of memory");
}

/* Takes "SOURCE:TARGET[:OPTIONS]" apart, in place. */
static int split_mount(char *text, struct mount *out, struct err *err)
{
	char *target = strchr(text, ':'), *options;

	if (!target || target[1] != '/')
		return err_set(err, ERR_FAILED,
			"the mount %.200s is not SOURCE:/PATH[:OPTIONS]", text);
	*target++ = '\0';
	options = strchr(target, ':');
	if (options)
		*options++ = '\0';
	out->source = text;
	out->target = target;
	out->options = options ? options : "";
	return 0;
}

struct adding {
	struct compose *compose;
	struct err *err;
};

static int add_listed_mount(void *ctx, const struct listed *l)
{
	const struct adding *a = ctx;
	char text[LISTED_TEXT_MAX + 1];
	struct mount m = {.process = l->process, .phase = l->part};
	int rc;

	(void)snprintf(text, sizeof(text), "%s", l->text);
	rc = split_mount(text, &m, a->err);
	return rc ? rc : add_mount(a->compose, &m, a->err);
}

/* "data:/var/lib/data" in bardo.json is the volume APP_data: a file in a repository can
 * name no path of the host, and no other app's volume. */
static int add_configured_mounts(struct compose *c, struct err *err)
{
	const cJSON *volume;
	int rc = 0;

	cJSON_ArrayForEach(volume,
		cJSON_GetObjectItemCaseSensitive(c->recipe->configuration, "volumes"))
	{
		char text[LISTED_TEXT_MAX + 1], name[VOLUME_NAME_SIZE];
		struct mount m = {.process = "", .phase = ""};

		(void)snprintf(text, sizeof(text), "%s", cJSON_GetStringValue(volume));
		rc = split_mount(text, &m, err);
		if (rc)
			return rc;
		(void)snprintf(name, sizeof(name), "%s_%s", c->app->handle, m.source);
		m.source = name;
		if (!find_mount(c, "target", m.target))
			rc = add_mount(c, &m, err);
		if (rc)
			return rc;
	}
	return rc;
}

/* "/var/lib/data" of shop is the volume "shop_var_lib_data". */
static int name_volume(const struct app *app, const char *path,
	char out[VOLUME_NAME_SIZE], struct err *err)
{
	size_t n = (size_t)snprintf(
		out, VOLUME_NAME_SIZE, "%s_%s", app->handle, path + strspn(path, "/"));

	if (n >= VOLUME_NAME_SIZE)
		return err_set(
			err, ERR_FAILED, "the path of VOLUME %.60s… is too long", path);
	while (n > 0 && out[n - 1] == '/')
		out[--n] = '\0';
	for (char *c = out; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.' && *c != '_')
			*c = '_';
	}
	return 0;
}

/* A VOLUME that something is mounted on already isn't a volume of its own. */
static int add_image_volumes(struct compose *c, struct err *err)
{
	const cJSON *volume;

	cJSON_ArrayForEach(
		volume, cJSON_GetObjectItemCaseSensitive(c->image_config, "Volumes"))
	{
		char name[VOLUME_NAME_SIZE];
		const struct mount m = {name, volume->string, "", "", ""};
		const cJSON *same;
		int rc;

		if (find_mount(c, "target", volume->string))
			continue;
		rc = name_volume(c->app, volume->string, name, err);
		if (rc)
			return rc;
		same = find_mount(c, "source", name);
		if (same)
			return err_set(err, ERR_FAILED,
				"VOLUME %s and %s would be one volume, %s: rename one",
				plan_text(same, "target"), volume->string, name);
		rc = add_mount(c, &m, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int compose_mounts(struct compose *c, struct err *err)
{
	struct adding a = {c, err};
	int rc;

	(void)cJSON_AddArrayToObject(c->plan, "mounts");
	rc = listed_each(
		c->server->store, c->app->id, LISTED_MOUNT, add_listed_mount, &a, err);
	if (!rc)
		rc = add_configured_mounts(c, err);
	return rc ? rc : add_image_volumes(c, err);
}

/* ---- the environment ---- */

static int read_variables(struct compose *c, struct variables *set, struct err *err)
{
	const cJSON *given;
	int rc = variables_read_merged(c->server->store, c->app->id, set, err);

	cJSON_ArrayForEach(
		given, cJSON_GetObjectItemCaseSensitive(c->recipe->configuration, "env"))
	{
		if (!rc && !variables_get(set, given->string))
			rc = variables_put(
				set, given->string, cJSON_GetStringValue(given), err);
	}
	return rc;
}

static int compose_env(struct compose *c, struct err *err)
{
	cJSON *env = cJSON_AddObjectToObject(c->plan, "env");
	struct variables set = {0};
	char text[16];
	int port = 0, rc = read_variables(c, &set, err);

	if (!rc)
		rc = find_port(c, &set, &port, err);
	(void)cJSON_AddNumberToObject(c->plan, "port", port);
	(void)snprintf(text, sizeof(text), "%d", port);
	if (!rc && port)
		rc = variables_put(&set, "PORT", text, err);
	for (size_t i = 0; i < set.len && !rc; i++)
		(void)cJSON_AddStringToObject(env, set.items[i].name, set.items[i].value);
	variables_finish(&set);
	return rc;
}

/* ---- processes ---- */

/* ps:scale, else the formation of app.json, else one web and none of the others. */
static int find_count(
	const struct compose *c, const char *process, int *out, struct err *err)
{
	const cJSON *formation =
		cJSON_GetObjectItemCaseSensitive(c->recipe->app, "formation");
	const cJSON *quantity = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(formation, process), "quantity");
	int rc = scale_get(c->server->store, c->app->id, process, out, err);

	if (!rc && *out < 0)
		*out = cJSON_IsNumber(quantity)	     ? quantity->valueint
			: !strcmp(process, PLAN_WEB) ? 1
						     : 0;
	return rc;
}

static int add_process(
	struct compose *c, const char *name, const char *command, struct err *err)
{
	cJSON *process = cJSON_CreateObject();
	const cJSON *arguments =
		cJSON_GetObjectItemCaseSensitive(c->recipe->configuration, "arguments");
	int count = 0, rc = find_count(c, name, &count, err);

	(void)cJSON_AddStringToObject(process, "name", name);
	if (command)
		(void)cJSON_AddStringToObject(process, "command", command);
	if (arguments && !strcmp(name, PLAN_WEB))
		(void)cJSON_AddItemToObject(
			process, "arguments", cJSON_Duplicate(arguments, true));
	(void)cJSON_AddNumberToObject(process, "count", count);
	(void)cJSON_AddItemToArray(
		cJSON_GetObjectItemCaseSensitive(c->plan, "processes"), process);
	return rc;
}

/* ps:set start-cmd takes the place of what the Procfile says of web; "" it is not set. */
static int find_start(
	const struct compose *c, char out[PROPERTY_VALUE_SIZE], struct err *err)
{
	static const char *const names[] = {PLAN_START_DOCKERFILE, PLAN_START_COMMAND};
	int rc = 0;

	*out = '\0';
	for (size_t i = 0; i < 2 && !rc && !*out; i++)
		rc = property_get_own(
			c->server->store, c->app->id, "ps", names[i], out, err);
	return rc;
}

static int add_web(struct compose *c, const char *command, struct err *err)
{
	char start[PROPERTY_VALUE_SIZE];
	int rc = find_start(c, start, err);

	return rc ? rc : add_process(c, PLAN_WEB, *start ? start : command, err);
}

static void add_script(cJSON *scripts, const char *name, const char *command)
{
	if (command && *command)
		(void)cJSON_AddStringToObject(scripts, name, command);
}

static int compose_processes(struct compose *c, struct err *err)
{
	cJSON *scripts = cJSON_AddObjectToObject(c->plan, "scripts");
	const cJSON *app = cJSON_GetObjectItemCaseSensitive(c->recipe->app, "scripts");
	const cJSON *dokku = cJSON_GetObjectItemCaseSensitive(app, "dokku");
	const cJSON *bardo = cJSON_GetObjectItemCaseSensitive(app, "bardo");
	const cJSON *line;
	int rc = 0;

	(void)cJSON_AddArrayToObject(c->plan, "processes");
	add_script(scripts, PLAN_PREDEPLOY, plan_text(dokku, "predeploy"));
	add_script(scripts, PLAN_POSTDEPLOY, plan_text(dokku, "postdeploy"));
	add_script(scripts, PLAN_SCRIPT_FIRST, plan_text(app, "postdeploy"));
	add_script(scripts, PLAN_VERIFY, plan_text(bardo, "verify"));
	cJSON_ArrayForEach(line, c->recipe->processes)
	{
		const char *name = plan_text(line, "name");

		if (rc)
			break;
		if (!strcmp(name, PLAN_RELEASE))
			add_script(scripts, PLAN_RELEASE, plan_text(line, "command"));
		else if (!strcmp(name, PLAN_WEB))
			rc = add_web(c, plan_text(line, "command"), err);
		else
			rc = add_process(c, name, plan_text(line, "command"), err);
	}
	/* A Procfile may hold no more than a release. */
	if (!rc && !cJSON_GetArraySize(plan_part(&(struct plan){c->plan}, "processes")))
		rc = add_web(c, NULL, err);
	return rc;
}

/* ---- lists and properties ---- */

static int add_option(void *ctx, const struct listed *l)
{
	const struct adding *a = ctx;
	cJSON *option;

	if (!strcmp(l->part, "build"))
		return 0;
	option = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(option, "phase", l->part);
	(void)cJSON_AddStringToObject(option, "process", l->process);
	(void)cJSON_AddStringToObject(option, "text", l->text);
	(void)cJSON_AddItemToArray(
		cJSON_GetObjectItemCaseSensitive(a->compose->plan, "options"), option);
	return 0;
}

static int add_resource(void *ctx, const struct resource *r)
{
	const struct adding *a = ctx;
	cJSON *resource;

	if (!strcmp(r->process, RESOURCE_BUILD))
		return 0;
	resource = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(resource, "process", r->process);
	(void)cJSON_AddStringToObject(resource, "kind", r->kind);
	(void)cJSON_AddStringToObject(resource, "name", r->name);
	(void)cJSON_AddStringToObject(resource, "value", r->value);
	(void)cJSON_AddItemToArray(
		cJSON_GetObjectItemCaseSensitive(a->compose->plan, "resources"),
		resource);
	return 0;
}

static bool has_network(const cJSON *networks, const char *name)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, networks)
	{
		if (!strcmp(cJSON_GetStringValue(one), name))
			return true;
	}
	return false;
}

static int add_network(void *ctx, const struct listed *l)
{
	const struct adding *a = ctx;
	cJSON *networks = cJSON_GetObjectItemCaseSensitive(a->compose->plan,
		strcmp(l->part, NETWORK_LATE) ? "networks" : "networks_late");

	if (!has_network(networks, l->text))
		(void)cJSON_AddItemToArray(networks, cJSON_CreateString(l->text));
	return 0;
}

static int compose_networks(struct compose *c, struct err *err)
{
	struct adding a = {c, err};
	const cJSON *name;
	cJSON *networks = cJSON_AddArrayToObject(c->plan, "networks");
	int rc;

	(void)cJSON_AddArrayToObject(c->plan, "networks_late");
	rc = listed_each_merged(
		c->server->store, c->app->id, LISTED_NETWORK, add_network, &a, err);
	cJSON_ArrayForEach(name,
		cJSON_GetObjectItemCaseSensitive(c->recipe->configuration, "networks"))
	{
		if (rc || has_network(networks, cJSON_GetStringValue(name)))
			continue;
		rc = file_network_check(
			c->server->store, c->app, cJSON_GetStringValue(name), err);
		if (!rc)
			(void)cJSON_AddItemToArray(networks, cJSON_Duplicate(name, true));
	}
	return rc;
}

static int compose_lists(struct compose *c, struct err *err)
{
	struct adding a = {c, err};
	struct store *s = c->server->store;
	int rc = compose_networks(c, err);

	(void)cJSON_AddArrayToObject(c->plan, "options");
	(void)cJSON_AddArrayToObject(c->plan, "resources");
	if (!rc)
		rc = listed_each(s, c->app->id, LISTED_OPTION, add_option, &a, err);
	if (!rc)
		rc = resources_each(s, EVERY_APP, add_resource, &a, err);
	if (!rc)
		rc = resources_each(s, c->app->id, add_resource, &a, err);
	return rc;
}

static int compose_properties(struct compose *c, struct err *err)
{
	char value[PROPERTY_VALUE_SIZE];
	struct store *s = c->server->store;
	int64_t seconds;
	int rc = property_get(s, c->app->id, "ps", "restart-policy", value, err);

	if (!rc && *value)
		(void)cJSON_AddStringToObject(c->plan, "restart", value);
	if (!rc)
		rc = property_get(
			s, c->app->id, "ps", "stop-timeout-seconds", value, err);
	if (!rc && number_parse(value, 0, 86400, &seconds) == 0)
		(void)cJSON_AddNumberToObject(c->plan, "stop_timeout", (double)seconds);
	if (!rc)
		rc = property_get(s, c->app->id, "logs", "max-size", value, err);
	if (!rc && *value)
		(void)cJSON_AddStringToObject(c->plan, "log_size", value);
	if (!rc)
		rc = property_get(s, c->app->id, "network", NETWORK_TLD, value, err);
	if (!rc && *value)
		(void)cJSON_AddStringToObject(c->plan, "tld", value);
	return rc;
}

int plan_compose(struct plan *out, struct server *s, const struct app *app,
	const cJSON *image, const struct recipe *recipe, struct err *err)
{
	struct compose c = {
		.server = s,
		.app = app,
		.image_config = cJSON_GetObjectItemCaseSensitive(image, "Config"),
		.recipe = recipe,
		.plan = cJSON_CreateObject(),
	};
	int rc = compose_env(&c, err);

	if (!rc)
		rc = compose_processes(&c, err);
	if (!rc)
		rc = checks_compose(c.plan, s, app, recipe->app, err);
	if (!rc)
		rc = compose_mounts(&c, err);
	if (!rc)
		rc = compose_lists(&c, err);
	if (!rc)
		rc = compose_properties(&c, err);
	if (rc)
		cJSON_Delete(c.plan);
	else
		out->root = c.plan;
	return rc;
}

int plan_check_recipe(struct server *s, const struct app *app,
	const struct recipe *recipe, struct err *err)
{
	struct compose c = {
		.server = s,
		.app = app,
		.recipe = recipe,
		.plan = cJSON_CreateObject(),
	};
	int web;
	int rc = file_ports_compose(c.plan, s, app, recipe->configuration, &web, err);

	if (!rc)
		rc = compose_networks(&c, err);
	cJSON_Delete(c.plan);
	return rc;
}
