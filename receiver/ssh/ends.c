#include "receiver/ssh/ends.h"

#include "config/base/err.h"
#include "config/base/io.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Larger pipes mean fewer turns. All pipes of one user may hold 64 MiB before the
 * kernel makes new ones tiny: this leaves room for a hundred connections. */
#define PIPE_BYTES (256 * 1024)

void ends_init(struct ends *e)
{
	for (size_t i = 0; i < DOOR_FDS; i++)
		e->ours[i] = e->theirs[i] = -1;
}

static void close_all(int fds[DOOR_FDS])
{
	for (size_t i = 0; i < DOOR_FDS; i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
		fds[i] = -1;
	}
}

void ends_close_theirs(struct ends *e)
{
	close_all(e->theirs);
}

void ends_finish(struct ends *e)
{
	close_all(e->ours);
	close_all(e->theirs);
}

static int open_pipe(struct ends *e, enum door_fd which, struct err *err)
{
	int fds[2];
	bool we_write = which == DOOR_STDIN;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	e->ours[which] = we_write ? fds[1] : fds[0];
	e->theirs[which] = we_write ? fds[0] : fds[1];
	if (which == DOOR_STDIN || which == DOOR_STDOUT)
		(void)fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES);
	if (io_set_nonblocking(e->ours[which], true) < 0)
		return err_errno(err, "pipe");
	return 0;
}

int ends_open_pipes(struct ends *e, struct err *err)
{
	int rc = 0;

	for (int which = DOOR_STDIN; which < DOOR_FDS && !rc; which++)
		rc = open_pipe(e, (enum door_fd)which, err);
	return rc;
}

int ends_open_terminal(struct ends *e, int master, struct err *err)
{
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	e->ours[DOOR_STDOUT] = master;
	/* One for each direction, so that each can be closed alone. */
	e->ours[DOOR_STDIN] = fcntl(master, F_DUPFD_CLOEXEC, 0);
	e->theirs[DOOR_STDIN] = slave;
	if (slave < 0 || e->ours[DOOR_STDIN] < 0)
		return err_errno(err, "terminal");
	for (int which = DOOR_STDOUT; which <= DOOR_STDERR; which++) {
		e->theirs[which] = fcntl(slave, F_DUPFD_CLOEXEC, 0);
		if (e->theirs[which] < 0)
			return err_errno(err, "terminal");
	}
	return open_pipe(e, DOOR_STATUS, err);
}

int terminal_open(const struct terminal_size *size, struct err *err)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (master < 0)
		return err_errno(err, "posix_openpt");
	if (grantpt(master) < 0 || unlockpt(master) < 0) {
		(void)err_errno(err, "terminal");
		(void)close(master);
		return ERR_FAILED;
	}
	terminal_resize(master, size);
	return master;
}

/* A client may send any 32 bits. */
static unsigned short bounded(int n)
{
	return n < 0 ? 0 : n > 0xffff ? 0xffff : (unsigned short)n;
}

void terminal_resize(int master, const struct terminal_size *size)
{
	struct winsize w = {
		.ws_col = bounded(size->columns),
		.ws_row = bounded(size->rows),
		.ws_xpixel = bounded(size->width),
		.ws_ypixel = bounded(size->height),
	};

	(void)ioctl(master, TIOCSWINSZ, &w);
}
