#include "receiver/dispatch/command.h"

#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/record/apps.h"

#include <string.h>

#define NAMES_MAX 512

int command_no_property(
	const struct request *r, const char *name, const char *names, struct err *err)
{
	const char *instead = command_elsewhere(r->argv[0], name);

	if (instead)
		return err_set(err, ERR_USAGE, "bardo has no %s %.60s: %s", r->argv[0],
			name, instead);
	return err_set(
		err, ERR_USAGE, "there is no property %.60s: there is %s", name, names);
}

static int find(const struct request *r, const struct property *properties, size_t len,
	const char *name, const struct property **out, struct err *err)
{
	struct buf names;

	for (size_t i = 0; i < len; i++) {
		if (!strcmp(properties[i].name, name)) {
			*out = &properties[i];
			return 0;
		}
	}
	buf_init(&names, NAMES_MAX);
	for (size_t i = 0; i < len; i++)
		(void)buf_addf(&names, "%s%s", i ? ", " : "", properties[i].name);
	(void)command_no_property(r, name, buf_text(&names), err);
	buf_finish(&names);
	return ERR_USAGE;
}

/* With --global the words are NAME [VALUE], else APP NAME [VALUE]. */
static int find_app(struct request *r, bool global, struct app *app, struct err *err)
{
	*app = (struct app){.id = EVERY_APP};
	return global ? command_check_global(r, err) : command_app(r, app, err);
}

/* How a value is judged and put in force; either may be NULL. */
struct wishes {
	property_judge *judge;
	property_route *route;
};

static int put(struct request *r, const struct app *app, const char *family,
	const char *name, const char *value, property_route *route, struct err *err)
{
	return route ? command_property_route(r, app, family, name, value, route, err)
		     : property_set(r->server.store, app->id, family, name, value, err);
}

static int set(struct request *r, const char *family, const struct property *properties,
	size_t len, const struct wishes *wishes, struct app *app, struct err *err)
{
	const struct property *property;
	const char *value;
	bool global = false;
	const struct command_option options[] = {{"--global", NULL, &global, NULL}};
	int first, rc = command_options(r, options, 1, 1, 3, err);

	first = global ? 1 : 2;
	if (!rc && (r->argc <= first || r->argc > first + 2))
		rc = err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	if (!rc)
		rc = find_app(r, global, app, err);
	if (!rc)
		rc = find(r, properties, len, r->argv[first], &property, err);
	if (rc)
		return rc;
	value = r->argc > first + 1 ? r->argv[first + 1] : "";
	if (*value && property->check)
		rc = property->check(value, err);
	if (!rc && *value && wishes->judge)
		rc = wishes->judge(r, app, property->name, value, err);
	if (!rc)
		rc = put(r, app, family, property->name, value, wishes->route, err);
	if (!rc && *value)
		command_say(r, "=====> Setting %s to %s\n", property->name, value);
	else if (!rc)
		command_say(r, "=====> Unsetting %s\n", property->name);
	return rc;
}

int command_property_set(struct request *r, const char *family,
	const struct property *properties, size_t len, struct app *app, struct err *err)
{
	return set(r, family, properties, len, &(struct wishes){0}, app, err);
}

int command_property_set_judged(struct request *r, const char *family,
	const struct property *properties, size_t len, property_judge *judge,
	struct app *app, struct err *err)
{
	return set(
		r, family, properties, len, &(struct wishes){.judge = judge}, app, err);
}

int command_property_set_routed(struct request *r, const char *family,
	const struct property *properties, size_t len, property_route *route,
	struct app *app, struct err *err)
{
	return set(
		r, family, properties, len, &(struct wishes){.route = route}, app, err);
}

int command_property_route(struct request *r, const struct app *app, const char *family,
	const char *name, const char *value, property_route *route, struct err *err)
{
	struct store *s = r->server.store;
	char before[PROPERTY_VALUE_SIZE];
	int rc = property_get_own(s, app->id, family, name, before, err);

	if (!rc)
		rc = property_set(s, app->id, family, name, value, err);
	if (rc)
		return rc;
	rc = route(&r->server, app->id == EVERY_APP ? NULL : app, err);
	if (rc && rc != ERR_AWAY) {
		(void)property_set(s, app->id, family, name, before, NULL);
		(void)route(&r->server, NULL, NULL);
	}
	return rc;
}
