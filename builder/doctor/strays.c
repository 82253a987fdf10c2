#include "builder/doctor/private.h"

#include "builder/engine/engine.h"
#include "builder/life/plan.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* What carries our label on the Engine, and is in no record. */

#define FILTER_SIZE 256
#define NAMES_SIZE 1024

static const char *label(const cJSON *entry, const char *name)
{
	const cJSON *labels = cJSON_GetObjectItemCaseSensitive(entry, "Labels");
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(labels, name));

	return text ? text : "";
}

/* Things from before apps had handles have the name alone: it was the same then. */
static bool has_app(const struct doctor *d, const cJSON *entry)
{
	const char *handle = label(entry, "bardo.handle");
	struct app app;

	if (!*handle)
		handle = label(entry, "bardo.app");
	return app_find_handle(d->server->store, handle, &app, NULL) == 0 &&
		!app.destroyed_at;
}

/* Also a container that a deploy makes just now has its place already. */
static bool knows_container(const struct doctor *d, const cJSON *entry, const char *name)
{
	bool has = true;

	if (!strcmp(label(entry, "bardo.process"), PLAN_RUN))
		return has_app(d, entry);
	return place_has_name(d->server->store, name, &has, NULL) < 0 || has;
}

static bool knows_other(const struct doctor *d, const cJSON *entry, const char *name)
{
	(void)name;
	/* What belongs to no app has its own record. */
	return !*label(entry, "bardo.app") || has_app(d, entry);
}

static const struct kind {
	const char *check;
	const char *path;
	const char *list; /* the member of the answer that is the list; NULL: all of it */
	const char *remove;
	const char *means;
	enum doctor_level level;
	bool (*knows)(const struct doctor *d, const cJSON *entry, const char *name);
} kinds[] = {
	{"stray-containers", "/containers/json?all=true&", NULL, "docker rm -f",
		"containers that no record knows use memory and addresses",
		DOCTOR_WARNING, knows_container},
	{"stray-networks", "/networks?", NULL, "docker network rm",
		"networks of apps that are gone use up network.pool", DOCTOR_WARNING,
		knows_other},
	{"stray-volumes", "/volumes?", "Volumes", "docker volume rm",
		"volumes of apps that are gone keep their data until you remove them",
		DOCTOR_WARNING, knows_other},
};

static const char *name_of(const cJSON *entry)
{
	const cJSON *names = cJSON_GetObjectItemCaseSensitive(entry, "Names");
	const char *name = names
		? cJSON_GetStringValue(cJSON_GetArrayItem(names, 0))
		: cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "Name"));

	return name ? name + strspn(name, "/") : "";
}

static int collect(const struct doctor *d, const struct kind *k, const cJSON *list,
	char names[NAMES_SIZE])
{
	const cJSON *entry;
	size_t used = 0;
	int found = 0;

	cJSON_ArrayForEach(entry, list)
	{
		const char *name = name_of(entry);

		if (!*name || k->knows(d, entry, name))
			continue;
		found++;
		if (used + strlen(name) + 2 < NAMES_SIZE)
			used += (size_t)snprintf(
				names + used, NAMES_SIZE - used, " %s", name);
	}
	return found;
}

static void check(const struct doctor *d, const struct kind *k, const char *filter)
{
	char names[NAMES_SIZE] = "", todo[NAMES_SIZE + 64];
	struct err err = {0};
	cJSON *reply = NULL;
	int found = 0, rc;

	rc = engine_call(d->server->engine, &reply, NULL, &err, "GET", "%sfilters=%s",
		k->path, filter);
	if (!rc)
		found = collect(d, k,
			k->list ? cJSON_GetObjectItemCaseSensitive(reply, k->list)
				: reply,
			names);
	cJSON_Delete(reply);
	if (rc == ERR_AWAY) /* it was told already */
		return;
	(void)snprintf(todo, sizeof(todo), "%s%s", k->remove, names);
	if (rc)
		doctor_tell(d, k->check, DOCTOR_PROBLEM, "", "%s", err.msg);
	else if (found)
		doctor_tell(
			d, k->check, k->level, todo, "%d of them: %s", found, k->means);
	else
		doctor_tell(d, k->check, DOCTOR_OK, "", "none");
}

void doctor_check_strays(const struct doctor *d)
{
	char plain[FILTER_SIZE], filter[FILTER_SIZE * 3];

	(void)snprintf(
		plain, sizeof(plain), "{\"label\":[\"bardo.server=%s\"]}", d->server->id);
	if (!engine_escape(plain, filter, sizeof(filter)))
		return;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		check(d, &kinds[i], filter);
}
