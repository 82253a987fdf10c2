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

/* Only an image whose tag came with this life goes with it. */
static int remove_image(
	struct server *s, const struct app *app, const struct life *life, struct err *err)
{
	int lives, rc;

	if (!*life->tag)
		return 0;
	rc = life_count_with_tag(s->store, app, life->tag, &lives, err);
	if (rc || lives > 1)
		return rc;
	rc = image_remove_tag(s, life->tag, err);
	return rc ? rc : image_forget(s->store, app, life->tag, err);
}

int undo_life(struct server *s, const struct app *app, struct life *life,
	const char *reason, struct err *err)
{
	int rc = life_fail(s->store, life, reason, err);

	if (!rc)
		rc = life_remove(s, app, life, false, err);
	if (!rc)
		rc = remove_image(s, app, life, err);
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
