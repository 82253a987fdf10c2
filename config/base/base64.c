#include "config/base/base64.h"

#include <string.h>

static int value_of(char c)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

ssize_t base64_decode(const char *text, size_t len, char *out)
{
	unsigned int bits = 0, held = 0; /* bits that are held */
	size_t letters = 0, padding = 0, n = 0;

	for (size_t i = 0; i < len; i++) {
		int value = value_of(text[i]);

		if (text[i] && strchr(" \t\r\n", text[i]))
			continue;
		padding += text[i] == '=';
		if (text[i] == '=')
			continue;
		if (value < 0 || padding)
			return -1;
		letters++;
		bits = (bits << 6 | (unsigned int)value) & 0xfff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[n++] = (char)(bits >> held & 0xff);
		}
	}
	/* One letter alone is no byte, and padding fills up to four. */
	if (letters % 4 == 1 || padding > 2 || (padding && (letters + padding) % 4))
		return -1;
	return (ssize_t)n;
}
