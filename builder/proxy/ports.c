#include "builder/proxy/haproxy.h"

#include "builder/proxy/config.h"
#include "builder/proxy/map.h"
#include "config/base/buf.h"
#include "config/base/err.h"

static int check_port(const struct haproxy_port *p, struct err *err)
{
	if (p->port >= 1 && p->port <= 65535 && p->slot >= 0 &&
		p->slot < HAPROXY_SLOTS_MAX)
		return 0;
	return err_set(err, ERR_USAGE, "port %d can't lead to slot %d", p->port, p->slot);
}

int haproxy_map_ports(const struct settings *s, const struct haproxy_port *ports,
	size_t len, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_MAP_MAX);
	for (size_t i = 0; i < len && !rc; i++) {
		rc = check_port(&ports[i], err);
		if (!rc &&
			buf_addf(&b, "%d " SLOT_FORMAT "\n", ports[i].port,
				ports[i].slot) < 0)
			rc = err_set(err, ERR_FAILED, "too many ports");
	}
	if (!rc)
		rc = haproxy_replace_map(s, HAPROXY_MAP_PORTS, buf_text(&b), err);
	buf_finish(&b);
	return rc;
}
