#ifndef BARDO_BARDOD_HOSTDOOR_H
#define BARDO_BARDOD_HOSTDOOR_H

#include "receiver/bardod/loop.h"

#include <stddef.h>
#include <sys/types.h>

struct err;
struct server;

/* The door for commands on this host: server.data/run/door, where `job`, `proxy` and
 * `front` are asked by the users that bardo runs as, and by root. */

/* Askers at once. One more, and the oldest, who can only be one that says nothing, goes.
 */
#define HOSTDOOR_ASKERS_MAX 32

struct hostdoor {
	struct server *server;
	struct watch listener;
	struct asker *oldest, *newest;
	size_t len;
};

/* Binds it, where one that a dead bardod left may stand. Finish it in any case. */
int hostdoor_init(struct hostdoor *d, struct server *server, struct err *err);

/* Also removes the socket. */
void hostdoor_finish(struct hostdoor *d);

#endif
