#ifndef BARDO_RECEIVER_PS_H
#define BARDO_RECEIVER_PS_H

#include "builder/life/plan.h"
#include "builder/say.h"
#include "config/record/lives.h"

#include <stddef.h>

struct app;
struct err;
struct mask;
struct request;
struct scale_wish;

/* The live life of an app while a command of ps changes its containers, under the app's
 * lock. */
struct ps_live {
	struct request *request;
	struct app *app;
	struct life life;
	struct plan plan;
	struct say say;
	struct mask *mask;
};

/* Close it also after failure. ERR_NOTFOUND: nothing is live. */
int ps_live_open(struct ps_live *l, struct request *r, struct app *app, struct err *err);
void ps_live_close(struct ps_live *l);

/* Makes its containers those of l->plan; see life_follow. */
int ps_live_follow(struct ps_live *l, const struct scale_wish *wishes, size_t wishes_len,
	struct err *err);

#endif
