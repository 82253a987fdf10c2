#ifndef BARDO_CONFIG_IMAGES_H
#define BARDO_CONFIG_IMAGES_H

#include "config/record/lives.h"

struct err;
struct store;

/* Images in the record: what a build made of which commit and tree. A tag never moves. */

struct image {
	char tag[TAG_SIZE]; /* bardo/APP:12 hex of the commit, -2 … for a rebuild */
	char image_id[IMAGE_ID_SIZE]; /* empty until it is built */
	char commit[COMMIT_SIZE];
	char tree[COMMIT_SIZE];
	char build_settings[1600]; /* what else decides what a build makes */
};

/* The newest image of this tree and these settings; ERR_NOTFOUND. */
int image_find_built(struct store *s, const struct app *app, const char *tree,
	const char *build_settings, struct image *out, struct err *err);

/* The first tag for this commit that was never given: fills out->tag. */
int image_choose_tag(
	struct store *s, const struct app *app, struct image *image, struct err *err);
int image_add(struct store *s, const struct app *app, const struct image *image,
	struct err *err);
/* One that was added before it was built has its image_id now. */
int image_set_id(struct store *s, const struct app *app, const struct image *image,
	struct err *err);
/* Any one of the app's; ERR_NOTFOUND when there is none. */
int image_first(
	struct store *s, const struct app *app, struct image *out, struct err *err);
/* The oldest one beyond the newest `keep`, but never that of the live life, of the life
 * marked as stable, or the image that served before the live one's; ERR_NOTFOUND when
 * there is none. */
int image_find_old(struct store *s, const struct app *app, int64_t keep,
	struct image *out, struct err *err);
/* Any one that was for lives which failed before they were live, and for no other;
 * ERR_NOTFOUND when there is none. */
int image_find_failed(
	struct store *s, const struct app *app, struct image *out, struct err *err);
/* By its tag; ERR_NOTFOUND. */
int image_find_tag(struct store *s, const struct app *app, const char *tag,
	struct image *out, struct err *err);

/* Any one whose tag has another name than the app's; ERR_NOTFOUND when there is none. */
int image_find_misnamed(
	struct store *s, const struct app *app, struct image *out, struct err *err);
/* Chooses the tag that it gets instead, and writes it down beside the old one: both are
 * in the record until image_finish_rename, as both are on the Engine. */
int image_begin_rename(struct store *s, const struct app *app, const struct image *image,
	char tag[TAG_SIZE], struct err *err);
/* The image's lives have the new tag from now on, and the old one is forgotten. */
int image_finish_rename(struct store *s, const struct app *app, const struct image *image,
	const char *tag, struct err *err);

int image_forget(
	struct store *s, const struct app *app, const char *tag, struct err *err);

#endif
