#ifndef BARDO_BUILDER_BUILD_ERROR_H
#define BARDO_BUILDER_BUILD_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* The words in which Engines say why a build failed, made readable. */

/* The exit code that a message ends in ("exit code: 2", "non-zero code: 2", "exit status
 * 2"), 0 if it names none. */
int build_error_exit_code(const char *message);

bool build_error_is_canceled(const char *message);
bool build_error_is_disk_full(const char *text, size_t len);

/* The first line of a message without the names of the Engine's inner parts, and with
 * what to do where that is known. Returns out. */
char *build_error_tidy(const char *message, char *out, size_t size);

#endif
