#ifndef BARDO_SSH_ENDS_H
#define BARDO_SSH_ENDS_H

#include "config/door.h"

#include <stdbool.h>

struct err;

/* The descriptors between us and a command: pipes, or one terminal and a pipe for the
 * status. Ours don't block. Unused ones are -1. */
struct ends {
	int ours[DOOR_FDS];
	int theirs[DOOR_FDS];
};

struct terminal_size {
	int columns, rows, width, height; /* the last two in pixels */
};

void ends_init(struct ends *e);
/* Closes what is left of either side. */
void ends_finish(struct ends *e);
void ends_close_theirs(struct ends *e);

int ends_open_pipes(struct ends *e, struct err *err);

/* Takes master, a terminal from terminal_open, also on failure. */
int ends_open_terminal(struct ends *e, int master, struct err *err);

/* Its master descriptor, or a negative code. */
int terminal_open(const struct terminal_size *size, struct err *err);
void terminal_resize(int master, const struct terminal_size *size);

#endif
