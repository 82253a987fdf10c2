#ifndef BARDO_BUILDER_HAPROXY_CERTIFICATES_H
#define BARDO_BUILDER_HAPROXY_CERTIFICATES_H

#include "config/base/buf.h"
#include "config/paths.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct settings;

#define HAPROXY_REFUSAL_SIZE 512

/* The certificates that HAProxy serves (a crt-list,
 * docs.haproxy.org/2.6/configuration.html 5.1 and management.html 9.3), changed at run
 * time: nothing reloads. */

struct haproxy_certificate {
	char path[PATH_TEXT_MAX]; /* of its PEM, which holds chain and key */
	struct buf names;	  /* the hosts that get it, with blanks between; not "" */
	int slot;		  /* for the caller: where those lead */
	bool changed;		  /* the file is another one than the proxy has read */
	/* The file can't be served, and names is "": what the proxy has of it by now
	 * stays, and its next start goes without. */
	bool damaged;
	/* Set when the proxy refused it; why says with what words. */
	bool refused;
	char why[HAPROXY_REFUSAL_SIZE];
};

/* Makes exactly these be served, beside bardo's own, which those get for whose name there
 * is none. What the list's file says and what the proxy does are the same afterwards; one
 * that doesn't run reads the file when it starts. One that is refused keeps no other from
 * being served: it is marked, and stands in no file that a start could fail on.
 * ERR_FAILED: one that should go didn't. ERR_AWAY: a proxy that is there and doesn't
 * answer. */
int haproxy_use_certificates(const struct settings *s,
	struct haproxy_certificate *certificates, size_t len, struct err *err);

/* Bardo's own certificate, unless there is one that can be served, and a list. */
int haproxy_make_certificates(const struct settings *s, struct err *err);

/* The list's path; out has PATH_TEXT_MAX bytes. */
char *haproxy_certificate_list(const struct settings *s, char *out);

#endif
