#include "builder/life/volume.h"

#include "builder/engine/engine.h"
#include "builder/life/body.h"
#include "builder/life/plan.h"
#include "builder/server.h"
#include "config/app/listed.h"
#include "config/base/err.h"
#include "config/record/mounts.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "Volumes" in the API. */

#define FILTER_SIZE 512
#define VOLUMES_MAX 10000

int volume_check_name(const char *name, struct err *err)
{
	static const char usable[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.-";
	size_t len = strlen(name);

	if (len >= 2 && len < VOLUME_NAME_SIZE && !strchr("_.-", name[0]) &&
		!name[strspn(name, usable)])
		return 0;
	return err_set(err, ERR_USAGE,
		"%.60s can't be the name of a volume: two or more letters, digits, _, . "
		"and -, a letter or digit first",
		*name ? name : "an empty text");
}

static const char *text(const cJSON *object, const char *name)
{
	const char *value =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return value ? value : "";
}

/* Volumes from before apps had handles have the name alone: it was the same then. */
static void read_volume(const struct server *s, const cJSON *entry, struct volume *out)
{
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(entry, "Labels");
	const cJSON *options = cJSON_GetObjectItemCaseSensitive(entry, "Options");
	const char *handle = text(labels, "bardo.handle");

	*out = (struct volume){.ours = !strcmp(text(labels, "bardo.server"), s->id)};
	(void)snprintf(out->name, sizeof(out->name), "%s", text(entry, "Name"));
	(void)snprintf(out->handle, sizeof(out->handle), "%s",
		*handle ? handle : text(labels, "bardo.app"));
	(void)snprintf(out->path, sizeof(out->path), "%s", text(options, "device"));
	(void)snprintf(
		out->created_at, sizeof(out->created_at), "%s", text(entry, "CreatedAt"));
}

int volume_find(struct server *s, const char *name, struct volume *out, struct err *err)
{
	cJSON *reply = NULL;
	int rc = engine_call(s->engine, &reply, NULL, err, "GET", "/volumes/%s", name);

	if (rc == ERR_NOTFOUND)
		return err_set(
			err, rc, "there is no volume %s: storage:list shows all", name);
	if (!rc)
		read_volume(s, reply, out);
	cJSON_Delete(reply);
	return rc;
}

int volume_create(struct server *s, const char *name, const struct app *app,
	const char *path, struct err *err)
{
	cJSON *body = cJSON_CreateObject(), *options, *labels;
	int rc;

	(void)cJSON_AddStringToObject(body, "Name", name);
	if (app) {
		body_add_labels(body, s, app);
	} else {
		labels = cJSON_AddObjectToObject(body, "Labels");
		(void)cJSON_AddStringToObject(labels, "bardo.server", s->id);
	}
	if (path) {
		options = cJSON_AddObjectToObject(body, "DriverOpts");
		(void)cJSON_AddStringToObject(options, "type", "none");
		(void)cJSON_AddStringToObject(options, "o", "bind");
		(void)cJSON_AddStringToObject(options, "device", path);
	}
	rc = engine_call(s->engine, NULL, body, err, "POST", "/volumes/create");
	cJSON_Delete(body);
	return rc;
}

int volume_remove(struct server *s, const char *name, struct err *err)
{
	return engine_call(s->engine, NULL, NULL, err, "DELETE", "/volumes/%s", name);
}

struct use_search {
	const struct app *but;
	struct err *err;
};

static int refuse_if_in_use(void *ctx, const struct mount_use *u)
{
	const struct use_search *search = ctx;

	if (u->over || (search->but && u->app_id == search->but->id))
		return 0;
	return err_set(search->err, ERR_BUSY,
		"life %d of %s has %s: storage:unmount it there and deploy, or destroy "
		"the app",
		u->life, u->app, u->source);
}

static int refuse_if_set(void *ctx, const char *app)
{
	const struct use_search *search = ctx;

	if (search->but && !strcmp(app, search->but->name))
		return 0;
	return err_set(search->err, ERR_BUSY,
		"it is mounted in %s: storage:unmount %s … first", app, app);
}

int volume_check_unused(
	struct server *s, const char *name, const struct app *but, struct err *err)
{
	struct use_search search = {but, err};
	int rc = mounts_each_use(s->store, 0, name, refuse_if_in_use, &search, err);

	return rc ? rc : mounts_each_set(s->store, name, refuse_if_set, &search, err);
}

struct removal {
	struct server *server;
	const struct app *app;
	void (*kept)(const char *name, const char *why);
	struct err *err;
};

static int remove_one(void *ctx, const struct volume *v)
{
	const struct removal *removal = ctx;
	struct err why = {0};
	int rc;

	if (strcmp(v->handle, removal->app->handle) != 0)
		return 0;
	rc = volume_check_unused(removal->server, v->name, removal->app, &why);
	if (!rc)
		rc = volume_remove(removal->server, v->name, &why);
	if (!rc || rc == ERR_NOTFOUND)
		return 0;
	if (rc != ERR_BUSY && rc != ERR_EXISTS)
		return err_set(removal->err, rc, "%s", why.msg);
	if (removal->kept)
		removal->kept(v->name, why.msg);
	return 0;
}

int volumes_remove_all(struct server *s, const struct app *app,
	void (*kept)(const char *name, const char *why), struct err *err)
{
	struct removal removal = {s, app, kept, err};

	return volumes_each_ours(s, remove_one, &removal, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct volume *)a)->name, ((const struct volume *)b)->name);
}

