#include "builder/recipe/text.h"

#include "config/base/err.h"
#include "config/base/utf8.h"

size_t text_line(const char *text, const char *at)
{
	size_t line = 1;

	for (; text < at; text++) {
		if (*text == '\n')
			line++;
	}
	return line;
}

int text_check(const char *text, size_t len, struct err *err)
{
	for (size_t at = 0, n; at < len; at += n) {
		n = utf8_length(text + at, len - at);
		if (!n)
			return err_set(err, ERR_FAILED,
				"line %zu: not UTF-8: save the file as UTF-8",
				text_line(text, text + at));
		if (!text[at])
			return err_set(err, ERR_FAILED,
				"line %zu: a zero byte: save the file as UTF-8",
				text_line(text, text + at));
	}
	return 0;
}
