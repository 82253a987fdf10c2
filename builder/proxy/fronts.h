#ifndef BARDO_BUILDER_HAPROXY_FRONTS_H
#define BARDO_BUILDER_HAPROXY_FRONTS_H

#include <stdbool.h>

struct buf;
struct err;
struct settings;

/* Where visitors come in: the apps' own ports, and by names over HTTP and HTTPS. */

struct haproxy_fronts {
	bool http, https; /* the ports are always there */
	bool nginx;	  /* in place of both: it stands before us */
};

/* Adds them, and the backend of those whom nobody serves. buf_add's results. */
int haproxy_add_fronts(
	struct buf *b, const struct settings *s, const struct haproxy_fronts *fronts);

/* What nginx says with each request, so that we believe it: HAPROXY_KEY_HEADER's value,
 * 32 hex digits. Made when it is first asked for. */
#define HAPROXY_KEY_HEADER "X-Bardo-Front"
#define HAPROXY_KEY_SIZE 33
int haproxy_front_key(
	const struct settings *s, char out[HAPROXY_KEY_SIZE], struct err *err);

#endif
