#ifndef BARDO_BUILDER_CHECK_PRIVATE_H
#define BARDO_BUILDER_CHECK_PRIVATE_H

#include "builder/check/check.h"
#include "builder/check/state.h"
#include "builder/check/watch.h"

#include <stddef.h>

struct cJSON;

/* What the ways of checking share; nobody else includes this. */

struct check {
	struct engine *engine;
	const struct check_options *options;
	struct check_failure *failure;
	struct check_watch watch;
	struct check_state state;
	int64_t deadline; /* monotonic */
};

/* end.c */

/* Reads the container's state anew. */
int check_read_state(struct check *c, struct err *err);

/* Of a container that has ended, or is being restarted: ERR_FAILED, how it ended and
 * mostly why, from the state that was read last. */
int check_tell_exit(struct check *c, struct err *err);

/* After an event of the container's end: reads its state until that tells the end, then
 * as check_tell_exit. */
int check_tell_death(struct check *c, struct err *err);

/* try.c */

/* One try of a probe, until a monotonic time. 1: it passed; 0: not yet; negative: no use.
 */
typedef int check_try(struct check *c, void *probe, int64_t until, struct err *err);

struct check_pace {
	int64_t timeout;   /* for one try, milliseconds */
	int64_t pause_max; /* between two; they begin at 20 ms and grow by half */
};

/* Tries until it passes (0) or the deadline has come (1: the caller says what failed).
 * Negative: what ended it. */
int check_try_until(struct check *c, const struct check_pace *pace, check_try *try,
	void *probe, struct err *err);

/* Waits until a monotonic time, or for its end. 0, or how it ended. */
int check_rest(struct check *c, int64_t until, struct err *err);

/* stay.c: stays up for so long, milliseconds from its start on. */
int check_stays_up(struct check *c, int64_t how_long, struct err *err);

/* connect.c: the port accepts connections. tried: for the message, milliseconds. */
int check_port(struct check *c, int port, const struct check_pace *pace, int64_t tried,
	struct err *err);

/* Why nothing is reached on that port, into the failure's hint. */
void check_add_port_hint(struct check *c, int port);

/* health.c */

/* The image's HEALTHCHECK. *there is false where it has none, and nothing was done. */
int check_health(struct check *c, bool *there, struct err *err);

/* A command that must exit with 0; as check_try_until. The failure's answer is filled.
 * what: "its HEALTHCHECK", for messages. */
int check_command(struct check *c, const struct cJSON *command, const char *what,
	const struct check_pace *pace, struct err *err);

/* Writes the words of a command from the given one on behind what is in out. */
void check_name_command(
	struct check *c, const struct cJSON *command, int from, char *out, size_t size);

/* http.c */

struct check_http {
	const char *path;
	const char *scheme; /* http, https: any certificate will do */
	int port;
	const char *content;	     /* that the body must contain; "" nothing */
	const struct cJSON *headers; /* [{"name","value"}]; NULL none */
	int64_t tried;		     /* for the message, milliseconds */
};

/* GET, which must answer 2xx or 3xx (which isn't followed). */
int check_get(struct check *c, const struct check_http *h, const struct check_pace *pace,
	struct err *err);

/* listed.c: the checks of app.json. *there as check_health has it. */
int check_listed(struct check *c, bool *there, struct err *err);

#endif
