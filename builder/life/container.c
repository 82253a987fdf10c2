#include "builder/life/container.h"

#include "builder/engine/engine.h"
#include "builder/life/plan.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* A container that talks a lot must not fill the disk. */
#define LOG_FILE_SIZE "10m"
#define LOG_FILES "3"

#define FILTER_SIZE 768

static char *network_name(const struct app *app, char out[CONTAINER_NAME_SIZE])
{
	(void)snprintf(out, CONTAINER_NAME_SIZE, "bardo.%s", app->name);
	return out;
}

static void add_labels(cJSON *body, const struct server *s, const struct app *app)
{
	cJSON *labels = cJSON_AddObjectToObject(body, "Labels");

	(void)cJSON_AddStringToObject(labels, "bardo.server", s->id);
	(void)cJSON_AddStringToObject(labels, "bardo.app", app->name);
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
	char port[32];

	(void)snprintf(port, sizeof(port), "PORT=%d", plan->port);
	if (plan->port)
		(void)cJSON_AddItemToArray(env, cJSON_CreateString(port));
}

static void add_mounts(cJSON *host, const struct server *s, const struct app *app,
	const struct plan *plan)
{
	cJSON *mounts = cJSON_AddArrayToObject(host, "Mounts");

	for (size_t i = 0; i < plan->volumes_len; i++) {
		cJSON *m = cJSON_CreateObject();
		cJSON *options;

		(void)cJSON_AddStringToObject(m, "Type", "volume");
		(void)cJSON_AddStringToObject(m, "Source", plan->volumes[i].name);
		(void)cJSON_AddStringToObject(m, "Target", plan->volumes[i].path);
		options = cJSON_AddObjectToObject(m, "VolumeOptions");
		add_labels(options, s, app);
		(void)cJSON_AddItemToArray(mounts, m);
	}
}

static void add_host_config(cJSON *body, const struct server *s, const struct app *app,
	const struct plan *plan)
{
	cJSON *host = cJSON_AddObjectToObject(body, "HostConfig");
	cJSON *log = cJSON_AddObjectToObject(host, "LogConfig");
	cJSON *log_options = cJSON_AddObjectToObject(log, "Config");
	char network[CONTAINER_NAME_SIZE];

	(void)cJSON_AddStringToObject(log, "Type", "json-file");
	(void)cJSON_AddStringToObject(log_options, "max-size", LOG_FILE_SIZE);
	(void)cJSON_AddStringToObject(log_options, "max-file", LOG_FILES);
	(void)cJSON_AddStringToObject(host, "NetworkMode", network_name(app, network));
	add_mounts(host, s, app, plan);
}

static void add_address(cJSON *body, const struct server *s, const struct app *app,
	const struct place *place)
{
	cJSON *networking = cJSON_AddObjectToObject(body, "NetworkingConfig");
	cJSON *endpoints = cJSON_AddObjectToObject(networking, "EndpointsConfig");
	char network[CONTAINER_NAME_SIZE], address[INET_ADDRSTRLEN];
	cJSON *endpoint = cJSON_AddObjectToObject(endpoints, network_name(app, network));
	cJSON *ipam = cJSON_AddObjectToObject(endpoint, "IPAMConfig");

	(void)cJSON_AddStringToObject(
		ipam, "IPv4Address", place_address(s->settings, app, place, address));
}

static int network_create(struct server *s, const struct app *app, struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	cJSON *ipam, *configs, *config;
	char name[CONTAINER_NAME_SIZE], subnet[INET_ADDRSTRLEN + 4],
		gateway[INET_ADDRSTRLEN];
	int rc;

	(void)cJSON_AddStringToObject(body, "Name", network_name(app, name));
	(void)cJSON_AddStringToObject(body, "Driver", "bridge");
	(void)cJSON_AddBoolToObject(body, "CheckDuplicate", true);
	add_labels(body, s, app);
	ipam = cJSON_AddObjectToObject(body, "IPAM");
	configs = cJSON_AddArrayToObject(ipam, "Config");
	config = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(
		config, "Subnet", network_subnet(s->settings, app, subnet));
	(void)cJSON_AddStringToObject(
		config, "Gateway", network_gateway(s->settings, app, gateway));
	(void)cJSON_AddItemToArray(configs, config);
	rc = engine_call(s->engine, NULL, body, err, "POST", "/networks/create");
	cJSON_Delete(body);
	if (rc == ERR_EXISTS)
		return 0;
	if (rc == ERR_FAILED)
		return err_prefix(
			err, "the network %s (%s of network.pool): ", name, subnet);
	return rc;
}

int container_create(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *place, struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	char name[CONTAINER_NAME_SIZE];
	int rc;

	(void)place_container_name(app, place, name);
	(void)cJSON_AddStringToObject(body, "Image", life->image_id);
	add_labels(body, s, app);
	add_life_labels(body, life, place);
	add_env(body, plan);
	add_host_config(body, s, app, plan);
	add_address(body, s, app, place);
	/* The network is there but at an app's first life: asking every time costs more.
	 */
	rc = app->live ? 0 : network_create(s, app, err);
	if (!rc)
		rc = engine_call(s->engine, NULL, body, err, "POST",
			"/containers/create?name=%s", name);
	if (rc == ERR_NOTFOUND && app->live && network_create(s, app, NULL) == 0)
		rc = engine_call(s->engine, NULL, body, err, "POST",
			"/containers/create?name=%s", name);
	cJSON_Delete(body);
	return rc;
}

/* Turns an answer that means "it is so already" into success. */
static int fine_if(int rc, int code)
{
	return rc == code ? 0 : rc;
}

