#include "builder/deploy/destroy.h"

#include "builder/git/ref.h"
#include "builder/life/container.h"
#include "builder/life/install.h"
#include "builder/life/life.h"
#include "builder/life/route.h"
#include "builder/life/volume.h"
#include "builder/run/runs.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/record/images.h"
#include "config/settings.h"

#include <string.h>

static int remove_images(struct server *s, const struct app *app, struct err *err)
{
	struct image image;
	int rc;

	while ((rc = image_first(s->store, app, &image, NULL)) == 0) {
		rc = image_remove_tag(s, image.tag, err);
		if (!rc)
			rc = image_forget(s->store, app, image.tag, err);
		if (rc)
			return rc;
	}
	return rc == ERR_NOTFOUND ? 0 : err_set(err, rc, "cannot read the app's images");
}

static int remove_files(struct server *s, const struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX];
	/* The proxy lets go of it first: it starts with no list that names what is gone.
	 */
	int rc = certificate_forget(s, app, err);

	if (!rc)
		rc = io_remove_tree(
			path_maintenance_page(s->settings, app->handle, path), err);
	return rc ? rc : io_remove_tree(path_repository(s->settings, app, path), err);
}

/* Where nothing ever lived there are no data: what a failed first push made of volumes
 * goes with the app. */
static int remove_volumes(struct server *s, const struct app *app, struct err *err)
{
	return app->provisional ? volumes_remove_all(s, app, NULL, err) : 0;
}

int app_destroy(struct server *s, struct app *app, struct err *err)
{
	int rc = app_mark_down(s->store, app, err);

	if (!rc && app->destroyed_at)
		return err_set(
			err, ERR_NOTFOUND, "there is no app %s any more", app->name);
	if (!rc)
		rc = route_to_life(s, app, NULL, err);
	/* Without a proxy nothing is routed. */
	if (!rc || rc == ERR_AWAY)
		rc = life_sweep(s, app, err);
	if (!rc)
		rc = runs_remove_all(s, app, err);
	if (!rc)
		rc = network_remove(s, app, err);
	if (!rc)
		rc = remove_volumes(s, app, err);
	if (!rc)
		rc = remove_images(s, app, err);
	if (!rc)
		rc = remove_files(s, app, err);
	if (!rc)
		rc = app_mark_destroyed(s->store, app, err);
	return rc ? rc : route_ports(s, err);
}

int app_destroy_if_empty(struct server *s, struct app *app, int pushes, struct err *err)
{
	char repository[PATH_TEXT_MAX];
	bool empty;
	int rc = app_reload(s->store, app, err);

	if (rc || !app->provisional || app->destroyed_at || lock_try(pushes, NULL) < 0)
		return rc;
	rc = repository_is_empty(
		path_repository(s->settings, app, repository), &empty, err);
	if (rc)
		return rc;
	return empty ? app_destroy(s, app, err) : app_confirm(s->store, app, err);
}
