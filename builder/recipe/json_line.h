#ifndef BARDO_BUILDER_RECIPE_JSON_LINE_H
#define BARDO_BUILDER_RECIPE_JSON_LINE_H

#include <stddef.h>

struct json_file;

/* The line, from 1, on which the value at path ("cron[0].schedule", "" the whole) begins;
 * 0 if it isn't found. The text is JSON that was parsed; of two members with one name the
 * second counts. */
size_t json_line(const struct json_file *f, const char *path);

#endif
