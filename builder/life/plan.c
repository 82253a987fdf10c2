#include "builder/life/plan.h"

#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* "/var/lib/data" of shop is the volume "shop_var_lib_data". */
static int add_volume(
	struct plan *p, const struct app *app, const char *path, struct err *err)
{
	struct plan_volume *v = &p->volumes[p->volumes_len];
	size_t n;

	if (p->volumes_len == PLAN_VOLUMES_MAX)
		return err_set(err, ERR_FAILED, "the image has more than %d VOLUMEs",
			PLAN_VOLUMES_MAX);
	if (strlen(path) >= sizeof(v->path))
		return err_set(
			err, ERR_FAILED, "the path of VOLUME %.60s… is too long", path);
	(void)snprintf(v->path, sizeof(v->path), "%s", path);
	n = (size_t)snprintf(
		v->name, sizeof(v->name), "%s_%s", app->name, path + strspn(path, "/"));
	while (n > 0 && v->name[n - 1] == '/')
		v->name[--n] = '\0';
	for (char *c = v->name; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.' && *c != '_')
			*c = '_';
	}
	for (size_t i = 0; i < p->volumes_len; i++) {
		if (!strcmp(p->volumes[i].name, v->name))
			return err_set(err, ERR_FAILED,
				"VOLUME %s and %s would be one volume, %s: rename one",
				p->volumes[i].path, v->path, v->name);
	}
	p->volumes_len++;
	return 0;
}

int plan_from_image(
	struct plan *p, const struct app *app, const cJSON *image, struct err *err)
{
	const cJSON *config = cJSON_GetObjectItemCaseSensitive(image, "Config");
	const cJSON *volumes = cJSON_GetObjectItemCaseSensitive(config, "Volumes");
	const cJSON *volume;
	int rc = 0;

	*p = (struct plan){.port = lowest_exposed(config)};
	if (!p->port && !has_healthcheck_none(config))
		p->port = PLAN_PORT_DEFAULT;
	cJSON_ArrayForEach(volume, volumes)
	{
		rc = add_volume(p, app, volume->string, err);
		if (rc)
			break;
	}
	return rc;
}

static cJSON *volumes_to_json(const struct plan *p)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; list && i < p->volumes_len; i++) {
		cJSON *v = cJSON_CreateObject();

		(void)cJSON_AddStringToObject(v, "name", p->volumes[i].name);
		(void)cJSON_AddStringToObject(v, "path", p->volumes[i].path);
		(void)cJSON_AddItemToArray(list, v);
	}
	return list;
}

char *plan_to_json(const struct plan *p)
{
	cJSON *root = cJSON_CreateObject();
	cJSON *env = cJSON_CreateObject();
	char port[16], *text;

	(void)snprintf(port, sizeof(port), "%d", p->port);
	(void)cJSON_AddNumberToObject(root, "port", p->port);
	if (p->port)
		(void)cJSON_AddStringToObject(env, "PORT", port);
	(void)cJSON_AddItemToObject(root, "env", env);
	(void)cJSON_AddItemToObject(root, "volumes", volumes_to_json(p));
	text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return text;
}

static int read_volumes(struct plan *p, const cJSON *volumes)
{
	const cJSON *volume;

	cJSON_ArrayForEach(volume, volumes)
	{
		struct plan_volume *v = &p->volumes[p->volumes_len];
		const char *name = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(volume, "name"));
		const char *path = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(volume, "path"));

		if (!name || !path || p->volumes_len == PLAN_VOLUMES_MAX ||
			strlen(name) >= sizeof(v->name) ||
			strlen(path) >= sizeof(v->path))
			return -1;
		(void)snprintf(v->name, sizeof(v->name), "%s", name);
		(void)snprintf(v->path, sizeof(v->path), "%s", path);
		p->volumes_len++;
	}
	return 0;
}

int plan_from_json(struct plan *p, const char *json, struct err *err)
{
	cJSON *root = cJSON_Parse(json);
	const cJSON *port = cJSON_GetObjectItemCaseSensitive(root, "port");
	int rc = 0;

	*p = (struct plan){0};
	if (cJSON_IsNumber(port))
		p->port = port->valueint;
	if (!cJSON_IsNumber(port) ||
		read_volumes(p, cJSON_GetObjectItemCaseSensitive(root, "volumes")) < 0)
		rc = err_set(
			err, ERR_FAILED, "the life's stored configuration is damaged");
	cJSON_Delete(root);
	return rc;
}

bool plan_stops_first(const struct plan *p)
{
	return p->volumes_len > 0;
}
