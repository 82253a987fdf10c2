#include "builder/proxy/haproxy.h"

#include "builder/proxy/config.h"
#include "builder/proxy/map.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/settings.h"

#include <inttypes.h>
#include <string.h>

/* A line of one of the maps, if the domain is in it. */
static int add_line(struct buf *b, const struct haproxy_domain *d, const char *map)
{
	if (!strcmp(map, HAPROXY_MAP_DOMAINS))
		return buf_addf(b, "%s " SLOT_FORMAT "\n", d->name, d->slot);
	if (!strcmp(map, HAPROXY_MAP_TO_HTTPS))
		return d->to_https ? buf_addf(b, "%s 1\n", d->name) : 0;
	return d->hsts ? buf_addf(b, "%s max-age=%" PRId64 "\n", d->name, d->hsts) : 0;
}

static int replace(const struct settings *s, const char *map,
	const struct haproxy_domain *domains, size_t len, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_MAP_MAX);
	for (size_t i = 0; i < len && !rc; i++) {
		if (domains[i].slot < 0 || domains[i].slot >= HAPROXY_SLOTS_MAX)
			rc = err_set(err, ERR_USAGE, "%s can't lead to slot %d",
				domains[i].name, domains[i].slot);
		else if (add_line(&b, &domains[i], map) < 0)
			rc = err_set(err, ERR_FAILED, "too many domains");
	}
	if (!rc)
		rc = haproxy_replace_map(s, map, buf_text(&b), err);
	buf_finish(&b);
	return rc;
}

int haproxy_map_domains(const struct settings *s, const struct haproxy_domain *domains,
	size_t len, struct err *err)
{
	int rc = replace(s, HAPROXY_MAP_DOMAINS, domains, len, err);

	if (!rc && strcmp(s->proxy_https, SETTING_OFF) != 0) {
		rc = replace(s, HAPROXY_MAP_TO_HTTPS, domains, len, err);
		if (!rc)
			rc = replace(s, HAPROXY_MAP_HSTS, domains, len, err);
	}
	return rc;
}
