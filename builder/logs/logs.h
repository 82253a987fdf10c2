#ifndef BARDO_BUILDER_LOGS_H
#define BARDO_BUILDER_LOGS_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct err;
struct server;

/* What an app's containers print, out of the Engine's log: those of several in the order
 * of their times, and what comes while one follows as it comes. */

struct logs_options {
	bool follow; /* go on, through the next lives, until standard output is closed */
	bool quiet;  /* the texts alone, without times and names */
	int64_t lines;	     /* how many of the last ones of each container first */
	const char *process; /* "web", "web.2"; NULL: all */
	/* One-off containers, detached ones, in place of the life's; with container NULL
	 * all of them. */
	bool of_runs;
	const char *container;
};

/* "2026-11-21T08:09:10.123456789Z app[web.1]: text" on standard output. ERR_NOTFOUND:
 * nothing is live, or there is no such process or one-off. */
int logs_print(struct server *s, const struct app *app, const struct logs_options *o,
	struct err *err);

#endif
