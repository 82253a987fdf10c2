#include "builder/deploy/passage.h"

#include "builder/image/build.h"
#include "builder/life/compose.h"
#include "builder/life/container.h"
#include "builder/life/life.h"
#include "builder/life/published.h"
#include "builder/life/route.h"
#include "builder/life/volume.h"
#include "builder/recipe/left_out.h"
#include "builder/recipe/of_app.h"
#include "builder/say.h"
#include "builder/server.h"
#include "builder/source/source.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/paths.h"
#include "config/record/images.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SHOWN 16 /* bytes */
#define NAMES_SIZE 1000

/* What is set for builds may be long, and secret: its digest tells it from others. */
static void describe_build(
	const struct build_settings *b, const cJSON *parameters, char *out, size_t size)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char *json = parameters->child ? cJSON_PrintUnformatted(parameters) : NULL;
	int n = snprintf(out, size, "dir=%s\ndockerfile=%s\nbuilder=%s\n", b->dir,
		b->dockerfile, build_settings_builder(b));

	if (json && EVP_Digest(json, strlen(json), digest, NULL, EVP_sha256(), NULL)) {
		n += snprintf(out + n, size - (size_t)n, "options=");
		for (size_t i = 0; i < DIGEST_SHOWN && (size_t)n + 3 < size; i++)
			n += snprintf(out + n, size - (size_t)n, "%02x", digest[i]);
	}
	cJSON_free(json);
}

/* The tag is written down before the Engine makes it, so that undo finds it. */
static int reserve_tag(struct passage *p, struct image *image, struct err *err)
{
	struct image reserved;
	int rc = image_choose_tag(p->server->store, p->app, image, err);

	if (rc)
		return rc;
	reserved = *image;
	*reserved.image_id = '\0';
	rc = life_set_image(p->server->store, p->life, image->tag, "", err);
	return rc ? rc : image_add(p->server->store, p->app, &reserved, err);
}

static void free_tag(struct passage *p, const struct image *image)
{
	(void)life_set_image(p->server->store, p->life, "", "", NULL);
	(void)image_forget(p->server->store, p->app, image->tag, NULL);
}

static int use_image(struct passage *p, struct image *image, bool is_new, struct err *err)
{
	int rc = is_new ? image_set_id(p->server->store, p->app, image, err) : 0;

	return rc ? rc
		  : life_set_image(
			    p->server->store, p->life, image->tag, image->image_id, err);
}

/* The same tree was built before: give its image this commit's tag. ERR_NOTFOUND if there
 * is none any more. */
static int use_built(struct passage *p, struct image *wanted, struct err *err)
{
	struct image built;
	int rc = image_find_built(p->server->store, p->app, wanted->tree,
		wanted->build_settings, &built, err);

	if (rc)
		return rc;
	(void)snprintf(wanted->image_id, sizeof(wanted->image_id), "%s", built.image_id);
	if (!strcmp(built.commit, wanted->commit)) {
		rc = image_inspect(p->server, built.image_id, &p->image, err);
		(void)snprintf(wanted->tag, sizeof(wanted->tag), "%s", built.tag);
		if (!rc)
			rc = use_image(p, wanted, false, err);
	} else {
		rc = reserve_tag(p, wanted, err);
		if (!rc)
			rc = image_add_tag(p->server, built.image_id, wanted->tag, err);
		if (!rc)
			rc = use_image(p, wanted, true, err);
		else /* the tag is free for the build that follows */
			free_tag(p, wanted);
	}
	if (!rc)
		say_step(p->say, "This tree was built before: using %s", built.tag);
	return rc;
}

static int build_source(struct passage *p, struct source *source, const cJSON *parameters,
	struct image *image, struct err *err)
{
	char tree[64], created[CLOCK_TEXT_MAX + 64], app[NAME_SIZE + 16],
		time[CLOCK_TEXT_MAX];
	char server[SERVER_ID_SIZE + 16];
	const char *labels[] = {app, server, tree, created, NULL};
	struct build_options options = {
		.dockerfile = p->build.dockerfile,
		.tag = image->tag,
		.labels = labels,
		.parameters = parameters,
		.classic = p->build.classic,
		.no_cache = p->d->no_cache,
		.timeout = p->server->settings->build_timeout,
	};
	int rc;

	clock_format(source_time(source) * 1000, time);
	(void)snprintf(app, sizeof(app), "bardo.app=%s", p->app->name);
	(void)snprintf(server, sizeof(server), "bardo.server=%s", p->server->id);
	(void)snprintf(tree, sizeof(tree), "bardo.tree=%s", image->tree);
	(void)snprintf(
		created, sizeof(created), "org.opencontainers.image.created=%s", time);
	rc = reserve_tag(p, image, err);
	options.tag = image->tag;
	if (!rc)
		rc = build_image(p->server->engine, source, &options, p->say,
			image->image_id, err);
	return rc ? rc : use_image(p, image, true, err);
}

