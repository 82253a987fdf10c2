#ifndef BARDO_SSH_OPTIONS_H
#define BARDO_SSH_OPTIONS_H

#include <stdint.h>

struct err;

/* What bardod says when it starts one of us; the strings are borrowed from argv. */
struct options {
	const char *make_host_keys; /* the folder to make them in; NULL: serve */
	const char *peer;	    /* the client's address and port */
	const char *local;	    /* the address that it connected to */
	const char *keys;  /* the folder of host keys and of the users' snapshot */
	int64_t grace_ms;  /* to log in */
	int64_t max_tries; /* refused logins before we hang up */
};

/* Fills o from a NULL-terminated argv. ERR_USAGE for what is unknown, missing or not a
 * number. */
int options_parse(struct options *o, int argc, const char *const *argv, struct err *err);

#endif
