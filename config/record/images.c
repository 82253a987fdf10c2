#include "config/record/images.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/store.h"

#include <stdio.h>
#include <string.h>

#define TAG_COMMIT_LEN 12
#define COLUMNS "tag, image_id, commit_id, tree, build_settings"

static int read_one(
	struct sqlite3_stmt *q, struct image *out, const char *none, struct err *err)
{
	int rc = store_step(q, err);

	if (rc == 1) {
		store_text(q, 0, out->tag, sizeof(out->tag));
		store_text(q, 1, out->image_id, sizeof(out->image_id));
		store_text(q, 2, out->commit, sizeof(out->commit));
		store_text(q, 3, out->tree, sizeof(out->tree));
		store_text(q, 4, out->build_settings, sizeof(out->build_settings));
	}
	store_query_finish(q);
	if (rc == 0)
		return err_set(err, ERR_NOTFOUND, "%s", none);
	return rc < 0 ? rc : 0;
}

int image_find_built(struct store *s, const struct app *app, const char *tree,
	const char *build_settings, struct image *out, struct err *err)
{
	return read_one(
		store_query(s, err,
			STORE_SQL("SELECT " COLUMNS " FROM image WHERE app_id = ? AND "
				  "tree = ? AND build_settings = ? AND image_id <> '' "
				  "ORDER BY created_at DESC LIMIT 1"),
			STORE_I(app->id), STORE_T(tree), STORE_T(build_settings)),
		out, "this tree was not built before", err);
}

int image_first(
	struct store *s, const struct app *app, struct image *out, struct err *err)
{
	return read_one(store_query(s, err,
				STORE_SQL("SELECT " COLUMNS
					  " FROM image WHERE app_id = ? LIMIT 1"),
				STORE_I(app->id)),
		out, "the app has no images", err);
}

int image_find_old(struct store *s, const struct app *app, int64_t keep,
	struct image *out, struct err *err)
{
	return read_one(
		store_query(s, err,
			STORE_SQL(
				"SELECT " COLUMNS
				" FROM image WHERE app_id = ?1 AND tag NOT IN "
				"(SELECT tag FROM image WHERE app_id = ?1 "
				"ORDER BY created_at DESC LIMIT ?2) AND tag NOT IN "
				"(SELECT tag FROM life WHERE app_id = ?1 AND live_at > 0 "
				"GROUP BY tag ORDER BY max(number) DESC LIMIT 2) AND tag "
				"NOT IN (SELECT tag FROM life, app WHERE app.id = ?1 AND "
				"app_id = app.id AND number IN (live, stable)) "
				"ORDER BY created_at LIMIT 1"),
			STORE_I(app->id), STORE_I(keep)),
		out, "no image is old enough", err);
}

int image_find_failed(
	struct store *s, const struct app *app, struct image *out, struct err *err)
{
	return read_one(
		store_query(s, err,
			STORE_SQL("SELECT " COLUMNS " FROM image i WHERE app_id = ?1 AND "
				  "EXISTS (SELECT 1 FROM life WHERE tag = i.tag AND "
				  "app_id = ?1 AND state = 'failed') AND "
				  "NOT EXISTS (SELECT 1 FROM life WHERE tag = i.tag AND "
				  "app_id = ?1 AND (state <> 'failed' OR live_at > 0))"),
			STORE_I(app->id)),
		out, "no failed life has left an image", err);
}

static int tag_is_taken(struct store *s, const char *tag, struct err *err)
{
	/* A life keeps its tag when the image is gone: the tag stays spent. So it does
	 * when its app has another name by now and an app is made under the old one. */
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT EXISTS (SELECT 1 FROM image WHERE tag = ?1) OR "
			  "EXISTS (SELECT 1 FROM life WHERE tag = ?1)"),
		STORE_T(tag));
	int rc = store_step(q, err);

	if (rc == 1)
		rc = store_int(q, 0) ? 1 : 0;
	store_query_finish(q);
	return rc;
}

int image_choose_tag(
	struct store *s, const struct app *app, struct image *image, struct err *err)
{
	for (int n = 1;; n++) {
		char suffix[16] = "";
		int rc;

		if (n > 1)
			(void)snprintf(suffix, sizeof(suffix), "-%d", n);
		(void)snprintf(image->tag, sizeof(image->tag), "bardo/%s:%.*s%s",
			app->name, TAG_COMMIT_LEN, image->commit, suffix);
		rc = tag_is_taken(s, image->tag, err);
		if (rc <= 0)
			return rc;
	}
}

