#ifndef BARDO_RECEIVER_SEVERAL_H
#define BARDO_RECEIVER_SEVERAL_H

#include <stdbool.h>

struct err;
struct request;

/* The same command for every app of the user's. */

#define SEVERAL_PARALLEL_MAX 16

/* "--parallel N": NULL is one after the other, -1 as many as there are processors.
 * ERR_USAGE. */
int several_parallel(const char *text, int *out, struct err *err);

/* Takes "[APP …] [--all] [--parallel N]", and the flag `own` (NULL none), which only one
 * app can have. With --all it runs the verb for every app, and *ran says so; else at most
 * max_words words are left, the app first. ERR_USAGE. */
int several_or_one(struct request *r, const char *own, bool *flag, int max_words,
	bool *ran, struct err *err);

/* Runs the request's verb once for each app for which the user has what its row needs, as
 * the same user, at most `parallel` at the same time, and says how it went: exit status 1
 * if one failed. */
int several_run(struct request *r, int parallel, struct err *err);

#endif
