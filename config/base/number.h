#ifndef BARDO_BASE_NUMBER_H
#define BARDO_BASE_NUMBER_H

#include <stdint.h>

/* Decimal numbers that people wrote. Each takes the whole text or fails with -1. */

int number_parse(const char *text, int64_t min, int64_t max, int64_t *out);

/* A size in bytes: 512, 64k, 100m, 2g (powers of 1024). */
int number_parse_size(const char *text, int64_t *bytes);

/* A duration in milliseconds: 500ms, 30s, 20m, 2h; a bare number is seconds. */
int number_parse_duration(const char *text, int64_t *ms);

#endif
