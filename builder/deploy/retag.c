#include "builder/deploy/retag.h"

#include "builder/life/container.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/record/images.h"

/* The record names every tag that the Engine may have, at each step: a crash leaves none
 * that nobody would ever remove. */
static int retag(struct server *s, const struct app *app, const struct image *image,
	struct err *err)
{
	char tag[TAG_SIZE];
	int rc = image_begin_rename(s->store, app, image, tag, err);
	bool gone;

	if (rc)
		return rc;
	rc = image_add_tag(s, image->image_id, tag, err);
	gone = rc == ERR_NOTFOUND;
	if (!rc || gone)
		rc = image_remove_tag(s, image->tag, err);
	if (!rc)
		rc = image_finish_rename(s->store, app, image, tag, err);
	if (!rc && gone)
		rc = image_forget(s->store, app, tag, err);
	return rc;
}

int images_follow_name(struct server *s, const struct app *app, struct err *err)
{
	struct err none = {0};
	struct image image;
	int rc;

	while ((rc = image_find_misnamed(s->store, app, &image, &none)) == 0) {
		rc = retag(s, app, &image, err);
		if (rc)
			return rc;
	}
	return rc == ERR_NOTFOUND ? 0 : err_set(err, rc, "%s", none.msg);
}
