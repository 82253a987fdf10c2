#ifndef BARDO_BASE_MESSAGE_H
#define BARDO_BASE_MESSAGE_H

#include <stddef.h>

struct err;

/*
 * Messages between our own processes: one SOCK_SEQPACKET datagram is a list of fields,
 * each ended by a NUL, the first of which names the kind of message. Descriptors travel
 * beside it (SCM_RIGHTS).
 */

#define MESSAGE_MAX (128 * 1024)
#define MESSAGE_FIELDS_MAX 256
#define MESSAGE_FDS_MAX 4

struct message {
	char *data; /* all fields, each with its NUL */
	size_t len;
	const char *fields[MESSAGE_FIELDS_MAX]; /* into data */
	size_t fields_len;
	int fds[MESSAGE_FDS_MAX]; /* received ones: owned by the message until set to -1
				   */
	size_t fds_len;
};

void message_init(struct message *m);

/* Frees the data and closes the descriptors it still owns. */
void message_finish(struct message *m);

/* Adds a copy of a field. ERR_USAGE when the message would be too large. */
int message_add(struct message *m, const char *field, struct err *err);

/* Finds the fields in data: the reverse of message_add, for bytes that came from outside.
 * Takes ownership of data (from malloc) also on failure. ERR_USAGE: not ended by a NUL,
 * empty, too many fields or bytes. */
int message_parse(struct message *m, char *data, size_t len, struct err *err);

/* Sends it with copies of fds; ours stay open. */
int message_send(int sock, const struct message *m, const int *fds, size_t fds_len,
	struct err *err);

/* Receives one into m, which is finished first. ERR_NOTFOUND: the other side has closed.
 * ERR_BUSY: nothing there yet (a non-blocking socket). ERR_USAGE: malformed, and gone. */
int message_receive(int sock, struct message *m, struct err *err);

#endif
