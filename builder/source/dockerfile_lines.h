#ifndef BARDO_BUILDER_DOCKERFILE_LINES_H
#define BARDO_BUILDER_DOCKERFILE_LINES_H

#include "config/base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/* A Dockerfile as a list of whole instructions: comments left out, continued lines put
 * together, the bodies of here-documents passed over. */
struct dockerfile_lines {
	const char *at, *end;
	char escape;	   /* \ or `, by `# escape=` */
	struct buf syntax; /* of `# syntax=`; empty if there is none */
	struct buf line;
};

/* text is borrowed. ERR_FAILED: out of memory. Finish it also after failure. */
int dockerfile_lines_init(
	struct dockerfile_lines *l, const char *text, size_t len, struct err *err);
void dockerfile_lines_finish(struct dockerfile_lines *l);

/* 1 and the next instruction, borrowed until the next call; 0: no more. */
int dockerfile_lines_next(struct dockerfile_lines *l, const char **line, struct err *err);

/* A word of a line, as it stands there: quotes keep blanks in it. */
struct dockerfile_word {
	const char *text;
	size_t len;
};

/* Takes the next word off *line; false if there is none, or an open quote. */
bool dockerfile_take_word(const char **line, char escape, struct dockerfile_word *w);

/* Copies it without its quotes and escapes; false if out is too small. */
bool dockerfile_unquote(
	const struct dockerfile_word *w, char escape, char *out, size_t size);

#endif
