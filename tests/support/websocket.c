#include "tests/support/websocket.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* RFC 6455, 1.3: what makes an answer that no other protocol would give. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

enum opcode { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 };

#define FINAL 0x80
#define OPCODE_BITS 0x0f
#define MASKED 0x80

struct frame {
	unsigned char first; /* final, reserved and opcode bits, as they came */
	uint64_t len;
	unsigned char mask[4];
};

static int shake_hands(int fd, const char *key)
{
	char out[256], accept[BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE) + 1] = "";
	uint8_t digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sum;
	int len;

	sha1_init(&sum);
	sha1_update(&sum, strcspn(key, " \r\n"), (const uint8_t *)key);
	sha1_update(&sum, strlen(GUID), (const uint8_t *)GUID);
	sha1_digest(&sum, sizeof(digest), digest);
	base64_encode_raw(accept, sizeof(digest), digest);
	len = snprintf(out, sizeof(out),
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		accept);
	return send_all(fd, out, (size_t)len);
}

static int send_head(int fd, unsigned char first, uint64_t len)
{
	unsigned char head[10] = {first};
	size_t bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;

	head[1] = (unsigned char)(bytes == 8 ? 127 : bytes == 2 ? 126 : len);
	for (size_t i = 0; i < bytes; i++)
		head[2 + i] = (unsigned char)(len >> (8 * (bytes - 1 - i)));
	return send_all(fd, head, 2 + bytes);
}

/* A client's frames are masked (5.1). */
static int read_head(struct stream *s, struct frame *f)
{
	unsigned char head[2], len[8];
	size_t bytes;

	if (stream_read(s, head, sizeof(head)) < 0 || !(head[1] & MASKED))
		return -1;
	f->first = head[0];
	f->len = head[1] & ~MASKED;
	bytes = f->len == 127 ? 8 : f->len == 126 ? 2 : 0;
	if (stream_read(s, len, bytes) < 0)
		return -1;
	for (size_t i = 0; i < bytes; i++)
		f->len = (i ? f->len << 8 : 0) | len[i];
	return stream_read(s, f->mask, sizeof(f->mask));
}

/* The frame goes back as it came, without the mask. */
static int send_back(struct stream *s, const struct frame *f, unsigned char first)
{
	char out[STREAM_CHUNK];
	uint64_t done = 0;

	if (send_head(s->fd, first, f->len) < 0)
		return -1;
	while (done < f->len) {
		uint64_t left = f->len - done;
		const char *data;
		size_t n = stream_some(
			s, left < sizeof(out) ? (size_t)left : sizeof(out), &data);

		if (!n)
			return -1;
		for (size_t i = 0; i < n; i++)
			out[i] = (char)(data[i] ^ f->mask[(done + i) % sizeof(f->mask)]);
		if (send_all(s->fd, out, n) < 0)
			return -1;
		done += n;
	}
	return 0;
}

/* Answers one frame; false at the end. */
static bool answer(struct stream *s)
{
	struct frame f;

	if (read_head(s, &f) < 0)
		return false;
	switch (f.first & OPCODE_BITS) {
	case CLOSE:
		(void)send_back(s, &f, f.first);
		return false;
	case PING:
		return !send_back(s, &f, FINAL | PONG);
	case PONG:
		return false; /* we ask for none */
	default:
		return !send_back(s, &f, f.first);
	}
}

void websocket_serve(struct stream *s, const char *key, const char *text)
{
	size_t len = strcspn(text, "\n");

	if (shake_hands(s->fd, key) < 0 || send_head(s->fd, FINAL | TEXT, len) < 0 ||
		send_all(s->fd, text, len) < 0)
		return;
	while (answer(s))
		;
}
