#ifndef BARDO_BARDOD_DOORKEEPER_H
#define BARDO_BARDOD_DOORKEEPER_H

struct connection;

/*
 * The server's side of a connection's door (config/door.h): what bardo-ssh asks for, once
 * it said whose key logged in, becomes `bardo --door` in a session of its own.
 */

/* Commands of one connection at once, and of all. */
#define DOOR_RUNS_PER_CONNECTION 32
#define DOOR_RUNS_MAX 512

/* There is something to read at the door of a struct connection. */
void doorkeeper_answer(void *connection);

/* Nobody is at the door any more: closes it and hangs every run up, which for some
 * commands means nothing. They are reaped in their own time. */
void doorkeeper_close(struct connection *c);

/* We are going: closes the door and forgets the runs, which go on. */
void doorkeeper_abandon(struct connection *c);

#endif
