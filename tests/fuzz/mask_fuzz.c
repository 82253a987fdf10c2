/* What programs print is anything, and so is a secret. The input's first line is the
 * size of the chunks (one byte) and the secret; the rest is the text. */

#include "builder/mask.h"

#include "config/base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int collect(void *ctx, const char *text, size_t len)
{
	return buf_add(ctx, text, len);
}

static void feed(
	const struct mask *m, const char *text, size_t len, size_t chunk, struct buf *out)
{
	struct mask_stream st;

	mask_begin(&st, m);
	while (len) {
		size_t n = chunk < len ? chunk : len;

		(void)mask_feed(&st, text, n, collect, out);
		text += n;
		len -= n;
	}
	(void)mask_end(&st, false, collect, out);
}

/* Chunks give what the whole gives, which holds no secret and is no longer. */
static void check(const struct mask *m, const char *secret, const char *text, size_t len,
	size_t chunk)
{
	char *whole = malloc(len + 1);
	size_t masked, secret_len = strlen(secret);
	struct buf out;

	if (!whole)
		return;
	memcpy(whole, text, len);
	masked = mask_text(m, whole, len, false);
	buf_init(&out, TEXT_MAX);
	feed(m, text, len, chunk, &out);
	if (masked > len || out.len != masked ||
		memcmp(buf_text(&out), whole, masked) != 0)
		abort();
	/* Stars may make one up, and so may what stands around them. */
	if (secret_len >= MASK_SECRET_MIN && !strchr(secret, '*') &&
		strspn(secret, " \t\n\v\f\r") != secret_len &&
		strcspn(secret, " \t\n\v\f\r") == secret_len &&
		memmem(whole, masked, secret, secret_len))
		abort();
	buf_finish(&out);
	free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *nl = size > 1 ? memchr(data + 1, '\n', size - 1) : NULL;
	const char *text = nl ? nl + 1 : (const char *)data + size;
	char *secret = nl
		? strndup((const char *)data + 1, (size_t)(nl - (const char *)data - 1))
		: NULL;
	struct mask *m = NULL;

	if (secret && size <= TEXT_MAX && !mask_create(&m, NULL) &&
		!mask_add(m, secret, NULL) && !mask_ready(m, NULL))
		check(m, secret, text, size - (size_t)(text - (const char *)data),
			data[0] ? data[0] : 1);
	mask_destroy(m);
	free(secret);
	return 0;
}
