#ifndef BARDO_BUILDER_SAY_TEXT_H
#define BARDO_BUILDER_SAY_TEXT_H

#include <stddef.h>

struct buf;

/*
 * Makes a line of a program's output fit to be shown: what moves a cursor, rings a bell,
 * sets a title or asks the terminal anything is left out, colours (SGR) stay and are
 * reset at the end, what a carriage return would have overwritten goes, invalid UTF-8
 * becomes U+FFFD. At most max bytes of text are added to out; a cut line ends in "…".
 */
void say_clean(struct buf *out, const char *line, size_t len, size_t max);

#endif
