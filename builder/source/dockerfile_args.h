#ifndef BARDO_BUILDER_DOCKERFILE_ARGS_H
#define BARDO_BUILDER_DOCKERFILE_ARGS_H

#include <stddef.h>

struct buf;
struct dockerfile_word;
struct err;

/* A Dockerfile's global ARGs, and what `$NAME` means by them. */

#define DOCKERFILE_ARGS_MAX 256

struct dockerfile_args {
	struct {
		char *name;
		char *value; /* NULL: not known */
	} list[DOCKERFILE_ARGS_MAX];
	size_t len;
	const char *const *given; /* NAME=VALUE, NULL-terminated, or NULL; borrowed */
	char escape;
};

void dockerfile_args_finish(struct dockerfile_args *a);

/* Takes an ARG's NAME or NAME=DEFAULT; what was given for it wins. ERR_USAGE: too many.
 */
int dockerfile_args_add(
	struct dockerfile_args *a, const struct dockerfile_word *w, struct err *err);

/* Adds the word without quotes, variables put in, to b: 0, or -1 where a variable isn't
 * known, or the word is malformed or too long. */
int dockerfile_args_expand(
	const struct dockerfile_args *a, const struct dockerfile_word *w, struct buf *b);

#endif
