#ifndef BARDO_RECEIVER_RECORD_H
#define BARDO_RECEIVER_RECORD_H

struct err;
struct request;

/* What the record gets to know of commands (config/record/events.h). None of these fails
 * a command: what can't be written down is logged. */

/* The first command of a connection tells that its user logged in. */
void record_login(struct request *r);

/* Before a command that changes something, so that one that is killed is told of too. */
void record_begin(struct request *r);

/* After a command: status as its run gave it, with err if that is negative. An event
 * comes of what changes something, and of whatever was refused; not of wrong usage, whose
 * words could be anything. err's message has been through secrets_hide. */
void record_command(struct request *r, int status, const struct err *err);

/* A key that nobody has any more asked for something on an open connection. */
void record_unknown_key(struct request *r, const struct err *err);

#endif
