#ifndef BARDO_BUILDER_HAPROXY_H
#define BARDO_BUILDER_HAPROXY_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct settings;

/*
 * HAProxy, driven by its runtime socket (docs.haproxy.org/2.6/management.html 9.3). The
 * configuration declares `proxy.apps` backends that are empty; lives add their servers to
 * one of them and delete them again. What the socket did is also written to the backend's
 * own file, by rename, so that a restart has the same routes. Nothing ever reloads.
 */

#define HAPROXY_SERVERS_MAX 64
#define HAPROXY_NAME_SIZE 128

struct haproxy_server {
	char name[HAPROXY_NAME_SIZE]; /* "web.3.1": process, life, index */
	char address[64];	      /* "10.213.0.2:5000" */
};

/* Writes the configuration's fixed part, and an empty backend file for each slot that has
 * none. Harmless when it is there already. */
int haproxy_write_config(const struct settings *s, struct err *err);

/* 0 if a proxy answers on the socket; ERR_AWAY. */
int haproxy_ping(const struct settings *s, struct err *err);

/* Makes exactly these servers take the traffic of a slot (0-based): missing ones are
 * added and enabled, others go to drain and keep what they are doing. The file says the
 * same afterwards. ERR_AWAY: no proxy; ERR_FAILED: it refused, with its own words; then
 * what was added is taken back and the old servers go on. */
int haproxy_route(const struct settings *s, int slot,
	const struct haproxy_server *servers, size_t len, struct err *err);

/* Connections and requests under way on a server; 0 also for one that is not there. */
int haproxy_connections(const struct settings *s, int slot, const char *server,
	int64_t *out, struct err *err);

/* Takes a drained server away; cuts what is still open there. Not there: success. */
int haproxy_delete(
	const struct settings *s, int slot, const char *server, struct err *err);

/* Which port leads to which slot: replaces the whole map, at run time and in its file. */
struct haproxy_port {
	int port;
	int slot;
};
int haproxy_map_ports(const struct settings *s, const struct haproxy_port *ports,
	size_t len, struct err *err);

#endif
