#ifndef BARDO_RECEIVER_CONFIG_H
#define BARDO_RECEIVER_CONFIG_H

#include "config/record/apps.h"

#include <stdbool.h>

struct err;
struct request;

/* What the commands of config: share. */

struct config_target {
	bool global;	/* of every app; app.id is EVERY_APP then */
	struct app app; /* its name is "global" then */
	int first;	/* where the words behind APP or --global begin in argv */
};

/* APP, or the option --global, which is for server admins. ERR_USAGE: fewer or more words
 * behind it than min and max. */
int config_find(struct request *r, bool global, int min, int max,
	struct config_target *out, struct err *err);

#endif
