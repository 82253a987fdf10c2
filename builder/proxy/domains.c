#include "builder/proxy/haproxy.h"

#include "builder/proxy/config.h"
#include "builder/proxy/map.h"
#include "config/base/buf.h"
#include "config/base/err.h"

int haproxy_map_domains(const struct settings *s, const struct haproxy_domain *domains,
	size_t len, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_MAP_MAX);
	for (size_t i = 0; i < len && !rc; i++) {
		if (domains[i].slot < 0 || domains[i].slot >= HAPROXY_SLOTS_MAX)
			rc = err_set(err, ERR_USAGE, "%s can't lead to slot %d",
				domains[i].name, domains[i].slot);
		else if (buf_addf(&b, "%s " SLOT_FORMAT "\n", domains[i].name,
				 domains[i].slot) < 0)
			rc = err_set(err, ERR_FAILED, "too many domains");
	}
	if (!rc)
		rc = haproxy_replace_map(s, HAPROXY_MAP_DOMAINS, buf_text(&b), err);
	buf_finish(&b);
	return rc;
}
