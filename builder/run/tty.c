#include "builder/run/tty.h"

#include <sys/ioctl.h>

void tty_make_raw(struct tty *t, int fd)
{
	struct termios raw;

	*t = (struct tty){.fd = fd};
	if (tcgetattr(fd, &t->before) < 0)
		return;
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = tcsetattr(fd, TCSANOW, &raw) == 0;
}

void tty_restore(struct tty *t)
{
	/* Without waiting for the terminal's reader, who may have gone. */
	if (t->raw)
		(void)tcsetattr(t->fd, TCSANOW, &t->before);
	t->raw = false;
}

bool tty_size(int fd, int *rows, int *columns)
{
	struct winsize w;

	if (ioctl(fd, TIOCGWINSZ, &w) < 0 || !w.ws_row || !w.ws_col)
		return false;
	*rows = w.ws_row;
	*columns = w.ws_col;
	return true;
}
