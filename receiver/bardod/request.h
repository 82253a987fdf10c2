#ifndef BARDO_BARDOD_REQUEST_H
#define BARDO_BARDOD_REQUEST_H

#include <stddef.h>

struct door_request;
struct err;

/* A request on its way to a `bardo --door`: messages that wait in a socket until the
 * program that we start with its other end reads them. */
struct request {
	int ours;
	int child; /* for the program's DOOR_REQUEST_FD */
};

/* Finish it in any case. */
int request_init(struct request *q, struct err *err);

/* Adds one message, with copies of fds. Never waits: what has no room is ERR_FAILED. */
int request_add(struct request *q, const struct door_request *r, const int *fds,
	size_t fds_len, struct err *err);

/* Closes both ends; what was added still waits for the program. */
void request_finish(struct request *q);

#endif
