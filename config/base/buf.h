#ifndef BARDO_BASE_BUF_H
#define BARDO_BASE_BUF_H

#include <stddef.h>

/*
 * A growing byte buffer with a maximum that is named where it is made. The caller
 * owns the struct; `data` is borrowed until the next call and always ends in a NUL
 * that `len` does not count (NULL only while nothing was ever added).
 */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
};

void buf_init(struct buf *b, size_t max);
void buf_finish(struct buf *b);

/* 0, or -1 if it would exceed the maximum or memory is short: b is unchanged then. */
int buf_add(struct buf *b, const void *data, size_t len);
int buf_adds(struct buf *b, const char *text);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for len more bytes and returns where they go, NULL as buf_add's -1;
 * the caller then adds what it wrote to b->len. */
char *buf_reserve(struct buf *b, size_t len);

/* Drops the first len bytes. */
void buf_consume(struct buf *b, size_t len);
void buf_reset(struct buf *b);

/* The text so far, "" if nothing; borrowed. */
const char *buf_text(const struct buf *b);

#endif
