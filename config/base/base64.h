#ifndef BARDO_BASE_BASE64_H
#define BARDO_BASE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/* Decodes base64 (RFC 4648, 4), blanks and line ends among it and a missing padding
 * forgiven. out has room for len / 4 * 3 + 3 bytes. How many there are, or -1. */
ssize_t base64_decode(const char *text, size_t len, char *out);

#endif
