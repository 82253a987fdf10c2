#include "builder/engine/engine.h"

#include "config/base/err.h"

#include <string.h>

#define STREAM_STDOUT 1
#define STREAM_STDERR 2
/* What a daemon tells of its own trouble; newer Engines only. */
#define STREAM_SYSTEM 3

static uint32_t size_of(const struct engine_frames *fr)
{
	return (uint32_t)fr->head[4] << 24 | (uint32_t)fr->head[5] << 16 |
		(uint32_t)fr->head[6] << 8 | fr->head[7];
}

bool engine_frames_at_start(const struct engine_frames *fr)
{
	return fr->left == size_of(fr);
}

static int take_head(struct engine_frames *fr)
{
	if (fr->head[0] > STREAM_SYSTEM || fr->head[1] || fr->head[2] || fr->head[3])
		return ERR_FAILED;
	fr->left = size_of(fr);
	if (!fr->left)
		fr->head_len = 0;
	return 0;
}

int engine_frames_feed(struct engine_frames *fr, const char *data, size_t len,
	int (*out)(void *ctx, int stream, const char *data, size_t len), void *ctx)
{
	while (len) {
		size_t want = sizeof(fr->head) - fr->head_len;
		int stream, rc = 0;

		if (want) {
			want = want < len ? want : len;
			memcpy(fr->head + fr->head_len, data, want);
			fr->head_len += want;
			data += want;
			len -= want;
			if (fr->head_len == sizeof(fr->head))
				rc = take_head(fr);
			if (rc < 0)
				return rc;
			continue;
		}
		want = fr->left < len ? fr->left : len;
		stream = fr->head[0];
		if (stream == STREAM_STDOUT || stream == STREAM_STDERR)
			rc = out(ctx, stream, data, want);
		if (rc < 0)
			return rc;
		fr->left -= (uint32_t)want;
		if (!fr->left)
			fr->head_len = 0;
		data += want;
		len -= want;
	}
	return 0;
}
