#ifndef BARDO_BUILDER_MASK_H
#define BARDO_BUILDER_MASK_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * Takes secrets out of text: each becomes MASK_STARS, as it is and as programs quote it
 * (mask_forms.h); of a secret of several lines each line too. Shorter ones than
 * MASK_SECRET_MIN are no secrets: they would be found everywhere.
 *
 * Secrets that overlap become MASK_STARS once. It is the same whichever chunks a text
 * comes in, and text only ever becomes shorter.
 */

#define MASK_STARS "********"
#define MASK_SECRET_MIN 8
/* So much of a text is held back at most. A longer secret is known by its beginning, and
 * then swallowed as far as the text goes on like it. */
#define MASK_HEAD_MAX 1024
/* All secrets in all their forms. */
#define MASK_BYTES_MAX (64 * 1024 * 1024)

struct mask;

/* Add the secrets, then make it ready; until then it finds nothing. */
int mask_create(struct mask **out, struct err *err);
void mask_destroy(struct mask *m);
int mask_add(struct mask *m, const char *secret, struct err *err);
int mask_ready(struct mask *m, struct err *err);

/* NULL masks nothing, here and below. Masks in place and returns the new length; no NUL
 * is needed or written. is_cut: the text was cut at its end, so that the beginning of a
 * secret there, of MASK_SECRET_MIN bytes at least, is masked as well. */
size_t mask_text(const struct mask *m, char *text, size_t len, bool is_cut);

/* The same for a text that ends in a NUL; one that ends in "…" was cut there. */
void mask_string(const struct mask *m, char *text);

/* The same for a text in a buffer of this size: one that fills it was cut, too. */
void mask_field(const struct mask *m, char *text, size_t size);

/* ---- text that comes in chunks ---- */

#define MASK_CHUNK_MAX 4096

struct mask_stream {
	const struct mask *mask; /* borrowed */
	char held[MASK_HEAD_MAX + MASK_CHUNK_MAX];
	size_t len;
	size_t hidden; /* so many bytes from held[0] on belong to a secret that was found
			*/
	/* Inside a secret that is longer than MASK_HEAD_MAX: those that it may be. */
	size_t low, high, depth;
	bool inside;
};

/* Takes masked text; its nonzero return ends mask_feed and is returned. */
typedef int mask_sink(void *ctx, const char *text, size_t len);

void mask_begin(struct mask_stream *st, const struct mask *m);
int mask_feed(
	struct mask_stream *st, const char *data, size_t len, mask_sink *out, void *ctx);
/* What was held back comes out; the stream can then be fed another text. */
int mask_end(struct mask_stream *st, bool is_cut, mask_sink *out, void *ctx);

#endif
