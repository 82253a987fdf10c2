#include "builder/life/container.h"

#include "builder/engine/engine.h"
#include "builder/life/body.h"
#include "builder/life/network.h"
#include "builder/life/plan.h"
#include "builder/life/port_taken.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define FILTER_SIZE 768

/* All networks but the first are joined one by one: Engines before API 1.44 take one. */
static int join_others(
	struct server *s, const char *name, const cJSON *others, struct err *err)
{
	const cJSON *endpoint;
	int rc = 0;

	cJSON_ArrayForEach(endpoint, others)
	{
		if (!rc)
			rc = network_join(s, endpoint->string, name, endpoint, err);
	}
	return rc;
}

/* Leaves the first endpoint in the body; the others are the caller's to free. */
static cJSON *take_others(cJSON *body)
{
	cJSON *endpoints = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(body, "NetworkingConfig"),
		"EndpointsConfig");
	cJSON *others = cJSON_CreateObject();

	while (endpoints && endpoints->child && endpoints->child->next) {
		cJSON *next = endpoints->child->next;
		char name[CONTAINER_NAME_SIZE];

		(void)snprintf(name, sizeof(name), "%s", next->string);
		(void)cJSON_AddItemToObject(
			others, name, cJSON_DetachItemViaPointer(endpoints, next));
	}
	return others;
}

static int create_with_network(struct server *s, const struct app *app, const char *name,
	const cJSON *body, struct err *err)
{
	/* The network is there but at an app's first life: asking every time costs more.
	 */
	int rc = app->live ? 0 : network_create_own(s, app, err);

	if (!rc)
		rc = engine_call(s->engine, NULL, body, err, "POST",
			"/containers/create?name=%s", name);
	if (rc == ERR_NOTFOUND && app->live && network_create_own(s, app, NULL) == 0)
		rc = engine_call(s->engine, NULL, body, err, "POST",
			"/containers/create?name=%s", name);
	return rc;
}

int container_create_from(struct server *s, const struct app *app, const char *name,
	const cJSON *body, struct err *err)
{
	cJSON *own = cJSON_Duplicate(body, true);
	cJSON *others = take_others(own);
	int rc = create_with_network(s, app, name, own, err);

	if (!rc)
		rc = join_others(s, name, others, err);
	cJSON_Delete(others);
	cJSON_Delete(own);
	return rc;
}

int container_create(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *place, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	cJSON *body;
	int rc = container_body(&body, s, app, life, plan, place, err);

	if (rc)
		return rc;
	rc = container_create_from(
		s, app, place_container_name(app, place, name), body, err);
	cJSON_Delete(body);
	return rc;
}

int container_rejoin(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *place, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	cJSON *body;
	int rc = container_body(&body, s, app, life, plan, place, err);

	if (rc)
		return rc;
	rc = join_others(s, place_container_name(app, place, name),
		cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(body, "NetworkingConfig"),
			"EndpointsConfig"),
		err);
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
	int rc = engine_call(
		s->engine, NULL, NULL, err, "POST", "/containers/%s/start", name);

	if (rc)
		(void)port_taken_explain(err);
	return rc;
}

int container_stop(struct server *s, const char *name, struct err *err)
{
	return fine_if(engine_call(s->engine, NULL, NULL, err, "POST",
			       "/containers/%s/stop", name),
		ERR_NOTFOUND);
}

static int wait_until_removed(struct server *s, const char *name, struct err *err)
{
	return fine_if(engine_call(s->engine, NULL, NULL, err, "POST",
			       "/containers/%s/wait?condition=removed", name),
		ERR_NOTFOUND);
}

static bool is_being_removed(struct server *s, const char *name)
{
	cJSON *seen = NULL;
	const cJSON *state;
	const char *status;
	bool is;

	if (engine_call(s->engine, &seen, NULL, NULL, "GET", "/containers/%s/json",
		    name) == ERR_NOTFOUND)
		return true;
	state = cJSON_GetObjectItemCaseSensitive(seen, "State");
	status = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(state, "Status"));
	is = status && !strcmp(status, "removing");
	cJSON_Delete(seen);
	return is;
}

/* What settle removes meanwhile is refused by the Engine, and at rest when it is gone. */
int container_rest(struct server *s, const char *name, struct err *err)
{
	struct err why = {0};
	int rc = fine_if(container_keep(s, name, "no", &why), ERR_NOTFOUND);

	if (!rc)
		return container_stop(s, name, err);
	if (rc != ERR_AWAY && is_being_removed(s, name))
		return wait_until_removed(s, name, err);
	return err_set(err, rc, "%s", why.msg);
}

