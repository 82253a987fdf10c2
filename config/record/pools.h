#ifndef BARDO_CONFIG_POOLS_H
#define BARDO_CONFIG_POOLS_H

#include <stdint.h>

struct err;
struct settings;
struct store;

/* What there is a fixed number of: the proxy's backends (proxy.apps), ports (proxy.ports)
 * and networks (network.pool). Apps have one of each; mapped ports and shared networks
 * take theirs from the same pools, and so does the second network of apps without the
 * proxy. Where HAProxy has all of proxy.ports, these have one of proxy.published. A port
 * that a life publishes is taken until that life is retired. */

enum pool { POOL_SLOT, POOL_PORT, POOL_SUBNET, POOL_PUBLISHED };
#define POOLS 4

#define SUBNET_BITS 27 /* the prefix of every network: a /27 */

/* The lowest number that nobody has; of the networks, one in which this machine has no
 * address either. Inside the transaction that then writes it down. ERR_FAILED: the pool
 * is used up; the message names the setting. */
int pool_take(struct store *s, const struct settings *set, enum pool pool, int *out,
	struct err *err);

/* The address at which network number subnet of network.pool begins, in host order. */
uint32_t pool_subnet(const struct settings *set, int subnet);

#endif
