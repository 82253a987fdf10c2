#ifndef BARDO_BUILDER_ENTER_H
#define BARDO_BUILDER_ENTER_H

#include <stdbool.h>

struct err;
struct server;

/* A command in a container that runs already, on our standard input, output and error. */
struct enter {
	const char *container;
	const char *label;    /* "web.1 of shop", for messages */
	char *const *command; /* NULL: a shell */
	bool terminal;	      /* standard input and output are one, and it gets one */
	const char *term;     /* TERM for it; "" none */
};

/* The command's exit status. When nobody is there any more, or the Engine's connection
 * breaks, the command and its process group are ended: SIGHUP, and SIGKILL 5 seconds
 * later. The Engine has no call for that: it takes an Engine on this machine, and a
 * /bin/sh in the container.
 * ERR_NOTFOUND: no such container; ERR_FAILED: it doesn't run. */
int enter_run(struct server *s, const struct enter *enter, struct err *err);

#endif
