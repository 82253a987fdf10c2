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

/* Whether all of it is. NUL is a character. */
bool utf8_is_valid(const char *text, size_t len);

#endif
