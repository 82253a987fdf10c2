#include "builder/life/plan.h"

#include "config/app/checks.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/record/networks.h"

#include <cjson/cJSON.h>
#include <string.h>

#define NAMES_MAX 1024

void plan_finish(struct plan *p)
{
	cJSON_Delete(p->root);
	p->root = NULL;
}

char *plan_print(const struct plan *p)
{
	return cJSON_PrintUnformatted(p->root);
}

/* Lives from before there were process types had "volumes" of {"name", "path"} and web.
 */
static int modernise(cJSON *root)
{
	cJSON *mounts = cJSON_CreateArray(), *processes = cJSON_CreateArray();
	cJSON *web = cJSON_CreateObject();
	const cJSON *volume;

	cJSON_ArrayForEach(volume, cJSON_GetObjectItemCaseSensitive(root, "volumes"))
	{
		cJSON *mount = cJSON_CreateObject();

		(void)cJSON_AddStringToObject(mount, "source", plan_text(volume, "name"));
		(void)cJSON_AddStringToObject(mount, "target", plan_text(volume, "path"));
		(void)cJSON_AddItemToArray(mounts, mount);
	}
	(void)cJSON_AddStringToObject(web, "name", PLAN_WEB);
	(void)cJSON_AddNumberToObject(web, "count", 1);
	(void)cJSON_AddItemToArray(processes, web);
	cJSON_DeleteItemFromObjectCaseSensitive(root, "volumes");
	(void)cJSON_AddItemToObject(root, "mounts", mounts);
	return cJSON_AddItemToObject(root, "processes", processes) ? 0 : -1;
}

int plan_parse(struct plan *out, const char *json, struct err *err)
{
	cJSON *root = cJSON_Parse(json);
	bool fine = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(root, "port")) &&
		cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(root, "env"));

	if (fine && !cJSON_GetObjectItemCaseSensitive(root, "processes"))
		fine = modernise(root) == 0;
	if (!fine) {
		cJSON_Delete(root);
		return err_set(
			err, ERR_FAILED, "the life's stored configuration is damaged");
	}
	out->root = root;
	return 0;
}

static int number(const struct plan *p, const char *name, int otherwise)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(p->root, name);

	return cJSON_IsNumber(n) ? n->valueint : otherwise;
}

static const char *text_or(const struct plan *p, const char *name, const char *otherwise)
{
	const char *text = plan_text(p->root, name);

	return *text ? text : otherwise;
}

int plan_port(const struct plan *p)
{
	return number(p, "port", 0);
}

int plan_stop_timeout(const struct plan *p)
{
	return number(p, "stop_timeout", PLAN_STOP_TIMEOUT_DEFAULT);
}

int plan_stay_up(const struct plan *p)
{
	return number(p, "stay_up", PLAN_STAY_UP_DEFAULT);
}

const char *plan_restart(const struct plan *p)
{
	return text_or(p, "restart", PLAN_RESTART_DEFAULT);
}

const char *plan_log_size(const struct plan *p)
{
	return text_or(p, "log_size", PLAN_LOG_SIZE_DEFAULT);
}

const char *plan_tld(const struct plan *p)
{
	return plan_text(p->root, "tld");
}

const char *plan_script(const struct plan *p, const char *name)
{
	const char *text = plan_text(plan_part(p, "scripts"), name);

	return *text ? text : NULL;
}

const cJSON *plan_part(const struct plan *p, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(p->root, name);
}

const char *plan_text(const cJSON *entry, const char *name)
{
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, name));

	return text ? text : "";
}

bool plan_applies(const cJSON *entry, const char *process)
{
	const char *of = plan_text(entry, "process");

	return !*of || !strcmp(of, process);
}

static void read_process(
	const struct plan *p, const cJSON *entry, struct plan_process *out)
{
	const cJSON *checks = cJSON_GetObjectItemCaseSensitive(p->root, "checks");
	const char *command = plan_text(entry, "command");
	const cJSON *arguments = cJSON_GetObjectItemCaseSensitive(entry, "arguments");
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(entry, "count");

	*out = (struct plan_process){
		.name = plan_text(entry, "name"),
		.command = *command ? command : NULL,
		.arguments = cJSON_IsArray(arguments) ? arguments : NULL,
		.count = cJSON_IsNumber(count) ? count->valueint : 0,
		.skips_checks = !strcmp(plan_text(entry, "checks"), CHECKS_SKIPPED),
		.stops_first = !strcmp(plan_text(entry, "checks"), CHECKS_DISABLED),
		.listed_checks = cJSON_GetObjectItemCaseSensitive(
			checks, plan_text(entry, "name")),
	};
}

