#include "receiver/commands/command.h"

#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/record/apps.h"

#include <stdio.h>
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

int command_property_set(struct request *r, const char *family,
	const struct property *properties, size_t len, struct app *app, struct err *err)
{
	return command_property_set_judged(r, family, properties, len, NULL, app, err);
}

int command_property_set_judged(struct request *r, const char *family,
	const struct property *properties, size_t len, property_judge *judge,
	struct app *app, struct err *err)
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
	if (!rc && *value && judge)
		rc = judge(r, app, property->name, value, err);
	if (!rc)
		rc = property_set(
			r->server.store, app->id, family, property->name, value, err);
	if (!rc && *value)
		command_say(r, "=====> Setting %s to %s\n", property->name, value);
	else if (!rc)
		command_say(r, "=====> Unsetting %s\n", property->name);
	return rc;
}
