#ifndef BARDO_BASE_IO_H
#define BARDO_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;

/* Writes all of it, going on after short writes and signals. 0, or -1 with errno. */
int io_write_all(int fd, const void *data, size_t len);

/* Reads to the end of fd into b. ERR_FAILED if reading fails or b's maximum is exceeded.
 */
int io_read_all(int fd, struct buf *b, struct err *err);

/* The whole file, ERR_NOTFOUND if there is none, ERR_FAILED else. */
int io_read_file(const char *path, struct buf *b, struct err *err);

/* Writes a neighbour and renames it, so that a reader sees the old or the new file. */
int io_replace_file(
	const char *path, mode_t mode, const void *data, size_t len, struct err *err);

/* Makes one directory, or finds it there; its mode is set in both cases. */
int io_make_dir(const char *path, mode_t mode, struct err *err);

/* Removes a file or a folder with all that is in it; follows no link, and what is not
 * there counts as removed. */
int io_remove_tree(const char *path, struct err *err);

/* Sets or clears FD_CLOEXEC, O_NONBLOCK. */
int io_set_cloexec(int fd, bool on);
int io_set_nonblocking(int fd, bool on);

#endif
