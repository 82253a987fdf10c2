#include "builder/deploy/undo.h"

#include "builder/life/container.h"
#include "builder/life/life.h"
#include "builder/server.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/record/images.h"
#include "config/record/lives.h"

#include <stddef.h>

#define UNFINISHED_MAX 64
#define INTERRUPTED "interrupted: bardo or the machine stopped in the middle of it"

/* Of every life that failed: whoever undid one may have found no Engine. */
static int remove_images(struct server *s, const struct app *app, struct err *err)
{
	struct err none = {0};
	struct image image;
	int rc;

	while ((rc = image_find_failed(s->store, app, &image, &none)) == 0) {
		rc = image_remove_tag(s, image.tag, err);
		if (!rc)
			rc = image_forget(s->store, app, image.tag, err);
		if (rc)
			return rc;
	}
	return rc == ERR_NOTFOUND ? 0 : err_set(err, rc, "%s", none.msg);
}

int undo_life(struct server *s, const struct app *app, struct life *life,
	const char *reason, struct err *err)
{
	int rc = life_fail(s->store, life, reason, err);

	if (!rc)
		rc = life_remove(s, app, life, false, err);
	if (!rc)
		rc = remove_images(s, app, err);
	if (!rc && !app->live)
		rc = network_remove(s, app, err);
	return rc;
}

struct unfinished {
	struct life lives[UNFINISHED_MAX];
	size_t len;
};

static int collect_unfinished(void *ctx, const struct life *life)
{
	struct unfinished *u = ctx;

	if (life->state != LIFE_DRAINING && u->len < UNFINISHED_MAX)
		u->lives[u->len++] = *life;
	return 0;
}

int undo_interrupted(struct server *s, const struct app *app, struct err *err)
{
	struct unfinished u = {.len = 0};
	int rc = lives_each_unfinished(s->store, app, collect_unfinished, &u, err);

	for (size_t i = 0; i < u.len && !rc; i++) {
		log_warn("%s: life %d was interrupted while %s", app->name,
			u.lives[i].number, life_state_name(u.lives[i].state));
		rc = undo_life(s, app, &u.lives[i], INTERRUPTED, err);
	}
	return rc;
}

int undo_leftovers(struct server *s, const struct app *app, struct err *err)
{
	int rc = life_sweep(s, app, err);

	return rc ? rc : remove_images(s, app, err);
}
