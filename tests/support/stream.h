#ifndef BARDO_TESTS_STREAM_H
#define BARDO_TESTS_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* What comes from a socket after a head, of which some was read with the head. */

#define STREAM_CHUNK 65536

struct stream {
	int fd;
	size_t at, len; /* in data */
	char data[STREAM_CHUNK];
};

/* The stream behind fd, beginning with the len bytes at had; the rest of what doesn't fit
 * is cut. Free it with free(). NULL without memory. */
struct stream *stream_create(int fd, const void *had, size_t len);

/* The next 1 to max bytes, of which *out borrows until the next call; 0 at the end. */
size_t stream_some(struct stream *s, size_t max, const char **out);

/* Exactly len bytes: 0, or -1 if it ended before. */
int stream_read(struct stream *s, void *out, size_t len);

/* All of it: 0, or -1. */
int send_all(int fd, const void *data, size_t len);

/*
 * A request's body of length bytes, or chunked with length -1 (RFC 9112, 7.1), whatever
 * its size: its length and its SHA-256 in hex. -1 if it ended before.
 */
#define STREAM_DIGEST_SIZE 65
int stream_digest(
	struct stream *s, int64_t length, int64_t *total, char out[STREAM_DIGEST_SIZE]);

#endif
