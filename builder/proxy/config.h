#ifndef BARDO_BUILDER_HAPROXY_CONFIG_H
#define BARDO_BUILDER_HAPROXY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct haproxy_server;
struct settings;

/* HAProxy's files under server.data/run/proxy: haproxy.cfg, the backends one file a slot,
 * and the maps (builder/proxy/map.h). */

/* A slot's backend, its file and what the map leads to. */
#define SLOT_FORMAT "slot%03d"

/* How a server is looked at that has others beside it: out when it didn't answer twice in
 * a row, back as soon as it does. A lone server isn't looked at: who comes while it
 * restarts waits for it, where one that is known to be down would be told 503 at once.
 * (No "observe": what visitors meet counts for a lone server, too, and nothing would
 * bring it back.) */
#define HAPROXY_CHECK "check inter 2s fastinter 200ms downinter 1s fall 2 rise 1"

#define HAPROXY_FINGERPRINT_SIZE 64

/* What browsers of the last ten years speak in TLS 1.2, and nothing older (Mozilla's
 * "intermediate" set without DHE), as OpenSSL wants it. */
#define HAPROXY_CIPHERS                                                                  \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                     \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                     \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"

/* What a proxy that was started with these settings has as its description. */
int haproxy_fingerprint(
	const struct settings *s, char out[HAPROXY_FINGERPRINT_SIZE], struct err *err);

/* ERR_FAILED names the first of proxy.ports that somebody listens on. For while no proxy
 * runs. */
int haproxy_check_ports(const struct settings *s, struct err *err);

/* ERR_USAGE: a name or an address that no server can have. */
int haproxy_check_server(const struct haproxy_server *server, struct err *err);

/* The servers in a slot's file; out has room for HAPROXY_SERVERS_MAX. ERR_NOTFOUND: there
 * is none. ERR_FAILED: it is not as haproxy_write_slot leaves it. */
int haproxy_read_slot(const struct settings *s, int slot, struct haproxy_server *out,
	size_t *len, struct err *err);

/* Replaces a slot's file: it has these servers. */
int haproxy_write_slot(const struct settings *s, int slot,
	const struct haproxy_server *servers, size_t len, struct err *err);

/* Whether HAProxy, started now, could listen there; why says what is in the way. True for
 * addresses that only HAProxy understands. */
#define HAPROXY_WHY_SIZE 256
bool haproxy_can_bind(
	const struct settings *s, const char *listen, char why[HAPROXY_WHY_SIZE]);

/* nginx takes the visitors who come by names, and passes them on to HAProxy. */
bool haproxy_is_behind_nginx(const struct settings *s);

/* HAProxy is started by bardod, and binds low ports and becomes its own user if that is
 * root. */
bool haproxy_starts_as_root(const struct settings *s);

#endif
