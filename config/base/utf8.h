#ifndef BARDO_BASE_UTF8_H
#define BARDO_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-8 (RFC 3629: no surrogates, nothing longer than needed). */

/* Bytes of the character at text, 0 if it is none; len is at least 1. */
size_t utf8_length(const char *text, size_t len);

/* The character at text, of the length that utf8_length gave. */
uint32_t utf8_character(const char *text, size_t length);

/* Whether it is a control character, C1 among them: a terminal may take U+009B for ESC [.
 */
bool utf8_is_control(const char *text, size_t length);

/* How much of its beginning is; NUL is a character. */
size_t utf8_valid_length(const char *text, size_t len);

/* Whether all of it is. */
bool utf8_is_valid(const char *text, size_t len);

#endif
