#ifndef BARDO_SSH_PUMP_H
#define BARDO_SSH_PUMP_H

#include "config/base/buf.h"
#include "receiver/ssh/ending.h"
#include "receiver/ssh/ends.h"

#include <libssh/libssh.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The bytes between one channel and one command. Nothing here blocks, and nothing is read
 * that can't be passed on: a slow client slows the command down, a slow command the
 * client. Once nobody listens, output is thrown away, so that the command can end.
 *
 * But a command that finishes whoever reads (DOOR_FINISHES) is never slowed down: what
 * the client doesn't take is kept for it, up to PUMP_KEPT_MAX of each output. What comes
 * after that is thrown away.
 *
 * A turn is: ask pump_interest what to poll for, poll, give libssh its turn, pump_step.
 */

#define PUMP_FDS DOOR_FDS
#define PUMP_KEPT_MAX (4 * 1024 * 1024)

/* What was read on one side, but not yet taken by the other. */
struct backlog {
	struct buf bytes;
	size_t taken; /* of them, from the start */
};

/* One of the command's outputs. */
struct outlet {
	int fd; /* -1 at its end */
	bool is_stderr;
	bool is_cut; /* what else comes is thrown away */
	struct backlog backlog;
};

struct pump {
	ssh_channel channel; /* borrowed; NULL when libssh has no more of it */
	bool unheard;	     /* nobody takes output any more */
	bool input_waits;    /* libssh holds bytes for the command */
	bool input_ended;    /* and no others will come */
	size_t input_owed;   /* read since the client was last told to send more */
	struct backlog input;
	int to_command; /* -1 when closed */
	struct outlet out, err;
	bool finishes; /* the command goes on, whoever reads */
	int status_fd; /* -1 at its end */
	char status[ENDING_TEXT_MAX];
	size_t status_len;
	int64_t linger_until;  /* the command has ended, but its output has not */
	int64_t half_close_at; /* its output has ended, but the command has not */
	bool half_closed;
};

void pump_init(struct pump *p, ssh_channel channel);
void pump_finish(struct pump *p);

/* Takes our side of the command's descriptors. */
void pump_attach(struct pump *p, struct ends *ends);

/* A last text for the client's standard error. Nothing may follow. */
void pump_say(struct pump *p, const char *text);

/* The exit status, when no command says it. */
void pump_set_status(struct pump *p, int status);

/* Whether the client missed output that came after what it took. */
bool pump_was_cut(const struct pump *p);

/* For libssh's callbacks, which may come at any time in the middle of a turn. */
void pump_input_waits(struct pump *p);
void pump_input_ended(struct pump *p);

/* Output is thrown away from now on; input that has come still reaches the command. */
void pump_unheard(struct pump *p);

/* Closes the command's outputs, unless it finishes whoever reads. */
void pump_let_go(struct pump *p);

/* libssh's channel is gone or about to be. */
void pump_detach(struct pump *p);

/* Fills set with what it waits for; unused entries have descriptor -1. */
void pump_interest(const struct pump *p, struct pollfd set[PUMP_FDS]);

/* Moves what can be moved; now is the monotonic clock. */
void pump_step(struct pump *p, const struct pollfd set[PUMP_FDS], int64_t now);

/* The latest time for the next step, INT64_MAX for none. */
int64_t pump_deadline(const struct pump *p);

/* All output was passed on, and the command has said how it ended, or never will. */
bool pump_is_done(const struct pump *p);

#endif
