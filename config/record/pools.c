#include "config/record/pools.h"

#include "config/base/err.h"
#include "config/settings.h"
#include "config/store.h"

#include <stdint.h>
#include <stdio.h>

#define SUBNET_BITS 27

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

int pool_take(struct store *s, const struct settings *set, enum pool pool, int *out,
	struct err *err)
{
	char sql[1024];
	struct sqlite3_stmt *q;
	int rc;

	(void)snprintf(sql, sizeof(sql),
		"SELECT min(n) FROM (SELECT ?1 AS n UNION ALL SELECT t + 1 FROM (%s)) "
		"WHERE n >= ?1 AND n NOT IN (SELECT t FROM (%s))",
		taken[pool], taken[pool]);
	q = store_query(s, err, STORE_SQL(sql), STORE_I(first_of(set, pool)));
	rc = store_step(q, err);
	if (rc == 1)
		*out = (int)store_int(q, 0);
	store_query_finish(q);
	if (rc < 0)
		return rc;
	if (*out <= last_of(set, pool))
		return 0;
	return err_set(err, ERR_FAILED,
		"%s is used up: make it larger in the settings and restart bardod",
		setting_names[pool]);
}
