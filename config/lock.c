#include "config/lock.h"

#include "config/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/file.h>

int lock_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? err_errno(err, "%s", path) : fd;
}

int lock_try(int fd, struct err *err)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(
				err, ERR_BUSY, "another deploy of this app is under way");
		if (errno != EINTR)
			return err_errno(err, "flock");
	}
	return 0;
}

int lock_wait(int fd, struct err *err)
{
	while (flock(fd, LOCK_EX) < 0) {
		if (errno != EINTR)
			return err_errno(err, "flock");
	}
	return 0;
}

int lock_share(int fd, struct err *err)
{
	while (flock(fd, LOCK_SH) < 0) {
		if (errno != EINTR)
			return err_errno(err, "flock");
	}
	return 0;
}

void lock_release(int fd)
{
	(void)flock(fd, LOCK_UN);
}

static int lock_byte(int fd, int at, int command, short type, struct err *err)
{
	struct flock byte = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	while (fcntl(fd, command, &byte) < 0) {
		if (errno == EAGAIN || errno == EACCES)
			return err_set(err, ERR_BUSY, "somebody else holds it");
		if (errno != EINTR)
			return err_errno(err, "fcntl");
	}
	return 0;
}

int lock_byte_try(int fd, int at, struct err *err)
{
	return lock_byte(fd, at, F_OFD_SETLK, F_WRLCK, err);
}

int lock_byte_wait(int fd, int at, struct err *err)
{
	return lock_byte(fd, at, F_OFD_SETLKW, F_WRLCK, err);
}

void lock_byte_release(int fd, int at)
{
	(void)lock_byte(fd, at, F_OFD_SETLK, F_UNLCK, NULL);
}