static int image_from_commit(struct passage *p, struct err *err)
{
	char repository[PATH_TEXT_MAX];
	struct image image = {0};
	struct source *source;
	cJSON *parameters = NULL;
	bool again = p->d->rebuild;
	struct source_options options = {
		.repository = path_repository(p->server->settings, p->app, repository),
		.commit = p->life->commit,
		.dir = p->build.dir,
		.dockerfile = p->build.dockerfile,
	};
	int rc = build_settings_read(
		&p->build, p->server->store, p->server->settings, p->app->id, err);

	options.classic = p->build.classic;
	if (!rc)
		rc = source_open(&source, &options, err);
	if (rc)
		return rc;
	(void)snprintf(image.commit, sizeof(image.commit), "%s", p->life->commit);
	(void)snprintf(image.tree, sizeof(image.tree), "%s", source_tree(source));
	rc = passage_build_parameters(p, &parameters, err);
	if (!rc) {
		describe_build(&p->build, parameters, image.build_settings,
			sizeof(image.build_settings));
		again = again || cJSON_GetObjectItemCaseSensitive(parameters, "nocache");
		rc = again ? ERR_NOTFOUND : use_built(p, &image, err);
	}
	if (rc == ERR_NOTFOUND)
		rc = build_source(p, source, parameters, &image, err);
	cJSON_Delete(parameters);
	source_close(source);
	return rc;
}

/* What an old life ran. */
static int image_from_life(struct passage *p, struct err *err)
{
	const struct life *from = p->d->from;
	int rc = image_inspect(p->server, from->image_id, &p->image, err);

	if (rc == ERR_NOTFOUND) {
		say_step(p->say,
			"The image of life %d is gone: building its commit again",
			from->number);
		return image_from_commit(p, err);
	}
	if (rc)
		return rc;
	say_step(p->say, "Using %s of life %d", from->tag, from->number);
	return life_set_image(p->server->store, p->life, from->tag, from->image_id, err);
}

/* ---- the configuration ---- */

static void say_left_out(void *ctx, const char *line)
{
	say_detail(ctx, "%s", line);
}

/* Before the build: a file that is wrong costs none. */
static int read_recipe(struct passage *p, struct err *err)
{
	char repository[PATH_TEXT_MAX], names[NAMES_SIZE];
	int rc = recipe_of_app(&p->recipe, p->server, p->app,
		path_repository(p->server->settings, p->app, repository), p->life->commit,
		err);

	if (rc || p->d->from)
		return rc;
	recipe_each_left_out(&p->recipe, say_left_out, p->say);
	rc = recipe_check_env(&p->recipe, p->server, p->app, err);
	if (!rc)
		rc = plan_check_recipe(p->server, p->app, &p->recipe, err);
	if (!rc)
		rc = recipe_set_env(
			&p->recipe, p->server, p->app, names, sizeof(names), err);
	if (!rc && *names)
		say_step(p->say, "Setting what " RECIPE_APP_JSON " has for the app: %s",
			names);
	return rc;
}

static int compose(struct passage *p, struct err *err)
{
	int rc = 0;

	if (!p->image)
		rc = image_inspect(p->server, p->life->image_id, &p->image, err);
	if (!rc)
		rc = plan_compose(&p->plan, p->server, p->app, p->image, &p->recipe, err);
	return rc ? rc : volumes_check_mounts(p->server, p->app, &p->plan, err);
}

static int freeze(struct passage *p, struct err *err)
{
	char *json = plan_print(&p->plan);
	int rc;

	if (!json)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = life_set_config(p->server->store, p->life, json, err);
	free(json);
	return rc;
}

int passage_get_image(struct passage *p, struct err *err)
{
	const struct life *from = p->d->from;
	bool as_it_was = from && !p->d->renew;
	int rc = life_set_state(p->server->store, p->life, LIFE_BUILDING, err);

	if (!rc && !as_it_was)
		rc = read_recipe(p, err);
	if (rc)
		return rc;
	rc = from ? image_from_life(p, err) : image_from_commit(p, err);
	if (rc)
		return err_prefix(err, "build failed: ");
	rc = as_it_was ? life_read_plan(p->server, from, &p->plan, err) : compose(p, err);
	/* How it is reached belongs to the app, not to what it was. */
	if (!rc)
		rc = published_compose(&p->plan, p->server, p->app, err);
	/* bardo.json may have ports of its own. */
	if (!rc)
		route_url(p->server, p->app, &p->plan, p->d->client_side, p->life->url);
	if (!rc)
		rc = freeze(p, err);
	if (!rc)
		rc = passage_mask(p, err);
	if (rc)
		return err_prefix(err, "configuration failed: ");
	passage_end_phase(p, "build");
	return 0;
}
