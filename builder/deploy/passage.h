#ifndef BARDO_BUILDER_DEPLOY_PASSAGE_H
#define BARDO_BUILDER_DEPLOY_PASSAGE_H

#include "builder/deploy/deploy.h"
#include "builder/life/plan.h"
#include "builder/recipe/recipe.h"
#include "config/app/build_settings.h"

#include <stdbool.h>
#include <stdint.h>

/* Private to this folder: one deploy under way, from one life to the next. */
struct passage {
	const struct deploy *d;
	struct server *server;
	struct app *app;
	struct say *say;
	struct life *life;
	struct mask *mask;  /* what say leaves out */
	struct life before; /* number 0: none */
	bool before_is_stopped;
	bool before_is_cut; /* visitors could not be led back to it yet */
	struct recipe recipe;
	struct cJSON *image; /* what the Engine knows of it; NULL: not asked yet */
	struct build_settings build; /* filled when there is something to build */
	struct plan plan;
	struct phase phases[PHASES_MAX];
	int phases_len;
	int64_t mark; /* when the phase that runs began */
};

/* Reads again what is secret: what is set, and what lives were given. */
int passage_mask(struct passage *p, struct err *err);

/* Finds or builds the life's image and freezes its configuration. ERR_FAILED, ERR_AWAY.
 */
int passage_get_image(struct passage *p, struct err *err);

/* What docker-options:add and resource:limit have for the app's builds, as
 * docker_option_apply_build fills it. The caller frees it. ERR_FAILED. */
int passage_build_parameters(struct passage *p, struct cJSON **out, struct err *err);

/* Stops what mustn't run beside the new life: all of the life before, if it has a volume
 * that only one life may have, else its processes that stop first. before_is_stopped then
 * says that a failed deploy must start it again. ERR_FAILED, ERR_AWAY. */
int passage_make_way(struct passage *p, struct err *err);

/* What ran since the last call was the phase of this name. */
void passage_end_phase(struct passage *p, const char *name);

/* Adds up the phases, and says each one's time next to the last deploy's. */
void passage_add_total(struct passage *p);
void passage_say_times(struct passage *p);

#endif