int container_remove(struct server *s, const char *name, struct err *err)
{
	int rc = engine_call(s->engine, NULL, NULL, err, "DELETE",
		"/containers/%s?force=true&v=true", name);

	/* 409: somebody else is removing it. Who goes on counts on it being gone. */
	if (rc == ERR_EXISTS)
		rc = wait_until_removed(s, name, err);
	return fine_if(rc, ERR_NOTFOUND);
}

/* "on-failure:10" as Docker writes it. */
static void add_policy(cJSON *body, const char *policy)
{
	cJSON *restart = cJSON_AddObjectToObject(body, "RestartPolicy");
	const char *colon = strchr(policy, ':');
	char name[32];
	int64_t tries;

	(void)snprintf(name, sizeof(name), "%.*s",
		(int)(colon ? colon - policy : (ptrdiff_t)strlen(policy)), policy);
	(void)cJSON_AddStringToObject(restart, "Name", name);
	if (colon && number_parse(colon + 1, 0, INT_MAX, &tries) == 0)
		(void)cJSON_AddNumberToObject(
			restart, "MaximumRetryCount", (double)tries);
}

int container_keep(
	struct server *s, const char *name, const char *policy, struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	int rc;

	add_policy(body, policy);
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
	const char *handle = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(labels, "bardo.handle"));
	struct container_seen seen;
	int64_t number;

	if (!name || !app || !life)
		return 0;
	if (number_parse(life, 1, INT_MAX, &number) < 0)
		return 0;
	seen = (struct container_seen){
		.name = name + strspn(name, "/"),
		.app = app,
		/* Containers from before apps had handles: the name was the same then. */
		.handle = handle ? handle : app,
		.process = plan_text(labels, "bardo.process"),
		.life = (int)number,
		.running = !strcmp(plan_text(entry, "State"), "running"),
		.on_host = !strcmp(
			plan_text(cJSON_GetObjectItemCaseSensitive(entry, "HostConfig"),
				"NetworkMode"),
			"host"),
		.networks = cJSON_GetObjectItemCaseSensitive(
			cJSON_GetObjectItemCaseSensitive(entry, "NetworkSettings"),
			"Networks"),
	};
	return each(ctx, &seen);
}

/* "filters=" of what is ours, for the Engine's lists; app NULL means of all apps. */
static int our_filter(const struct server *s, const struct app *app, char *out,
	size_t size, struct err *err)
{
	char filter[256];

	(void)snprintf(filter, sizeof(filter), "{\"label\":[\"bardo.server=%s\"%s%s%s]}",
		s->id, app ? ",\"bardo.handle=" : "", app ? app->handle : "",
		app ? "\"" : "");
	if (!engine_escape(filter, out, size))
		return err_set(err, ERR_FAILED, "the filter is too long");
	return 0;
}

int containers_each(struct server *s, const struct app *app,
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

/* Volumes from before apps had handles have the name alone: it was the same then. */
static bool is_volume_of(const cJSON *volume, const struct app *app)
{
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(volume, "Labels");
	const char *handle = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(labels, "bardo.handle"));

	if (!handle)
		handle = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(labels, "bardo.app"));
	return handle && !strcmp(handle, app->handle);
}

int volumes_each(struct server *s, const struct app *app,
	int (*each)(void *ctx, const char *name), void *ctx, struct err *err)
{
	char filter[FILTER_SIZE];
	cJSON *reply = NULL;
	const cJSON *list, *entry;
	int rc = our_filter(s, NULL, filter, sizeof(filter), err);

	if (!rc)
		rc = engine_call(s->engine, &reply, NULL, err, "GET",
			"/volumes?filters=%s", filter);
	list = cJSON_GetObjectItemCaseSensitive(reply, "Volumes");
	for (entry = list ? list->child : NULL; entry && !rc; entry = entry->next) {
		const char *name = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(entry, "Name"));

		rc = name && is_volume_of(entry, app) ? each(ctx, name) : 0;
	}
	cJSON_Delete(reply);
	return rc;
}

static int remove_network(struct server *s, const char *name, struct err *err)
{
	return fine_if(
		engine_call(s->engine, NULL, NULL, err, "DELETE", "/networks/%s", name),
		ERR_NOTFOUND);
}

int network_remove(struct server *s, const struct app *app, struct err *err)
{
	char name[CONTAINER_NAME_SIZE];
	int rc = remove_network(s, network_name(app, name), err);

	if (rc || app->inside < 0)
		return rc;
	return remove_network(s, network_inside_name(app, name), err);
}

int image_inspect(
	struct server *s, const char *image, struct cJSON **out, struct err *err)
{
	return engine_call(s->engine, out, NULL, err, "GET", "/images/%s/json", image);
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
