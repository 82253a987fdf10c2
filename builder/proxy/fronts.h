#ifndef BARDO_BUILDER_HAPROXY_FRONTS_H
#define BARDO_BUILDER_HAPROXY_FRONTS_H

#include <stdbool.h>

struct buf;
struct settings;

/* Where visitors come in: the apps' own ports, and by names over HTTP and HTTPS. */

struct haproxy_fronts {
	bool http, https; /* the ports are always there */
};

/* Adds them, and the backend of those whom nobody serves. buf_add's results. */
int haproxy_add_fronts(
	struct buf *b, const struct settings *s, const struct haproxy_fronts *fronts);

#endif
