#ifndef BARDO_BUILDER_TTY_H
#define BARDO_BUILDER_TTY_H

#include <stdbool.h>
#include <termios.h>

/* A person's terminal while a program in a container has it: that one's own terminal
 * echoes and turns Ctrl-C into a signal, so that ours must do neither. */
struct tty {
	int fd;
	bool raw;
	struct termios before;
};

/* fd is borrowed; what is no terminal stays as it is. */
void tty_make_raw(struct tty *t, int fd);
void tty_restore(struct tty *t);

/* false: fd is no terminal, or has no size. */
bool tty_size(int fd, int *rows, int *columns);

#endif
