#include "builder/recipe/of_app.h"

#include "builder/recipe/recipe.h"
#include "builder/server.h"
#include "config/app/build_settings.h"
#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#define SECRET_BYTES 32

int recipe_of_app(struct recipe *out, struct server *s, const struct app *app,
	const char *repository, const char *commit, struct err *err)
{
	char procfile[PROPERTY_VALUE_SIZE], app_json[PROPERTY_VALUE_SIZE],
		configuration[PROPERTY_VALUE_SIZE];
	struct build_settings build = {0};
	const struct recipe_options options = {
		.repository = repository,
		.commit = commit,
		.dir = build.dir,
		.procfile = procfile,
		.app_json = app_json,
		.configuration = configuration,
	};
	int rc = build_settings_read(&build, s->store, s->settings, app->id, err);

	if (!rc)
		rc = property_get(
			s->store, app->id, "ps", "procfile-path", procfile, err);

	if (!rc)
		rc = property_get(
			s->store, app->id, "app-json", "appjson-path", app_json, err);
	if (!rc)
		rc = property_get(
			s->store, app->id, "apps", "configuration", configuration, err);
	return rc ? rc : recipe_read(out, &options, err);
}

/* ---- the env of app.json ---- */

static const char *text_of(const cJSON *variable, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(variable, name));
}

static const char *value_of(const cJSON *variable)
{
	return cJSON_IsString(variable) ? cJSON_GetStringValue(variable)
					: text_of(variable, "value");
}

static bool is_required(const cJSON *variable)
{
	return !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(variable, "required"));
}

static const cJSON *env_of(const struct recipe *r)
{
	return cJSON_GetObjectItemCaseSensitive(r->app, "env");
}

int recipe_check_env(
	const struct recipe *r, struct server *s, const struct app *app, struct err *err)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(r->configuration, "env");
	struct variables set = {0};
	const cJSON *variable;
	int rc = env_of(r) ? variables_read_merged(s->store, app->id, &set, err) : 0;

	cJSON_ArrayForEach(variable, env_of(r))
	{
		const char *name = variable->string;

		if (rc || value_of(variable) || text_of(variable, "generator") ||
			!is_required(variable) || variables_get(&set, name) ||
			cJSON_GetObjectItemCaseSensitive(given, name))
			continue;
		rc = err_set(err, ERR_FAILED,
			RECIPE_APP_JSON ": env.%s is required and has no value: %s%s%s"
					"config:set %s %s=…, then push again",
			name, app->provisional ? "apps:create " : "",
			app->provisional ? app->name : "",
			app->provisional ? " and " : "", app->name, name);
	}
	variables_finish(&set);
	return rc;
}

static int generate_secret(char out[2 * SECRET_BYTES + 1], struct err *err)
{
	unsigned char bytes[SECRET_BYTES];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

/* Adds the variable to those that are to be set, if it is its turn. */
static int choose(const cJSON *variable, bool first, const struct variables *set,
	struct variables *out, struct err *err)
{
	const bool sync =
		cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(variable, "sync"));
	const char *now = variables_get(set, variable->string);
	const char *value = value_of(variable);
	char secret[2 * SECRET_BYTES + 1];
	int rc;

	if (now ? !sync || !value || !strcmp(now, value) : !first && !sync)
		return 0;
	if (value)
		return variables_put(out, variable->string, value, err);
	if (!text_of(variable, "generator"))
		return 0;
	rc = generate_secret(secret, err);
	return rc ? rc : variables_put(out, variable->string, secret, err);
}

static void list_names(const struct variables *v, char *names, size_t size)
{
	size_t n = 0;

	names[0] = '\0';
	for (size_t i = 0; i < v->len && n < size; i++)
		n += (size_t)snprintf(
			names + n, size - n, "%s%s", i ? ", " : "", v->items[i].name);
}

int recipe_set_env(const struct recipe *r, struct server *s, const struct app *app,
	char *names, size_t size, struct err *err)
{
	struct variables set = {0}, wanted = {0};
	const cJSON *variable;
	int rc = env_of(r) ? variables_read_merged(s->store, app->id, &set, err) : 0;

	cJSON_ArrayForEach(variable, env_of(r))
	{
		if (!rc)
			rc = choose(variable, !app->live, &set, &wanted, err);
	}
	if (!rc && wanted.len)
		rc = variables_change(s->store, app->id, &wanted, NULL, 0, NULL, err);
	list_names(&wanted, names, size);
	variables_finish(&set);
	variables_finish(&wanted);
	return rc;
}
