#include "config/record/pools.h"

#include "config/base/err.h"
#include "config/settings.h"
#include "config/store.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* What is taken of each pool. */
static const char *const taken[POOLS] = {
	[POOL_SLOT] = "SELECT slot AS t FROM app WHERE slot IS NOT NULL "
		      "UNION ALL SELECT slot FROM backend",
	[POOL_PORT] = "SELECT port AS t FROM app WHERE port IS NOT NULL "
		      "UNION ALL SELECT host_port FROM port "
		      "UNION ALL SELECT port FROM held_port",
	[POOL_SUBNET] = "SELECT subnet AS t FROM app WHERE subnet IS NOT NULL "
			"UNION ALL SELECT inside FROM app WHERE inside IS NOT NULL "
			"UNION ALL SELECT subnet FROM shared_network",
	[POOL_PUBLISHED] = "SELECT published AS t FROM app WHERE published IS NOT NULL "
			   "UNION ALL SELECT host_port FROM port "
			   "UNION ALL SELECT port FROM held_port",
};

static const char *const setting_names[POOLS] = {
	[POOL_SLOT] = "proxy.apps",
	[POOL_PORT] = "proxy.ports",
	[POOL_SUBNET] = "network.pool",
	[POOL_PUBLISHED] = "proxy.published",
};

static int64_t first_of(const struct settings *set, enum pool pool)
{
	if (pool == POOL_PUBLISHED)
		return set->proxy_published_first;
	return pool == POOL_PORT ? set->proxy_port_first : 0;
}

static int64_t last_of(const struct settings *set, enum pool pool)
{
	if (pool == POOL_SLOT)
		return set->proxy_apps - 1;
	if (pool == POOL_PORT)
		return set->proxy_port_last;
	if (pool == POOL_PUBLISHED)
		return set->proxy_published_last;
	return ((int64_t)1 << (SUBNET_BITS - set->network_bits)) - 1;
}

uint32_t pool_subnet(const struct settings *set, int subnet)
{
	return set->network_base + ((uint32_t)subnet << (32 - SUBNET_BITS));
}

/* Of those from a number on. */
static int lowest_free(
	struct store *s, enum pool pool, int64_t from, int *out, struct err *err)
{
	char sql[1024];
	struct sqlite3_stmt *q;
	int rc;

	(void)snprintf(sql, sizeof(sql),
		"SELECT min(n) FROM (SELECT ?1 AS n UNION ALL SELECT t + 1 FROM (%s)) "
		"WHERE n >= ?1 AND n NOT IN (SELECT t FROM (%s))",
		taken[pool], taken[pool]);
	q = store_query(s, err, STORE_SQL(sql), STORE_I(from));
	rc = store_step(q, err);
	if (rc == 1)
		*out = (int)store_int(q, 0);
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

static bool has_address_in(
	const struct ifaddrs *own, const struct settings *set, int subnet)
{
	const uint32_t base = pool_subnet(set, subnet);
	const uint32_t mask = UINT32_MAX << (32 - SUBNET_BITS);

	for (; own; own = own->ifa_next) {
		const struct sockaddr_in *at = (const struct sockaddr_in *)own->ifa_addr;

		if (at && at->sin_family == AF_INET &&
			(ntohl(at->sin_addr.s_addr) & mask) == base)
			return true;
	}
	return false;
}

/* The Engine looks at its own networks alone: in one that the machine has at another
 * interface too, nobody would reach the containers. */
static int lowest_free_subnet(
	struct store *s, const struct settings *set, int *out, struct err *err)
{
	struct ifaddrs *own = NULL;
	int64_t from = 0;
	int rc;

	if (getifaddrs(&own) < 0)
		return err_errno(err, "cannot read this machine's addresses");
	do {
		rc = lowest_free(s, POOL_SUBNET, from, out, err);
		from = (int64_t)*out + 1;
	} while (!rc && *out <= last_of(set, POOL_SUBNET) &&
		has_address_in(own, set, *out));
	freeifaddrs(own);
	return rc;
}

int pool_take(struct store *s, const struct settings *set, enum pool pool, int *out,
	struct err *err)
{
	int rc = pool == POOL_SUBNET
		? lowest_free_subnet(s, set, out, err)
		: lowest_free(s, pool, first_of(set, pool), out, err);

	if (rc)
		return rc;
	if (*out <= last_of(set, pool))
		return 0;
	return err_set(err, ERR_FAILED,
		"%s is used up: make it larger in the settings and restart bardod",
		setting_names[pool]);
}
