#ifndef BARDO_BUILDER_HAPROXY_CONFIG_H
#define BARDO_BUILDER_HAPROXY_CONFIG_H

#include <stddef.h>

struct err;
struct haproxy_port;
struct haproxy_server;
struct settings;

/* HAProxy's files under server.data/run/proxy: haproxy.cfg, the backends one file a slot,
 * and the map of ports. */

/* A slot's backend, its file and what the map leads to. */
#define SLOT_FORMAT "slot%03d"

#define HAPROXY_FINGERPRINT_SIZE 64

/* What a proxy that was started with these settings has as its description. */
int haproxy_fingerprint(
	const struct settings *s, char out[HAPROXY_FINGERPRINT_SIZE], struct err *err);

/* ERR_FAILED names the first of proxy.ports that somebody listens on. For while no proxy
 * runs. */
int haproxy_check_ports(const struct settings *s, struct err *err);

/* Replaces a slot's file: it has these servers. */
int haproxy_write_slot(const struct settings *s, int slot,
	const struct haproxy_server *servers, size_t len, struct err *err);

/* Replaces the map's file. */
int haproxy_write_ports(const struct settings *s, const struct haproxy_port *ports,
	size_t len, struct err *err);

/* The map's path, by which the socket knows it too; out has PATH_TEXT_MAX bytes. */
char *haproxy_map_path(const struct settings *s, char *out);

#endif
