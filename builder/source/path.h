#ifndef BARDO_BUILDER_SOURCE_PATH_H
#define BARDO_BUILDER_SOURCE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* Paths as text, never asked of a file system. */

/* Longer ones can't be unpacked on Linux (PATH_MAX, its NUL included). */
#define SOURCE_PATH_SIZE 4096

/* Cleans in place by the rules of Go's path.Clean, which .dockerignore is defined by:
 * "//" and "." go, ".." takes the element before it, a leading "/" stays, nothing becomes
 * ".". path needs room for two bytes. */
void source_path_clean(char *path);

/* A folder or file of the tree as people write it ("./web/", "/web", "web"), as a path
 * relative to the tree; "" is its root. False: it leads outside, or is too long. */
bool source_path_relative(char out[SOURCE_PATH_SIZE], const char *text);

/* Where a symbolic link at path leads, relative to the tree; false: outside of it. */
bool source_path_follow(char out[SOURCE_PATH_SIZE], const char *path, const char *target);

#endif
