#ifndef BARDO_BASE_WORDS_H
#define BARDO_BASE_WORDS_H

#include <stddef.h>

struct err;

/* A command line as words, by the quoting rules of POSIX (Shell Command Language, 2.2):
 * backslash, single and double quotes. Nothing is expanded: `$`, `*`, `~` and `;` are
 * characters like others. */

#define WORDS_MAX 1024

struct words {
	char **argv; /* NULL-terminated */
	size_t argc;
	char *text; /* what argv points into */
};

/* Fills out; ERR_USAGE for an open quote or more than WORDS_MAX words. Finish it after
 * success only. */
int words_split(struct words *out, const char *line, struct err *err);
void words_finish(struct words *w);

#endif