bool plan_process(const struct plan *p, size_t at, struct plan_process *out)
{
	const cJSON *entry = cJSON_GetArrayItem(plan_part(p, "processes"), (int)at);

	if (!entry)
		return false;
	read_process(p, entry, out);
	return true;
}

bool plan_find_process(const struct plan *p, const char *name, struct plan_process *out)
{
	for (size_t i = 0; plan_process(p, i, out); i++) {
		if (!strcmp(out->name, name))
			return true;
	}
	return false;
}

static int no_such_process(const struct plan *p, const char *name, struct err *err)
{
	struct plan_process one;
	struct buf names;

	buf_init(&names, NAMES_MAX);
	for (size_t i = 0; plan_process(p, i, &one); i++)
		(void)buf_addf(&names, "%s%s", i ? ", " : "", one.name);
	(void)err_set(err, ERR_NOTFOUND, "it has no process type %.60s: it has %s", name,
		buf_text(&names));
	buf_finish(&names);
	return ERR_NOTFOUND;
}

int plan_set_count(struct plan *p, const char *name, int count, struct err *err)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, plan_part(p, "processes"))
	{
		cJSON *was = cJSON_GetObjectItemCaseSensitive(entry, "count");

		if (strcmp(plan_text(entry, "name"), name) != 0)
			continue;
		if (count > 1 && plan_publishes(p, name))
			return err_set(err, ERR_USAGE,
				"%s=%d: its port is published on the host, and one "
				"container alone can have it; more need the proxy "
				"(proxy:enable, proxy.driver = haproxy)",
				name, count);
		return was && cJSON_SetNumberHelper(was, count) == count
			? 0
			: err_set(err, ERR_FAILED, "out of memory");
	}
	return no_such_process(p, name, err);
}

/* "ro" among the options, which commas separate. */
static bool is_read_only(const char *options)
{
	while (*options) {
		size_t n = strcspn(options, ",");

		if (n == 2 && !strncmp(options, "ro", n))
			return true;
		options += n + (options[n] == ',');
	}
	return false;
}

bool plan_is_on_host(const struct plan *p)
{
	const cJSON *network;

	cJSON_ArrayForEach(network, plan_part(p, "networks"))
	{
		if (!strcmp(cJSON_GetStringValue(network), NETWORK_HOST))
			return true;
	}
	return false;
}

const char *plan_exclusive_volume(const struct plan *p)
{
	const cJSON *mount;

	/* The next life's program would find its port taken by this one's. */
	if (plan_is_on_host(p))
		return "the host's ports";

	cJSON_ArrayForEach(mount, plan_part(p, "mounts"))
	{
		if (!is_read_only(plan_text(mount, "options")) &&
			strcmp(plan_text(mount, "phase"), PLAN_RUN) != 0)
			return plan_text(mount, "source");
	}
	return NULL;
}

bool plan_is_published(const struct plan *p)
{
	return cJSON_IsArray(plan_part(p, "publish"));
}

static int port_of(const cJSON *entry, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(entry, name);

	return cJSON_IsNumber(n) ? n->valueint : 0;
}

bool plan_published_port(const struct plan *p, size_t at, struct plan_port *out)
{
	const cJSON *entry = cJSON_GetArrayItem(plan_part(p, "publish"), (int)at);

	if (!entry)
		return false;
	*out = (struct plan_port){port_of(entry, "host"), port_of(entry, "container")};
	return true;
}

bool plan_publishes(const struct plan *p, const char *process)
{
	return plan_is_published(p) && !strcmp(process, PLAN_WEB);
}

bool plan_begins_inside(const struct plan *p, const char *process)
{
	struct plan_process found;

	return plan_publishes(p, process) &&
		!(plan_find_process(p, process, &found) && found.stops_first);
}

bool plan_is_script(const char *process)
{
	static const char *const scripts[] = {
		PLAN_RELEASE, PLAN_PREDEPLOY, PLAN_VERIFY, PLAN_POSTDEPLOY};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		if (!strcmp(process, scripts[i]))
			return true;
	}
	return false;
}
