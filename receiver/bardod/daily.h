#ifndef BARDO_BARDOD_DAILY_H
#define BARDO_BARDOD_DAILY_H

#include "receiver/bardod/loop.h"

struct server;

/* What passes with time alone, and nobody's doing tells of: looked at when the server
 * starts, and once a day from then on. */
struct daily {
	struct server *server;
	struct timer next;
};

void daily_init(struct daily *d, struct server *server);
void daily_begin(struct daily *d);

#endif
