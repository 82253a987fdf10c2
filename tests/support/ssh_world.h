#ifndef BARDO_TESTS_SUPPORT_SSH_WORLD_H
#define BARDO_TESTS_SUPPORT_SSH_WORLD_H

#include "config/base/message.h"
#include "config/door.h"

#include <libssh/libssh.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A whole connection in a test: bardo-ssh's session in a process of its own, libssh's
 * client side here, and the test itself as bardod and as the commands. No test needs a
 * thread: what one side sends waits in a pipe until the test reads it on the other.
 */

struct world {
	char folder[64];  /* keys, snapshot, log */
	ssh_key key;	  /* the user's, listed */
	ssh_key stranger; /* not listed */
	char *fingerprint;
	pid_t server;
	int door;
	ssh_session client;
};

/* A command as it came through the door: the test has its side of the descriptors. */
struct command {
	struct message message;
	struct door_request request;
	int in, out, err, status; /* -1 when closed */
};

/* For a group of tests: keys are slow to make. */
int world_create(void **state);
int world_destroy(void **state);

/* After each test: ends what it left. */
int world_clean(void **state);

/* The server has this long and this many tries; the client has connected, no more. */
void world_connect(struct world *w, int64_t grace_ms, int64_t max_tries);

/* And has logged in, with limits that don't matter. */
void world_login(struct world *w);

ssh_channel world_channel(struct world *w);

/* Asks for a command on the channel, and takes it from the door. */
void world_run(struct world *w, ssh_channel channel, const char *line, struct command *c);

/* Takes one message from the door; the fields of r are borrowed from m. */
void world_ask(struct world *w, struct message *m, struct door_request *r);

/* The command writes this as its status, closes all and is over. */
void command_end(struct command *c, const char *status);
void command_close(int *fd);

/* Reads exactly len bytes of what the command or the client gets. */
void command_read(struct command *c, void *to, size_t len);
void client_read(ssh_channel channel, void *to, size_t len, int is_stderr);

/* All of it until the end; a text of the caller's to free. */
char *client_read_text(ssh_channel channel, int is_stderr);

/* How the client was told that the command ended; -1 if not by an exit status. */
int client_status(ssh_channel channel);

/* Fills it with bytes that are never the same. */
void random_bytes(void *to, size_t len);

/* The server's exit status once it has ended by itself. */
int world_wait(struct world *w);

/* What the server has written to its log so far; the caller frees it. */
char *world_log(const struct world *w);

#endif
