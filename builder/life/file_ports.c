#include "builder/life/file_ports.h"

#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/life/route.h"
#include "builder/recipe/recipe.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"
#include "config/record/lives.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* "http:8105:9000", which was judged when the file was read. */
static void split(const char *text, struct port_mapping *out)
{
	const char *host = strchr(text, ':');
	const char *container = host ? strchr(host + 1, ':') : NULL;
	char number[8] = "";
	int64_t n = 0;

	*out = (struct port_mapping){0};
	if (!container)
		return;
	(void)snprintf(
		number, sizeof(number), "%.*s", (int)(container - host - 1), host + 1);
	if (number_parse(number, 1, 65535, &n) == 0)
		out->host = (int)n;
	if (number_parse(container + 1, 1, 65535, &n) == 0)
		out->container = (int)n;
}

/* by_command: the file's mappings don't count now, and keep nobody from deploying. */
static int add(cJSON *list, struct server *s, const struct app *app,
	const struct port_mapping *m, bool by_command, struct err *err)
{
	struct err why = {0};
	cJSON *one;

	if (!by_command && ports_check(s->store, s->settings, app, m->host, &why) < 0)
		return err_set(err, ERR_FAILED, RECIPE_BARDO_JSON ": ports: %s", why.msg);
	one = cJSON_CreateObject();
	(void)cJSON_AddNumberToObject(one, "host", m->host);
	(void)cJSON_AddNumberToObject(one, "container", m->container);
	(void)cJSON_AddItemToArray(list, one);
	return 0;
}

int file_ports_compose(cJSON *plan, struct server *s, const struct app *app,
	const cJSON *configuration, int *web, struct err *err)
{
	const cJSON *texts = cJSON_GetObjectItemCaseSensitive(configuration, "ports");
	const cJSON *text;
	cJSON *list;
	bool by_command = false;
	int first = 0, rc;

	*web = 0;
	if (!texts)
		return 0;
	rc = ports_are_by_command(s->store, app, &by_command, err);
	list = cJSON_AddArrayToObject(plan, "ports");
	cJSON_ArrayForEach(text, texts)
	{
		struct port_mapping m;

		split(cJSON_GetStringValue(text), &m);
		first = first ? first : m.container;
		if (ports_of_names(s->settings, m.host) != PORTS_NOT_NAMES)
			*web = *web ? *web : m.container;
		else if (!rc)
			rc = add(list, s, app, &m, by_command, err);
	}
	*web = *web ? *web : first;
	return rc;
}

/* Those of the plan; its own port where it has none. */
static void read_plan(const struct app *app, const struct plan *plan,
	struct port_mapping out[PORTS_MAX], size_t *len)
{
	const cJSON *one;

	*len = 0;
	cJSON_ArrayForEach(one, plan_part(plan, "ports"))
	{
		const cJSON *host = cJSON_GetObjectItemCaseSensitive(one, "host");
		const cJSON *inside = cJSON_GetObjectItemCaseSensitive(one, "container");

		if (*len == PORTS_MAX || !cJSON_IsNumber(host) || !cJSON_IsNumber(inside))
			continue;
		out[(*len)++] = (struct port_mapping){host->valueint,
			inside->valueint == plan_port(plan) ? PORT_OWN
							    : inside->valueint};
	}
	if (!*len)
		out[(*len)++] = (struct port_mapping){app->port, PORT_OWN};
}

int file_ports_read(struct server *s, const struct app *app, const struct plan *plan,
	struct port_mapping out[PORTS_MAX], size_t *len, struct err *err)
{
	bool by_command = false;
	int rc = ports_are_by_command(s->store, app, &by_command, err);

	if (!rc && by_command)
		return ports_read(s->store, app, out, len, err);
	if (!rc)
		read_plan(app, plan, out, len);
	return rc;
}

static int apply(struct server *s, const struct app *app, const struct life *live,
	const struct plan *plan, struct err *err)
{
	struct port_mapping is[PORTS_MAX], wanted[PORTS_MAX];
	size_t is_len, len;
	bool same;
	int rc = ports_read(s->store, app, is, &is_len, err);

	if (!rc)
		rc = file_ports_read(s, app, plan, wanted, &len, err);
	if (rc)
		return rc;
	same = is_len == len;
	for (size_t i = 0; i < len && same; i++)
		same = is[i].host == wanted[i].host &&
			is[i].container == wanted[i].container;
	if (same)
		return 0;
	rc = ports_replace(s->store, s->settings, app, wanted, len, PORTS_BY_FILE, err);
	return rc ? rc : route_ports_of(s, app, live, err);
}

int file_ports_follow(
	struct server *s, const struct app *app, const struct life *live, struct err *err)
{
	struct plan plan = {0};
	int rc = life_read_plan(s, live, &plan, err);

	if (!rc)
		rc = apply(s, app, live, &plan, err);
	plan_finish(&plan);
	return rc;
}
