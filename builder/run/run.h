#ifndef BARDO_BUILDER_RUN_H
#define BARDO_BUILDER_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct err;
struct server;

/* One-off containers: the live life's image and configuration, with a command of one's
 * own. They get no requests, and a deploy leaves them alone. */

#define RUN_TTL_DEFAULT (INT64_C(24) * 60 * 60) /* seconds */

struct run {
	/* Ended by NULL. A single word may name a process type, whose command is meant,
	 * or be a line for a shell. */
	char *const *words;
	const char *const *env; /* NAME=VALUE, beside the life's own */
	size_t env_len;
	bool terminal;	  /* the program gets one */
	const char *term; /* TERM for it; "" none */
	int64_t ttl;	  /* seconds after which it is stopped */
	const char *user; /* whose doing it is */
};

/* With our standard input, output and error. The program's exit status; the container is
 * gone then. When nobody is there any more it is stopped first. */
int run_attached(
	struct server *s, const struct app *app, const struct run *run, struct err *err);

/* Leaves it to itself; name (CONTAINER_NAME_SIZE) is how it is called. It is removed when
 * it ends. */
int run_detached(struct server *s, const struct app *app, const struct run *run,
	char *name, struct err *err);

/* The exit status that shells give where the error is that a program can't be started:
 * 127 there is none, 126 it can't be executed. 0: the error is another. */
int run_start_status(const struct err *err);

#endif
