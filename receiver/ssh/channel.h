#ifndef BARDO_SSH_CHANNEL_H
#define BARDO_SSH_CHANNEL_H

#include "receiver/ssh/environment.h"
#include "receiver/ssh/meter.h"
#include "receiver/ssh/pump.h"

#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

struct asker;

/* One session channel (RFC 4254, 6): its requests before the command, the command that
 * it runs, and how that ended. One command a channel. */

enum channel_phase {
	CHANNEL_OPEN,	 /* no command yet */
	CHANNEL_RUNNING, /* also when nobody listens any more */
	CHANNEL_CLOSING, /* all was said; the client's close is missing */
};

struct channel {
	uint32_t id;	 /* of its command, at the door */
	ssh_channel ssh; /* NULL when libssh has no more of it */
	struct ssh_channel_callbacks_struct callbacks;
	struct asker *asker; /* borrowed */
	struct meter *meter; /* borrowed */
	enum channel_phase phase;
	bool closed_by_client;
	bool hung_up;
	bool has_terminal;
	bool is_explained; /* what the command could not say itself was said */
	int terminal;	   /* asked for, until the command has it; else -1 */
	struct environment env;
	struct pump pump;
	int64_t close_until; /* CHANNEL_CLOSING: we wait no longer */
};

/* Opens it in answer to a client's request, or NULL. */
struct channel *channel_create(
	ssh_session session, struct asker *asker, struct meter *meter, uint32_t id);
void channel_destroy(struct channel *c);

/* The connection is lost: libssh is about to free its part. */
void channel_lose(struct channel *c);

/* A turn, as in pump.h. */
void channel_interest(const struct channel *c, struct pollfd set[PUMP_FDS]);
void channel_step(struct channel *c, const struct pollfd set[PUMP_FDS], int64_t now);
int64_t channel_deadline(const struct channel *c);

/* Nothing is left to do for it. */
bool channel_is_over(const struct channel *c, int64_t now);

#endif
