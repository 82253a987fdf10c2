#ifndef BARDO_RECEIVER_NETWORK_H
#define BARDO_RECEIVER_NETWORK_H

struct err;
struct request;
struct shared_network;

/* What the network commands share: who may have which network. */

/* A shared network, for who may have it. The others learn nothing, not whether there is
 * one either: ERR_DENIED. ERR_NOTFOUND is for server admins. */
int network_find_theirs(
	struct request *r, const char *name, struct shared_network *out, struct err *err);

#endif
