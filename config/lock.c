#include "config/lock.h"

#include "config/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <sys/file.h>
#include <time.h>

/* Bytes of the lock file, far from those that other modules hold by numbers of theirs. */
#define BYTE_UPKEEP INT_MAX
#define BYTE_WANTED (INT_MAX - 1)

/* Upkeep looks as often whether it is wanted. */
#define PAUSE_NS 20000000

int lock_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? err_errno(err, "%s", path) : fd;
}

int lock_try(int fd, struct err *err)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(err, ERR_BUSY,
				"another deploy of this app is under way: try again when "
				"it has ended (`lives APP` shows it)");
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

/* By somebody else. */
static bool byte_is_held(int fd, int at)
{
	struct flock byte = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &byte) == 0 && byte.l_type != F_UNLCK;
}

void lock_release(int fd)
{
	(void)flock(fd, LOCK_UN);
	lock_byte_release(fd, BYTE_UPKEEP);
}

void lock_is_for_upkeep(int fd)
{
	(void)lock_byte_try(fd, BYTE_UPKEEP, NULL);
}

bool lock_is_wanted(int fd)
{
	return byte_is_held(fd, BYTE_WANTED);
}

/* Upkeep says what it is only when it has the lock, so one look more is taken. */
int lock_take(int fd, struct err *err)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	bool looked_twice = false;
	int rc;

	while ((rc = lock_try(fd, err)) == ERR_BUSY && !looked_twice) {
		looked_twice = !byte_is_held(fd, BYTE_UPKEEP);
		(void)lock_byte_try(fd, BYTE_WANTED, NULL);
		(void)nanosleep(&pause, NULL);
	}
	lock_byte_release(fd, BYTE_WANTED);
	return rc;
}
