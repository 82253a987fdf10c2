#ifndef BARDO_SSH_ASK_H
#define BARDO_SSH_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* What we ask at the door (config/door.h) for the one who logged in. */
struct asker {
	int sock;				/* owned; -1 once bardod has gone */
	const char *fingerprint, *peer, *local; /* borrowed */
	bool introduced; /* the fingerprint was named: once, and never another */
};

/* Takes sock. A bardod that does not answer for ASK_TIMEOUT_S counts as gone. */
void ask_init(struct asker *a, int sock, const char *fingerprint, const char *peer,
	const char *local);
void ask_finish(struct asker *a);

struct ask_run {
	uint32_t id;
	const char *command;
	bool tty;
	const char *const *env; /* NAME=VALUE */
	size_t env_len;
	const int *fds; /* DOOR_FDS of them; ours stay open */
};

/* ERR_USAGE: the command is too long. ERR_AWAY: no bardod. */
int ask_run(struct asker *a, const struct ask_run *run, struct err *err);

/* Lost when bardod has gone. */
void ask_signal(struct asker *a, uint32_t id, const char *name);

/* ERR_AWAY: bardod has gone, and nobody tells the command. */
int ask_hangup(struct asker *a, uint32_t id);

#endif
