#ifndef BARDO_CONFIG_EVENTS_H
#define BARDO_CONFIG_EVENTS_H

#include "config/names.h"
#include "config/people/users.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct store;

/* What happened on this server, and who did it. Nothing here is ever a value that
 * somebody set: what stands in an event may be read by whoever may read the app's events.
 */

#define EVENT_PEER_SIZE 64
#define EVENT_WHAT_SIZE 256
#define EVENT_TEXT_SIZE 512

/* Kinds: a word for the record, and for people. */
#define EVENT_COMMAND "command"	  /* it changed something, or tried to */
#define EVENT_DEPLOY "deploy"	  /* how a life ended up */
#define EVENT_LOGIN "login"	  /* the first command of a connection */
#define EVENT_REFUSAL "refusal"	  /* a known user may not */
#define EVENT_STRANGER "stranger" /* logins that were refused, counted */
#define EVENT_EXPIRY "expiry"	  /* a certificate comes to its end */

struct event {
	int64_t id, at; /* event_add sets them */
	const char *kind;
	char user[NAME_SIZE];
	char key[KEY_FINGERPRINT_SIZE];
	char peer[EVENT_PEER_SIZE];
	int64_t app_id;
	char app[NAME_SIZE];
	char what[EVENT_WHAT_SIZE];
	int status; /* exit status */
	char text[EVENT_TEXT_SIZE];
};

/* Adds it; within a transaction it is part of that. Control characters in its texts
 * become spaces: an event is one line. */
int event_add(struct store *s, struct event *e, struct err *err);

/* Whether there is an event of this kind, app and what already. */
int event_is_known(struct store *s, const struct event *e, bool *known, struct err *err);

/* Of each kind the newest keep rows stay. */
int events_trim(struct store *s, int64_t keep, struct err *err);

struct events_filter {
	int64_t since;	 /* with a higher id */
	int64_t app_id;	 /* 0: of every app, and of none */
	int64_t user_id; /* 0: all; else what an owner may see: their apps', since these
			    were made */
	int64_t limit;	 /* the newest so many; 0 all */
};

/* Oldest first. each's nonzero return ends it and is returned. */
int events_each(struct store *s, const struct events_filter *f,
	int (*each)(void *ctx, const struct event *e), void *ctx, struct err *err);

#endif
