#include "config/lock.h"

#include "config/base/err.h"

#include <errno.h>
#include <fcntl.h>
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