int volumes_each_ours(struct server *s, int (*each)(void *ctx, const struct volume *v),
	void *ctx, struct err *err)
{
	char filter[FILTER_SIZE], escaped[FILTER_SIZE * 3];
	struct volume *all = NULL;
	cJSON *reply = NULL;
	const cJSON *list, *entry;
	size_t len = 0;
	int count, rc;

	(void)snprintf(
		filter, sizeof(filter), "{\"label\":[\"bardo.server=%s\"]}", s->id);
	if (!engine_escape(filter, escaped, sizeof(escaped)))
		return err_set(err, ERR_FAILED, "the filter is too long");
	rc = engine_call(
		s->engine, &reply, NULL, err, "GET", "/volumes?filters=%s", escaped);
	list = cJSON_GetObjectItemCaseSensitive(reply, "Volumes");
	count = cJSON_GetArraySize(list);
	count = count > VOLUMES_MAX ? VOLUMES_MAX : count;
	if (!rc && count)
		all = calloc((size_t)count, sizeof(*all));
	if (!rc && count && !all)
		rc = err_set(err, ERR_FAILED, "out of memory");
	for (entry = list ? list->child : NULL;
		!rc && all && entry && len < (size_t)count; entry = entry->next)
		read_volume(s, entry, &all[len++]);
	cJSON_Delete(reply);
	if (len)
		qsort(all, len, sizeof(*all), by_name);
	for (size_t i = 0; i < len && !rc; i++)
		rc = each(ctx, &all[i]);
	free(all);
	return rc;
}

/* ---- whether an app may have them ---- */

struct listing {
	const char *source;
	size_t len;
};

static int find_listed(void *ctx, const struct listed *l)
{
	const struct listing *wanted = ctx;

	return !strncmp(l->text, wanted->source, wanted->len) &&
		l->text[wanted->len] == ':';
}

static int check_own(
	struct server *s, const struct app *app, const char *name, struct err *err)
{
	struct listing wanted = {name, strlen(name)};
	struct volume v;
	int rc = listed_each(s->store, app->id, LISTED_MOUNT, find_listed, &wanted, err);

	if (rc)
		return rc < 0 ? rc : 0;
	rc = volume_find(s, name, &v, NULL);
	if (rc == ERR_NOTFOUND || (!rc && !strcmp(v.handle, app->handle)))
		return 0;
	if (rc)
		return err_set(err, rc, "the volume %s can't be looked at", name);
	return err_set(err, ERR_FAILED,
		"the volume %s is there already and not of %s: a server admin lets it in "
		"with storage:mount %s %s:/PATH",
		name, app->name, app->name, name);
}

int volumes_check_mounts(
	struct server *s, const struct app *app, const struct plan *plan, struct err *err)
{
	size_t len = strlen(app->handle);
	const cJSON *mount;
	int rc = 0;

	cJSON_ArrayForEach(mount, plan_part(plan, "mounts"))
	{
		const char *name = plan_text(mount, "source");

		if (rc)
			break;
		if (!strncmp(name, app->handle, len) && name[len] == '_')
			rc = check_own(s, app, name, err);
	}
	return rc;
}
