#include "builder/say_text.h"

#include "config/base/buf.h"
#include "config/base/utf8.h"

#include <stdbool.h>
#include <string.h>

#define ESCAPE '\x1b'
#define REPLACEMENT "\xef\xbf\xbd"
#define ELLIPSIS "\xe2\x80\xa6"
#define COLOUR_RESET "\x1b[0m"
/* The longest colour that is passed on: ESC [ 38;2;255;255;255;48;2;255;255;255 m. */
#define COLOUR_MAX 40

/* Bytes of the escape sequence at p: CSI up to its final byte, OSC and its kin up to BEL
 * or ST, else two bytes (ECMA-48, 5.4 and 5.6). */
static size_t escape_length(const char *p, size_t len)
{
	size_t n = 2;

	if (len < 2)
		return len;
	if (p[1] == '[') {
		while (n < len && p[n] >= 0x20 && p[n] < 0x40)
			n++;
		return n < len ? n + 1 : len;
	}
	if (!memchr("]PX^_", p[1], 5))
		return n;
	for (; n < len; n++) {
		if (p[n] == '\a')
			return n + 1;
		if (p[n] == ESCAPE && n + 1 < len && p[n + 1] == '\\')
			return n + 2;
	}
	return len;
}

static bool is_colour(const char *p, size_t len)
{
	if (len < 3 || len > COLOUR_MAX || p[1] != '[' || p[len - 1] != 'm')
		return false;
	for (size_t i = 2; i < len - 1; i++) {
		if (!strchr("0123456789;:", p[i]) || !p[i])
			return false;
	}
	return true;
}

/* What is left of a line after its carriage returns: the part behind the last one that
 * has text behind it, as a progress bar leaves it on a terminal. */
static void skip_overwritten(const char **line, size_t *len)
{
	const char *cr;

	while (*len && (*line)[*len - 1] == '\r')
		(*len)--;
	cr = memrchr(*line, '\r', *len);
	if (!cr)
		return;
	*len -= (size_t)(cr + 1 - *line);
	*line = cr + 1;
}

static bool ends_with_reset(const struct buf *b)
{
	size_t n = strlen(COLOUR_RESET);

	return b->len >= n && !memcmp(b->data + b->len - n, COLOUR_RESET, n);
}

void say_clean(struct buf *out, const char *line, size_t len, size_t max)
{
	size_t shown = 0;
	bool coloured = false;

	skip_overwritten(&line, &len);
	while (len) {
		size_t n = utf8_length(line, len);
		const char *text = line;
		size_t text_len = n;

		if (*line == ESCAPE) {
			n = escape_length(line, len);
			text_len = is_colour(line, n) ? n : 0;
			coloured = coloured || text_len;
		} else if (n == 0) {
			n = 1;
			text = REPLACEMENT;
			text_len = strlen(REPLACEMENT);
		} else if (*line != '\t' && utf8_is_control(line, n)) {
			text_len = 0;
		}
		if (shown + text_len > max) {
			(void)buf_adds(out, ELLIPSIS);
			break;
		}
		(void)buf_add(out, text, text_len);
		shown += text_len;
		line += n;
		len -= n;
	}
	if (coloured && !ends_with_reset(out))
		(void)buf_adds(out, COLOUR_RESET);
}
