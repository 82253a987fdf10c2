#ifndef BARDO_BUILDER_FRONT_PROBE_H
#define BARDO_BUILDER_FRONT_PROBE_H

#include "builder/front/sites.h"

struct err;
struct server;

/* What nginx really serves, asked as a visitor would. */

/* Which generation of our file it has: "" if what answers is none of ours. ERR_AWAY:
 * nobody answers there. */
int probe_generation(
	const struct server *s, char out[SITES_GENERATION_SIZE], struct err *err);

/* Until it serves this one, and none of its processes another one. ERR_FAILED: it doesn't
 * within 10 s. 0 at once where it serves nothing (proxy.http and proxy.https are off). */
int probe_await(const struct server *s, const char *generation, struct err *err);

#endif
