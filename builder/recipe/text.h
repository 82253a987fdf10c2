#ifndef BARDO_BUILDER_RECIPE_TEXT_H
#define BARDO_BUILDER_RECIPE_TEXT_H

#include <stddef.h>

struct err;

/* A command and the like, on a line of its own. */
#define TEXT_LINE_MAX 8192

/* What every file of a recipe must be: UTF-8 without zero bytes. ERR_FAILED: "line 3:
 * …". */
int text_check(const char *text, size_t len, struct err *err);

/* The line that a place in a text is on, from 1. */
size_t text_line(const char *text, const char *at);

#endif
