#ifndef BARDO_BARDOD_FRONT_H
#define BARDO_BARDOD_FRONT_H

#include <stddef.h>

struct server;

/* The nginx that stands before the proxy, where there is one. It is not ours: we only
 * have its own program look at its configuration, or tell it to read that anew, which
 * takes the rights of who started bardod. */

/* At once: one that hangs must not become many. */
#define FRONT_RUNS_MAX 8

struct front {
	struct server *server;
	size_t len;
};

void front_init(struct front *f, struct server *server);

/* Runs it for a `front` request (config/door.h); takes over the fds, each becomes -1.
 * What goes wrong is told where its output would have gone. */
void front_run(struct front *f, const char *action, int *fds);

#endif
