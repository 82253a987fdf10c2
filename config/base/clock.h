#ifndef BARDO_BASE_CLOCK_H
#define BARDO_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_MAX 32

/* Milliseconds since the epoch, and since some fixed instant that never jumps. */
int64_t clock_unix_ms(void);
int64_t clock_monotonic_ms(void);

/* RFC 3339 in UTC with whole seconds: 2026-11-21T08:09:10Z. */
void clock_format(int64_t unix_ms, char out[CLOCK_TEXT_MAX]);

#endif
