#include "tests/support/stream.h"

#include <errno.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Of a chunk's size or of a trailer. */
#define LINE_MAX_LEN 256

struct stream *stream_create(int fd, const void *had, size_t len)
{
	struct stream *s = malloc(sizeof(*s));

	if (!s)
		return NULL;
	s->fd = fd;
	s->at = 0;
	s->len = len < sizeof(s->data) ? len : sizeof(s->data);
	memcpy(s->data, had, s->len);
	return s;
}

size_t stream_some(struct stream *s, size_t max, const char **out)
{
	size_t n;

	while (s->at == s->len) {
		ssize_t got = recv(s->fd, s->data, sizeof(s->data), 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return 0;
		s->at = 0;
		s->len = (size_t)got;
	}
	n = s->len - s->at < max ? s->len - s->at : max;
	*out = s->data + s->at;
	s->at += n;
	return n;
}

int stream_read(struct stream *s, void *out, size_t len)
{
	char *to = out;

	while (len) {
		const char *from;
		size_t n = stream_some(s, len, &from);

		if (!n)
			return -1;
		memcpy(to, from, n);
		to += n;
		len -= n;
	}
	return 0;
}

int send_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A line without its CRLF. */
static int read_line(struct stream *s, char line[LINE_MAX_LEN])
{
	size_t len = 0;

	while (len < LINE_MAX_LEN - 1) {
		if (stream_read(s, line + len, 1) < 0)
			return -1;
		if (line[len] == '\n') {
			line[len && line[len - 1] == '\r' ? len - 1 : len] = '\0';
			return 0;
		}
		len++;
	}
	return -1;
}

static int digest_part(struct stream *s, int64_t length, struct sha256_ctx *sum)
{
	while (length > 0) {
		const char *data;
		size_t max = length < STREAM_CHUNK ? (size_t)length : STREAM_CHUNK;
		size_t n = stream_some(s, max, &data);

		if (!n)
			return -1;
		sha256_update(sum, n, (const uint8_t *)data);
		length -= (int64_t)n;
	}
	return 0;
}

static int digest_chunks(struct stream *s, int64_t *total, struct sha256_ctx *sum)
{
	char line[LINE_MAX_LEN];
	int64_t size;

	do {
		if (read_line(s, line) < 0)
			return -1;
		size = strtoll(line, NULL, 16);
		if (size < 0 || digest_part(s, size, sum) < 0)
			return -1;
		*total += size;
		/* The end of the chunk, or of the last one's trailers. */
		do {
			if (read_line(s, line) < 0)
				return -1;
		} while (!size && *line);
	} while (size);
	return 0;
}

int stream_digest(
	struct stream *s, int64_t length, int64_t *total, char out[STREAM_DIGEST_SIZE])
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sum;
	int rc;

	sha256_init(&sum);
	*total = length < 0 ? 0 : length;
	rc = length < 0 ? digest_chunks(s, total, &sum) : digest_part(s, length, &sum);
	sha256_digest(&sum, sizeof(digest), digest);
	base16_encode_update(out, sizeof(digest), digest);
	out[STREAM_DIGEST_SIZE - 1] = '\0';
	return rc;
}
