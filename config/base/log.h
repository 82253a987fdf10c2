#ifndef BARDO_BASE_LOG_H
#define BARDO_BASE_LOG_H

#include <stddef.h>

/*
 * The server's own log: one line a message on its descriptor, "TIME PROGRAM[PID]: text",
 * written with one write(2) so that lines of several processes never mix.
 * What a person asked for goes to their terminal, not here.
 */

/* name is borrowed for the life of the process. */
void log_name(const char *name);

/* Where the log goes from now on; standard error before. The descriptor is borrowed. */
void log_to(int fd);
int log_descriptor(void);

/* Called with each message before it is written, to take out of it, in place and within
 * size, what must not stand there. A message that was cut ends in "…". NULL: none. */
void log_filter(void (*filter)(void *ctx, char *text, size_t size), void *ctx);

void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
