#ifndef BARDO_BUILDER_ENGINE_HTTP_H
#define BARDO_BUILDER_ENGINE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/*
 * As much of HTTP/1.1 (RFC 9112) as a followed connection needs, which libcurl gives us
 * bare (CURLOPT_CONNECT_ONLY): the head of an answer, and the chunked coding of its body.
 */

#define HTTP_HEAD_MAX (16 * 1024)

struct http_head {
	int status;
	bool chunked;
	bool has_length;
	uint64_t length;
};

/* Reads a head out of data. Gives its bytes, the empty line included, or 0 if it isn't
 * complete yet. ERR_FAILED: this is no HTTP. */
ssize_t http_head_parse(
	struct http_head *out, const char *data, size_t len, struct err *err);

/* A body whose coding is taken off while it arrives. */
struct http_body {
	enum {
		HTTP_BODY_RAW,	/* to the end of the connection */
		HTTP_BODY_LEFT, /* `left` bytes */
		HTTP_BODY_SIZE, /* a chunk's size line */
		HTTP_BODY_CHUNK,
		HTTP_BODY_CHUNK_END, /* the line end behind a chunk */
		HTTP_BODY_TRAILER,   /* lines behind the last chunk */
		HTTP_BODY_DONE,
	} state;
	uint64_t left;
	size_t line_len; /* of a size or trailer line so far */
	bool in_extension;
};

void http_body_init(struct http_body *b, const struct http_head *h);

/* Decodes from in to out, which may not overlap; *used is how much of in it took. Gives
 * the bytes put into out; 0 also while only coding was read, or when the body is at its
 * end (state HTTP_BODY_DONE). */
ssize_t http_body_decode(struct http_body *b, const char *in, size_t in_len, size_t *used,
	char *out, size_t out_len, struct err *err);

#endif