int container_start(struct server *s, const char *name, struct err *err)
{
	return engine_call(
		s->engine, NULL, NULL, err, "POST", "/containers/%s/start", name);
}

int container_stop(struct server *s, const char *name, struct err *err)
{
	return fine_if(engine_call(s->engine, NULL, NULL, err, "POST",
			       "/containers/%s/stop?t=%d", name, CONTAINER_STOP_SECONDS),
		ERR_NOTFOUND);
}

int container_remove(struct server *s, const char *name, struct err *err)
{
	int rc = engine_call(s->engine, NULL, NULL, err, "DELETE",
		"/containers/%s?force=true&v=true", name);

	/* 409: somebody else is removing it. Who goes on counts on it being gone. */
	if (rc == ERR_EXISTS)
		rc = engine_call(s->engine, NULL, NULL, err, "POST",
			"/containers/%s/wait?condition=removed", name);
	return fine_if(rc, ERR_NOTFOUND);
}

int container_keep(struct server *s, const char *name, struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	cJSON *policy = cJSON_AddObjectToObject(body, "RestartPolicy");
	int rc;

	(void)cJSON_AddStringToObject(policy, "Name", "unless-stopped");
	rc = engine_call(
		s->engine, NULL, body, err, "POST", "/containers/%s/update", name);
	cJSON_Delete(body);
	return rc;
}

int container_is_running(
	struct server *s, const char *name, bool *running, struct err *err)
{
	cJSON *reply = NULL;
	const cJSON *state;
	int rc = engine_call(
		s->engine, &reply, NULL, err, "GET", "/containers/%s/json", name);

	state = cJSON_GetObjectItemCaseSensitive(reply, "State");
	*running = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(state, "Running"));
	cJSON_Delete(reply);
	return rc;
}

static int see_container(
	const cJSON *entry, int (*each)(void *, const struct container_seen *), void *ctx)
{
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(entry, "Labels");
	const char *name = cJSON_GetStringValue(
		cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(entry, "Names"), 0));
	const char *app = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(labels, "bardo.app"));
	const char *life = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(labels, "bardo.life"));
	const char *state =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "State"));
	struct container_seen seen;
	int64_t number;

	if (!name || !app || !life)
		return 0;
	if (number_parse(life, 1, INT_MAX, &number) < 0)
		return 0;
	seen = (struct container_seen){
		.name = name + strspn(name, "/"),
		.app = app,
		.life = (int)number,
		.running = state && !strcmp(state, "running"),
	};
	return each(ctx, &seen);
}

/* "filters=" of what is ours, for the Engine's lists; app NULL means of all apps. */
static int our_filter(
	const struct server *s, const char *app, char *out, size_t size, struct err *err)
{
	char filter[256];

	(void)snprintf(filter, sizeof(filter), "{\"label\":[\"bardo.server=%s\"%s%s%s]}",
		s->id, app ? ",\"bardo.app=" : "", app ? app : "", app ? "\"" : "");
	if (!engine_escape(filter, out, size))
		return err_set(err, ERR_FAILED, "the filter is too long");
	return 0;
}

int containers_each(struct server *s, const char *app,
	int (*each)(void *ctx, const struct container_seen *c), void *ctx,
	struct err *err)
{
	char filter[FILTER_SIZE];
	cJSON *reply = NULL;
	const cJSON *entry;
	int rc = our_filter(s, app, filter, sizeof(filter), err);

	if (!rc)
		rc = engine_call(s->engine, &reply, NULL, err, "GET",
			"/containers/json?all=true&filters=%s", filter);
	for (entry = reply ? reply->child : NULL; entry && !rc; entry = entry->next)
		rc = see_container(entry, each, ctx);
	cJSON_Delete(reply);
	return rc;
}

int volumes_each(struct server *s, const char *app,
	int (*each)(void *ctx, const char *name), void *ctx, struct err *err)
{
	char filter[FILTER_SIZE];
	cJSON *reply = NULL;
	const cJSON *list, *entry;
	int rc = our_filter(s, app, filter, sizeof(filter), err);

	if (!rc)
		rc = engine_call(s->engine, &reply, NULL, err, "GET",
			"/volumes?filters=%s", filter);
	list = cJSON_GetObjectItemCaseSensitive(reply, "Volumes");
	for (entry = list ? list->child : NULL; entry && !rc; entry = entry->next) {
		const char *name = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(entry, "Name"));

		rc = name ? each(ctx, name) : 0;
	}
	cJSON_Delete(reply);
	return rc;
}

int network_remove(struct server *s, const struct app *app, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];

	return fine_if(engine_call(s->engine, NULL, NULL, err, "DELETE", "/networks/%s",
			       network_name(app, name)),
		ERR_NOTFOUND);
}

int image_read_plan(struct server *s, const struct app *app, const char *image,
	struct plan *plan, struct err *err)
{
	cJSON *reply = NULL;
	int rc = engine_call(
		s->engine, &reply, NULL, err, "GET", "/images/%s/json", image);

	if (!rc)
		rc = plan_from_image(plan, app, reply, err);
	cJSON_Delete(reply);
	return rc;
}

int image_add_tag(struct server *s, const char *image, const char *tag, struct err *err)
{
	const char *colon = strrchr(tag, ':');

	if (!colon)
		return err_set(err, ERR_FAILED, "%s is not a tag", tag);
	return engine_call(s->engine, NULL, NULL, err, "POST",
		"/images/%s/tag?repo=%.*s&tag=%s", image, (int)(colon - tag), tag,
		colon + 1);
}

int image_remove_tag(struct server *s, const char *tag, struct err *err)
{
	return fine_if(
		engine_call(s->engine, NULL, NULL, err, "DELETE", "/images/%s", tag),
		ERR_NOTFOUND);
}
