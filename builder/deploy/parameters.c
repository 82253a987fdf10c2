#include "builder/deploy/passage.h"

#include "builder/life/resource_lines.h"
#include "builder/options/docker_options.h"
#include "builder/server.h"
#include "config/app/listed.h"
#include "config/app/resources.h"
#include "config/app/variables.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

struct adding {
	cJSON *parameters;
	struct err *err;
};

static int add_option(void *ctx, const struct listed *l)
{
	const struct adding *a = ctx;

	return strcmp(l->part, "build") != 0
		? 0
		: docker_option_apply_build(a->parameters, l->text, a->err);
}

static int add_resource(void *ctx, const struct resource *r)
{
	const struct adding *a = ctx;

	return strcmp(r->process, RESOURCE_BUILD) != 0 ||
			strcmp(r->kind, RESOURCE_LIMIT) != 0
		? 0
		: resource_apply_build(a->parameters, r->name, r->value, a->err);
}

int passage_build_parameters(struct passage *p, cJSON **out, struct err *err)
{
	struct adding a = {cJSON_CreateObject(), err};
	struct store *s = p->server->store;
	char target[BUILD_PATH_MAX + sizeof("--target ")];
	int rc = 0;

	(void)snprintf(target, sizeof(target), "--target %s", p->build.target);
	if (*p->build.target)
		rc = docker_option_apply_build(a.parameters, target, err);
	if (!rc)
		rc = resources_each(s, EVERY_APP, add_resource, &a, err);
	if (!rc)
		rc = resources_each(s, p->app->id, add_resource, &a, err);
	if (!rc)
		rc = listed_each(s, p->app->id, LISTED_OPTION, add_option, &a, err);
	if (rc)
		cJSON_Delete(a.parameters);
	else
		*out = a.parameters;
	return rc;
}