int image_add(struct store *s, const struct app *app, const struct image *image,
	struct err *err)
{
	return store_do(s, err,
		STORE_SQL("INSERT INTO image (app_id, tag, image_id, commit_id, tree, "
			  "build_settings, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)"),
		STORE_I(app->id), STORE_T(image->tag), STORE_T(image->image_id),
		STORE_T(image->commit), STORE_T(image->tree),
		STORE_T(image->build_settings), STORE_I(clock_unix_ms()));
}

int image_set_id(struct store *s, const struct app *app, const struct image *image,
	struct err *err)
{
	return store_do(s, err,
		STORE_SQL("UPDATE image SET image_id = ? WHERE app_id = ? AND tag = ?"),
		STORE_T(image->image_id), STORE_I(app->id), STORE_T(image->tag));
}

int image_forget(struct store *s, const struct app *app, const char *tag, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("DELETE FROM image WHERE app_id = ? AND tag = ?"),
		STORE_I(app->id), STORE_T(tag));
}

int image_find_tag(struct store *s, const struct app *app, const char *tag,
	struct image *out, struct err *err)
{
	return read_one(store_query(s, err,
				STORE_SQL("SELECT " COLUMNS
					  " FROM image WHERE app_id = ? AND tag = ?"),
				STORE_I(app->id), STORE_T(tag)),
		out, "there is no such image", err);
}

int image_find_misnamed(
	struct store *s, const struct app *app, struct image *out, struct err *err)
{
	char prefix[TAG_SIZE];

	(void)snprintf(prefix, sizeof(prefix), "bardo/%s:", app->name);
	return read_one(
		store_query(s, err,
			STORE_SQL("SELECT " COLUMNS " FROM image WHERE app_id = ?1 AND "
				  "substr(tag, 1, length(?2)) <> ?2 LIMIT 1"),
			STORE_I(app->id), STORE_T(prefix)),
		out, "every image has the app's name", err);
}

/* What a rename that was cut off has written down already. */
static int find_begun(struct store *s, const struct app *app, const struct image *image,
	const char *tag, struct err *err)
{
	struct image begun;
	int rc = image_find_tag(s, app, tag, &begun, NULL);

	if (!rc)
		return strcmp(begun.image_id, image->image_id) ? ERR_EXISTS : 0;
	return rc == ERR_NOTFOUND
		? rc
		: err_set(err, rc, "cannot look for %s in the database", tag);
}

static int choose_new_tag(struct store *s, const struct app *app,
	const struct image *image, char tag[TAG_SIZE], struct err *err)
{
	const char *colon = strrchr(image->tag, ':');
	struct image same_commit = *image;
	int rc;

	(void)snprintf(tag, TAG_SIZE, "bardo/%s%s", app->name, colon ? colon : ":");
	rc = find_begun(s, app, image, tag, err);
	if (rc == ERR_NOTFOUND)
		rc = tag_is_taken(s, tag, err) ? ERR_EXISTS : ERR_NOTFOUND;
	if (rc != ERR_EXISTS)
		return rc;
	rc = image_choose_tag(s, app, &same_commit, err);
	(void)snprintf(tag, TAG_SIZE, "%s", same_commit.tag);
	return rc ? rc : ERR_NOTFOUND;
}

int image_begin_rename(struct store *s, const struct app *app, const struct image *image,
	char tag[TAG_SIZE], struct err *err)
{
	int rc = choose_new_tag(s, app, image, tag, err);

	if (rc != ERR_NOTFOUND)
		return rc;
	return store_do(s, err,
		STORE_SQL("INSERT INTO image (app_id, tag, image_id, commit_id, tree, "
			  "build_settings, created_at) SELECT app_id, ?, image_id, "
			  "commit_id, tree, build_settings, created_at FROM image "
			  "WHERE app_id = ? AND tag = ?"),
		STORE_T(tag), STORE_I(app->id), STORE_T(image->tag));
}

int image_finish_rename(struct store *s, const struct app *app, const struct image *image,
	const char *tag, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = store_do(s, err,
		STORE_SQL("UPDATE life SET tag = ? WHERE app_id = ? AND tag = ?"),
		STORE_T(tag), STORE_I(app->id), STORE_T(image->tag));
	if (!rc)
		rc = image_forget(s, app, image->tag, err);
	return store_end(s, rc, err);
}
