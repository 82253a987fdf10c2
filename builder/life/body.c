#include "builder/life/body.h"

#include "builder/life/network.h"
#include "builder/life/plan.h"
#include "builder/life/resource_lines.h"
#include "builder/options/docker_options.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/base/words.h"
#include "config/record/lives.h"
#include "config/record/networks.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* What makes a line of a Procfile a matter for a shell. */
#define SHELL_CHARACTERS "$`|&;<>()*?[]~#{}!\n"

char *network_name(const struct app *app, char *out)
{
	(void)snprintf(out, CONTAINER_NAME_SIZE, "bardo.%s", app->handle);
	return out;
}

/* No handle begins like this. */
char *network_inside_name(const struct app *app, char *out)
{
	(void)snprintf(out, CONTAINER_NAME_SIZE, "bardo._inside.%s", app->handle);
	return out;
}

struct app network_inside(const struct app *app)
{
	struct app inside = *app;

	inside.subnet = app->inside;
	return inside;
}

void body_add_labels(cJSON *body, const struct server *s, const struct app *app)
{
	cJSON *labels = cJSON_AddObjectToObject(body, "Labels");

	(void)cJSON_AddStringToObject(labels, "bardo.server", s->id);
	/* The name is for people and may change; the handle is for us and never does. */
	(void)cJSON_AddStringToObject(labels, "bardo.app", app->name);
	(void)cJSON_AddStringToObject(labels, "bardo.handle", app->handle);
}

static void add_life_labels(
	cJSON *body, const struct life *life, const struct place *place)
{
	cJSON *labels = cJSON_GetObjectItemCaseSensitive(body, "Labels");
	char number[16];

	(void)snprintf(number, sizeof(number), "%d", life->number);
	(void)cJSON_AddStringToObject(labels, "bardo.life", number);
	(void)cJSON_AddStringToObject(labels, "bardo.process", place->process);
	(void)cJSON_AddStringToObject(
		labels, "org.opencontainers.image.revision", life->commit);
}

static void add_env(cJSON *body, const struct plan *plan)
{
	cJSON *env = cJSON_AddArrayToObject(body, "Env");
	const cJSON *one;

	cJSON_ArrayForEach(one, plan_part(plan, "env"))
	{
		const char *value = cJSON_GetStringValue(one);
		size_t size = strlen(one->string) + strlen(value) + 2;
		char *text = cJSON_malloc(size);

		if (!text)
			return;
		(void)snprintf(text, size, "%s=%s", one->string, value);
		(void)cJSON_AddItemToArray(env, cJSON_CreateString(text));
		cJSON_free(text);
	}
}

/* ---- what runs ---- */

static cJSON *shell_command(const char *line)
{
	cJSON *command = cJSON_CreateArray();

	(void)cJSON_AddItemToArray(command, cJSON_CreateString("/bin/sh"));
	(void)cJSON_AddItemToArray(command, cJSON_CreateString("-c"));
	(void)cJSON_AddItemToArray(command, cJSON_CreateString(line));
	return command;
}

/* Words that only a shell knows. */
static bool is_shell_word(const char *word)
{
	static const char *const words[] = {"exec", "cd", "exit", "export", "set",
		"unset", ".", "source", "if", "for", "while", "until", "case", "eval",
		"trap", "ulimit", "umask", "wait"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!strcmp(word, words[i]))
			return true;
	}
	return false;
}

cJSON *container_command(const char *line)
{
	struct words words;
	cJSON *command;

	if (strpbrk(line, SHELL_CHARACTERS) || words_split(&words, line, NULL) < 0)
		return shell_command(line);
	if (words.argc == 0 || strchr(words.argv[0], '=') ||
		is_shell_word(words.argv[0])) {
		words_finish(&words);
		return shell_command(line);
	}
	command = cJSON_CreateArray();
	for (size_t i = 0; i < words.argc; i++)
		(void)cJSON_AddItemToArray(command, cJSON_CreateString(words.argv[i]));
	words_finish(&words);
	return command;
}

cJSON *container_process_command(const struct plan_process *p)
{
	cJSON *command = p->command ? container_command(p->command) : NULL;
	const cJSON *argument;

	if (p->arguments && !command)
		command = cJSON_CreateArray();
	cJSON_ArrayForEach(argument, p->arguments)(void)
		cJSON_AddItemToArray(command, cJSON_Duplicate(argument, true));
	return command;
}

static void add_command(cJSON *body, const struct plan *plan, const char *process)
{
	struct plan_process p;
	cJSON *command = plan_find_process(plan, process, &p)
		? container_process_command(&p)
		: NULL;

	if (command)
		(void)cJSON_AddItemToObject(body, "Cmd", command);
}

/* The image's HEALTHCHECK is about what web serves. */
static void leave_health_to_web(cJSON *body, const char *process)
{
	cJSON *health, *test;

	if (!strcmp(process, PLAN_WEB))
		return;
	health = cJSON_AddObjectToObject(body, "Healthcheck");
	test = cJSON_AddArrayToObject(health, "Test");
	(void)cJSON_AddItemToArray(test, cJSON_CreateString("NONE"));
}

