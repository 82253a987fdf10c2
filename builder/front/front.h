#ifndef BARDO_BUILDER_FRONT_H
#define BARDO_BUILDER_FRONT_H

#include "config/app/domains.h"
#include "config/record/apps.h"

#include <stddef.h>

struct err;
struct server;

/*
 * An nginx that was there before us and has the ports 80 and 443 (proxy.front = nginx).
 * It includes one file of ours, in which each name is a server block that passes
 * everything on to HAProxy. The rest of its configuration is none of our business:
 * nothing of ours counts before nginx has judged the whole, and it reads it anew only
 * when the file has changed, which no deploy does.
 */

struct front_site {
	char name[DOMAIN_SIZE];
	char handle[HANDLE_SIZE]; /* of the app whose certificate is for it; "" none is */
};

/*
 * Makes nginx pass on exactly these names. Does nothing when it does so already, or when
 * proxy.front is off. One at a time: the caller holds HAPROXY_MAP_DOMAINS.
 *
 * ERR_FAILED: nginx refuses it, and says why; it goes on with what it had, file and all.
 * ERR_AWAY: it isn't there, doesn't run, or doesn't include the file, which is written
 * all the same.
 */
int front_serve(const struct server *s, const struct front_site *sites, size_t len,
	struct err *err);

enum front_state {
	FRONT_SERVES,
	FRONT_OLD,     /* it runs with a file that was there before */
	FRONT_STOPPED, /* it would serve, but doesn't run */
	FRONT_AWAY,    /* it can't be asked */
	FRONT_REFUSED,
	FRONT_LEFT_OUT, /* it doesn't include the file */
	FRONT_CONFLICT, /* another of its sites has one of the names */
	FRONT_BEHIND,	/* it serves other names than it should */
};

/* How it stands with nginx, which should pass on these names; why says more, but for
 * FRONT_SERVES. Changes nothing. */
enum front_state front_look(const struct server *s, const struct front_site *sites,
	size_t len, struct err *why);

/* The file that it must include; out has PATH_TEXT_MAX bytes. */
char *front_file(const struct server *s, char *out);

#endif
