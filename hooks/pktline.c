#include "hooks/pktline.h"

#include "config/base/err.h"
#include "config/base/io.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD_LEN 4

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The length of what follows the head; -1 for a flush, -2 for what can't be. */
static long parse_head(const char *head)
{
	long len = 0;

	for (int i = 0; i < HEAD_LEN; i++) {
		int digit = hex_digit(head[i]);

		if (digit < 0)
			return -2;
		len = len * 16 + digit;
	}
	if (len == 0)
		return -1;
	/* 1 to 3 are control packets of protocol v2, which hooks never see. */
	return len < HEAD_LEN || len - HEAD_LEN > PKT_LINE_MAX ? -2 : len - HEAD_LEN;
}

static size_t without_newline(const char *line, size_t len)
{
	return len && line[len - 1] == '\n' ? len - 1 : len;
}

/* 1: all of it; 0: the end before its first byte; -1: cut off or failed. */
static int read_exactly(int fd, char *to, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, to + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 && got == 0 ? 0 : -1;
		got += (size_t)n;
	}
	return 1;
}

int pkt_read(int fd, char *line, size_t *line_len, struct err *err)
{
	char head[HEAD_LEN];
	int rc = read_exactly(fd, head, HEAD_LEN);
	long body;

	*line_len = 0;
	line[0] = '\0';
	if (rc == 0)
		return PKT_END;
	body = rc < 0 ? -2 : parse_head(head);
	if (body == -1)
		return PKT_FLUSH;
	if (body == -2 || (body > 0 && read_exactly(fd, line, (size_t)body) != 1))
		return err_set(err, ERR_USAGE, "a malformed pkt-line from git");
	*line_len = without_newline(line, (size_t)body);
	line[*line_len] = '\0';
	return PKT_LINE;
}

int pkt_write_data(int fd, const void *data, size_t len, struct err *err)
{
	char packet[HEAD_LEN + PKT_LINE_MAX + 1];

	if (len > PKT_LINE_MAX)
		return err_set(err, ERR_FAILED, "too long an answer for git");
	(void)snprintf(packet, sizeof(packet), "%04x", (unsigned)(len + HEAD_LEN));
	memcpy(packet + HEAD_LEN, data, len);
	if (io_write_all(fd, packet, len + HEAD_LEN) < 0)
		return err_errno(err, "cannot answer git");
	return 0;
}

int pkt_write(int fd, struct err *err, const char *fmt, ...)
{
	char line[PKT_LINE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= (int)sizeof(line) - 1)
		return err_set(err, ERR_FAILED, "too long an answer for git");
	line[n++] = '\n';
	return pkt_write_data(fd, line, (size_t)n, err);
}

int pkt_flush(int fd, struct err *err)
{
	return io_write_all(fd, "0000", HEAD_LEN) < 0
		? err_errno(err, "cannot answer git")
		: 0;
}