/* ---- the host's side ---- */

static bool is_option(const char *options, const char *name)
{
	size_t len = strlen(name);

	while (*options) {
		size_t n = strcspn(options, ",");

		if (n == len && !strncmp(options, name, n))
			return true;
		options += n + (options[n] == ',');
	}
	return false;
}

/* "volume-subpath=uploads" among the options: the part of the volume that is mounted. */
static void add_subpath(cJSON *volume, const char *options)
{
	static const char name[] = PLAN_MOUNT_SUBPATH;
	char subpath[PLAN_MOUNT_OPTIONS_SIZE];

	while (*options) {
		size_t n = strcspn(options, ",");

		if (!strncmp(options, name, sizeof(name) - 1)) {
			(void)snprintf(subpath, sizeof(subpath), "%.*s",
				(int)(n - (sizeof(name) - 1)),
				options + sizeof(name) - 1);
			(void)cJSON_AddStringToObject(volume, "Subpath", subpath);
		}
		options += n + (options[n] == ',');
	}
}

static cJSON *make_mount(
	const cJSON *entry, const struct server *s, const struct app *app)
{
	const char *source = plan_text(entry, "source");
	const char *options = plan_text(entry, "options");
	bool is_path = source[0] == '/';
	cJSON *m = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(m, "Type", is_path ? "bind" : "volume");
	(void)cJSON_AddStringToObject(m, "Source", source);
	(void)cJSON_AddStringToObject(m, "Target", plan_text(entry, "target"));
	if (is_option(options, "ro"))
		(void)cJSON_AddBoolToObject(m, "ReadOnly", true);
	if (!is_path) {
		cJSON *volume = cJSON_AddObjectToObject(m, "VolumeOptions");

		if (is_option(options, "nocopy"))
			(void)cJSON_AddBoolToObject(volume, "NoCopy", true);
		add_subpath(volume, options);
		body_add_labels(volume, s, app);
	}
	return m;
}

/* "" is every phase; "deploy" the life's own processes, "run" one-off commands. */
static bool is_in_phase(const cJSON *entry, const char *process)
{
	const char *phase = plan_text(entry, "phase");

	return !*phase || !strcmp(phase, strcmp(process, PLAN_RUN) ? "deploy" : "run");
}

static void add_mounts(cJSON *host, const struct server *s, const struct app *app,
	const struct plan *plan, const char *process)
{
	cJSON *mounts = cJSON_AddArrayToObject(host, "Mounts");
	const cJSON *entry;

	cJSON_ArrayForEach(entry, plan_part(plan, "mounts"))
	{
		if (plan_applies(entry, process) && is_in_phase(entry, process))
			(void)cJSON_AddItemToArray(mounts, make_mount(entry, s, app));
	}
}

/* "" is every address, IPv6's too, for Docker. */
static const char *host_address(const char *bind, char out[INET6_ADDRSTRLEN])
{
	bool bracket = bind[0] == '[';

	(void)snprintf(out, INET6_ADDRSTRLEN, "%.*s", (int)strcspn(bind + bracket, "]"),
		bind + bracket);
	return strcmp(out, "::") && strcmp(out, "*") ? out : "";
}

static void add_ports(
	cJSON *body, cJSON *host, const struct server *s, const struct plan *plan)
{
	cJSON *exposed = cJSON_AddObjectToObject(body, "ExposedPorts");
	cJSON *bindings = cJSON_AddObjectToObject(host, "PortBindings");
	char name[32], number[16], address[INET6_ADDRSTRLEN];
	struct plan_port port;

	for (size_t i = 0; plan_published_port(plan, i, &port); i++) {
		cJSON *list, *one = cJSON_CreateObject();

		(void)snprintf(name, sizeof(name), "%d/tcp", port.container);
		(void)snprintf(number, sizeof(number), "%d", port.host);
		(void)cJSON_AddStringToObject(
			one, "HostIp", host_address(s->settings->proxy_bind, address));
		(void)cJSON_AddStringToObject(one, "HostPort", number);
		list = cJSON_GetObjectItemCaseSensitive(bindings, name);
		if (!list) {
			list = cJSON_AddArrayToObject(bindings, name);
			(void)cJSON_AddObjectToObject(exposed, name);
		}
		(void)cJSON_AddItemToArray(list, one);
	}
}

