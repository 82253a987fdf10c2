#ifndef BARDO_BUILDER_HAPROXY_SOCKET_H
#define BARDO_BUILDER_HAPROXY_SOCKET_H

#include <stdbool.h>

struct buf;
struct err;
struct settings;

/* HAProxy's runtime socket in its non-interactive mode: one connection, one line of
 * commands, and an answer that ends with the connection. */

/* Of one line, payload included: HAProxy reads it into one buffer (tune.bufsize, 16384,
 * less 1024 that it keeps for itself). */
#define HAPROXY_COMMAND_MAX 15000
#define HAPROXY_REPLY_MAX (1024 * 1024)

/* sun_path's 107 bytes, less the ".PID.tmp" under which HAProxy makes its socket. */
#define HAPROXY_SOCKET_PATH_MAX 95

/* Whether a proxy listens on its socket: one that doesn't answer is there, too, and what
 * it isn't told it won't do. */
bool haproxy_is_there(const struct settings *s);

/* Turns the ERR_AWAY of a proxy that is there into ERR_FAILED: what it reads when it
 * starts can wait for it, but it isn't about to start. */
int haproxy_must_follow(int rc, struct err *err);

/* Sends commands, separated by ";" and without a newline at the end, and puts the whole
 * answer into reply (initialised; reset first): for each command its text and an empty
 * line, the newlines at the very end taken off. ERR_AWAY: no answer within 5 s. */
int haproxy_ask(const struct settings *s, const char *commands, struct buf *reply,
	struct err *err);

/* As haproxy_ask, for commands that HAProxy carries out in silence or with the words
 * done, once a command (NULL: none). Anything else is ERR_FAILED with what it said. */
int haproxy_tell(const struct settings *s, const char *commands, const char *done,
	struct err *err);

#endif
