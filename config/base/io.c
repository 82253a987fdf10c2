#include "config/base/io.h"

#include "config/base/buf.h"
#include "config/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_CHUNK 16384
#define TREE_OPEN_DIRS 32

int io_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int io_read_all(int fd, struct buf *b, struct err *err)
{
	for (;;) {
		size_t room = b->max - b->len < READ_CHUNK ? b->max - b->len : READ_CHUNK;
		char extra[1];
		char *to = buf_reserve(b, room);
		ssize_t n;

		if (!to)
			return err_set(err, ERR_FAILED, "out of memory");
		n = read(fd, room ? to : extra, room ? room : 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, "read");
		if (n == 0)
			break;
		if (!room)
			return err_set(err, ERR_FAILED, "more than %zu bytes", b->max);
		b->len += (size_t)n;
	}
	return buf_add(b, "", 0);
}

int io_read_file(const char *path, struct buf *b, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOTFOUND, "%s: no such file", path);
	if (fd < 0)
		return err_errno(err, "%s", path);
	rc = io_read_all(fd, b, err);
	(void)close(fd);
	return rc ? err_prefix(err, "%s: ", path) : 0;
}

int io_replace_file(
	const char *path, mode_t mode, const void *data, size_t len, struct err *err)
{
	char tmp[PATH_MAX];
	int fd = -1, rc = 0;

	if (snprintf(tmp, sizeof(tmp), "%s.%d.tmp", path, (int)getpid()) >=
		(int)sizeof(tmp))
		return err_set(err, ERR_FAILED, "%s: the path is too long", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return err_errno(err, "%s", tmp);
	if (fchmod(fd, mode) < 0 || io_write_all(fd, data, len) < 0 || fsync(fd) < 0 ||
		rename(tmp, path) < 0) {
		rc = err_errno(err, "%s", path);
		(void)unlink(tmp);
	}
	(void)close(fd);
	return rc;
}

int io_make_dir(const char *path, mode_t mode, struct err *err)
{
	struct stat st;

	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return err_errno(err, "%s", path);
	if (stat(path, &st) < 0)
		return err_errno(err, "%s", path);
	if (!S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		return err_errno(err, "%s", path);
	}
	if (chmod(path, mode) < 0)
		return err_errno(err, "%s", path);
	return 0;
}

static int remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int io_remove_tree(const char *path, struct err *err)
{
	if (nftw(path, remove_entry, TREE_OPEN_DIRS, FTW_DEPTH | FTW_PHYS) < 0 &&
		errno != ENOENT)
		return err_errno(err, "%s", path);
	return 0;
}

int io_set_cloexec(int fd, bool on)
{
	return fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0);
}

int io_set_nonblocking(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}