static void add_host_config(cJSON *body, const struct server *s, const struct app *app,
	const struct plan *plan, const char *process)
{
	cJSON *host = cJSON_AddObjectToObject(body, "HostConfig");
	cJSON *log = cJSON_AddObjectToObject(host, "LogConfig");
	cJSON *log_options = cJSON_AddObjectToObject(log, "Config");
	char network[CONTAINER_NAME_SIZE];

	/* A container that talks a lot must not fill the disk. */
	(void)cJSON_AddStringToObject(log, "Type", "json-file");
	if (strcmp(plan_log_size(plan), PLAN_LOG_SIZE_UNLIMITED) != 0) {
		(void)cJSON_AddStringToObject(
			log_options, "max-size", plan_log_size(plan));
		(void)cJSON_AddStringToObject(log_options, "max-file", BODY_LOG_FILES);
	}
	(void)cJSON_AddStringToObject(host, "NetworkMode",
		plan_is_on_host(plan) ? NETWORK_HOST
			: plan_begins_inside(plan, process)
			? network_inside_name(app, network)
			: network_name(app, network));
	add_mounts(host, s, app, plan, process);
	if (plan_publishes(plan, process))
		add_ports(body, host, s, plan);
}

static cJSON *add_endpoint(
	cJSON *endpoints, const char *network, const struct app *app, const char *process)
{
	cJSON *endpoint = cJSON_GetObjectItemCaseSensitive(endpoints, network);

	if (endpoint)
		return endpoint;
	endpoint = network_endpoint(app, process);
	(void)cJSON_AddItemToObject(endpoints, network, endpoint);
	return endpoint;
}

/* At the place's address. */
static void add_placed(cJSON *endpoints, const struct server *s, const char *network,
	const struct app *app, const struct place *place)
{
	cJSON *endpoint = add_endpoint(endpoints, network, app, place->process);
	char address[INET_ADDRSTRLEN];

	(void)cJSON_AddStringToObject(cJSON_AddObjectToObject(endpoint, "IPAMConfig"),
		"IPv4Address", place_address(s->settings, app, place, address));
}

/* The app's own network first; then those that it shares. What publishes ports is in
 * internal ones alone until it is proved (builder/life/published.h). */
static void add_networks(cJSON *body, const struct server *s, const struct app *app,
	const struct plan *plan, const struct place *place)
{
	cJSON *networking = cJSON_AddObjectToObject(body, "NetworkingConfig");
	cJSON *endpoints = cJSON_AddObjectToObject(networking, "EndpointsConfig");
	const struct app inside = network_inside(app);
	char network[CONTAINER_NAME_SIZE];
	const cJSON *shared;

	if (plan_is_on_host(plan))
		return;
	if (!plan_begins_inside(plan, place->process))
		add_placed(endpoints, s, network_name(app, network), app, place);
	if (plan_is_published(plan))
		add_placed(
			endpoints, s, network_inside_name(app, network), &inside, place);
	cJSON_ArrayForEach(shared, plan_part(plan, "networks"))
	{
		if (plan_begins_inside(plan, place->process) &&
			!network_is_internal(s, cJSON_GetStringValue(shared)))
			continue;
		(void)add_endpoint(
			endpoints, cJSON_GetStringValue(shared), app, place->process);
	}
}

char *container_address(const struct server *s, const struct app *app,
	const struct plan *plan, const struct place *place, char *out)
{
	const struct app inside = network_inside(app);

	if (plan_publishes(plan, place->process))
		return place_address(s->settings, &inside, place, out);
	if (!plan_is_on_host(plan))
		return place_address(s->settings, app, place, out);
	(void)snprintf(out, INET_ADDRSTRLEN, "127.0.0.1");
	return out;
}

static void add_tld(
	cJSON *body, const struct app *app, const struct plan *plan, const char *process)
{
	cJSON *endpoint;

	cJSON_ArrayForEach(endpoint,
		cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(body, "NetworkingConfig"),
			"EndpointsConfig"))
	{
		network_add_tld(endpoint, app, plan, process);
	}
}

/* What a server admin asked for wins over everything else. */
static int add_options(
	cJSON *body, const struct plan *plan, const char *process, struct err *err)
{
	const cJSON *entry;
	int rc = resources_apply(body, plan, process, err);

	cJSON_ArrayForEach(entry, plan_part(plan, "options"))
	{
		if (!rc && plan_applies(entry, process) && is_in_phase(entry, process))
			rc = docker_option_apply(body, plan_text(entry, "text"), err);
	}
	return rc;
}

int container_body(cJSON **out, struct server *s, const struct app *app,
	const struct life *life, const struct plan *plan, const struct place *place,
	struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	int rc;

	if (!body)
		return err_set(err, ERR_FAILED, "out of memory");
	(void)cJSON_AddStringToObject(body, "Image", life->image_id);
	(void)cJSON_AddNumberToObject(body, "StopTimeout", plan_stop_timeout(plan));
	body_add_labels(body, s, app);
	add_life_labels(body, life, place);
	add_env(body, plan);
	add_command(body, plan, place->process);
	leave_health_to_web(body, place->process);
	add_host_config(body, s, app, plan, place->process);
	add_networks(body, s, app, plan, place);
	add_tld(body, app, plan, place->process);
	rc = add_options(body, plan, place->process, err);
	if (rc)
		cJSON_Delete(body);
	else
		*out = body;
	/* Whoever asks for this life is not who wrote the option. */
	if (rc == ERR_USAGE && err)
		err->code = ERR_FAILED;
	return rc == ERR_USAGE ? ERR_FAILED : rc;
}
