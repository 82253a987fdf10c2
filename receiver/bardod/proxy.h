#ifndef BARDO_BARDOD_PROXY_H
#define BARDO_BARDOD_PROXY_H

#include "receiver/bardod/children.h"
#include "receiver/bardod/loop.h"

#include <stdint.h>
#include <sys/types.h>

struct server;

/*
 * HAProxy's process. It goes into the background and outlives us: we start it when a
 * command asks for it, and watch it by a pidfd, one that an earlier bardod started too.
 * When it dies, a reconcile finds out what is to be done, which is to ask for it again.
 */

/* One that dies within PROXY_STEADY_MS of its start is not worth another one at once. */
#define PROXY_STEADY_MS 60000
#define PROXY_DELAY_MIN_MS 1000
#define PROXY_DELAY_MAX_MS 60000

struct proxy {
	struct server *server;
	struct child starter; /* pid 0 while none is being started */
	struct watch alive;   /* a pidfd, -1 while there is none to watch */
	pid_t pid;
	int64_t since_ms;
	int64_t delay_ms;
	struct timer again;
};

void proxy_init(struct proxy *p, struct server *server);
void proxy_finish(struct proxy *p);

/* Starts it, unless it runs or is being started. What goes wrong goes to the log. */
void proxy_start(struct proxy *p);

/* Watches one that runs already, if it isn't watched. */
void proxy_adopt(struct proxy *p);

#endif
