#ifndef BARDO_HOOKS_PKTLINE_H
#define BARDO_HOOKS_PKTLINE_H

#include <stddef.h>

struct err;

/* Git's pkt-lines (gitprotocol-common(5)): four hex digits of length, then the bytes; a
 * length of 0 is a flush. */

#define PKT_LINE_MAX 65516

enum pkt_kind { PKT_LINE, PKT_FLUSH, PKT_END };

/* Reads one into line (PKT_LINE_MAX + 1), ended by a NUL; a newline at its end is left
 * out. The kind, PKT_END when nothing is left; ERR_USAGE: malformed or cut off. */
int pkt_read(int fd, char *line, size_t *line_len, struct err *err);

/* ERR_FAILED if it can't be written, or is too long. */
int pkt_write(int fd, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int pkt_write_data(int fd, const void *data, size_t len, struct err *err);
int pkt_flush(int fd, struct err *err);

#endif
