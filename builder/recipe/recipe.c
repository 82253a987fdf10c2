#include "builder/recipe/recipe.h"

#include "builder/recipe/app_json.h"
#include "builder/recipe/bardo_json.h"
#include "builder/recipe/procfile.h"
#include "builder/source/file.h"
#include "builder/source/repository.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>

struct reading {
	struct source_repository repository;
	git_oid tree; /* the commit's */
	const struct recipe_options *o;
	struct buf text;
};

static const char *or_default(const char *path, const char *otherwise)
{
	return path && *path ? path : otherwise;
}

/* Reads a file of the folder into text; links may lead anywhere in the repository.
 * ERR_NOTFOUND without a message: there is none. */
static int read_file(struct reading *r, const char *path, struct err *err)
{
	char whole[SOURCE_PATH_SIZE], file[SOURCE_PATH_SIZE];
	git_oid id;
	int n, rc;

	buf_reset(&r->text);
	/* As below a folder: ".." leads out of it and is found nowhere. */
	if (!source_path_relative(file, path) || !*file)
		return ERR_NOTFOUND;
	n = snprintf(whole, sizeof(whole), "%s/%s", r->o->dir ? r->o->dir : "", file);
	if (n < 0 || (size_t)n >= sizeof(whole))
		return ERR_NOTFOUND;
	rc = source_file_find(&r->repository, &r->tree, whole, file, &id, err);
	return rc ? rc : source_file_read(&r->repository, &id, path, &r->text, err);
}

static int read_procfile(struct reading *r, struct recipe *out, struct err *err)
{
	const char *path = or_default(r->o->procfile, RECIPE_PROCFILE);
	int rc = read_file(r, path, err);

	if (rc)
		return rc == ERR_NOTFOUND ? 0 : rc;
	rc = procfile_parse(buf_text(&r->text), r->text.len, &out->processes, err);
	return rc ? err_prefix(err, "%s: ", path) : 0;
}

static int read_app_json(struct reading *r, struct recipe *out, struct err *err)
{
	const char *path = or_default(r->o->app_json, RECIPE_APP_JSON);
	int rc = read_file(r, path, err);

	if (rc)
		return rc == ERR_NOTFOUND ? 0 : rc;
	rc = app_json_parse(buf_text(&r->text), r->text.len, &out->app, err);
	return rc ? err_prefix(err, "%s: ", path) : 0;
}

static int read_configuration(struct reading *r, struct recipe *out, struct err *err)
{
	const char *name = or_default(r->o->configuration, "");
	int rc = read_file(r, RECIPE_BARDO_JSON, err);

	if (rc == ERR_NOTFOUND && *name)
		return err_set(err, ERR_FAILED,
			"the commit has no " RECIPE_BARDO_JSON
			", but the configuration %.80s is set: commit one, or take it "
			"back "
			"with apps:set APP configuration",
			name);
	if (rc)
		return rc == ERR_NOTFOUND ? 0 : rc;
	rc = bardo_json_parse(
		buf_text(&r->text), r->text.len, name, &out->configuration, err);
	return rc ? err_prefix(err, RECIPE_BARDO_JSON ": ") : 0;
}

int recipe_read(struct recipe *out, const struct recipe_options *o, struct err *err)
{
	struct reading r = {.o = o};
	int64_t time;
	int rc;

	*out = (struct recipe){0};
	buf_init(&r.text, RECIPE_FILE_MAX);
	rc = source_repository_init(&r.repository, o->repository, err);
	if (!rc)
		rc = source_repository_commit(
			&r.repository, o->commit, &r.tree, &time, err);
	if (!rc)
		rc = read_procfile(&r, out, err);
	if (!rc)
		rc = read_app_json(&r, out, err);
	if (!rc)
		rc = read_configuration(&r, out, err);
	if (rc)
		recipe_finish(out);
	buf_finish(&r.text);
	source_repository_finish(&r.repository);
	return rc;
}

void recipe_finish(struct recipe *r)
{
	cJSON_Delete(r->processes);
	cJSON_Delete(r->app);
	cJSON_Delete(r->configuration);
	*r = (struct recipe){0};
}
