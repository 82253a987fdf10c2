#ifndef BARDO_BUILDER_LOGS_H
#define BARDO_BUILDER_LOGS_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct err;
struct server;

/* What an app's containers print, out of the Engine's log. */

struct logs_options {
	bool follow; /* go on, through the next lives, until standard output is closed */
	int64_t lines; /* how many of the last ones first */
};

/* "2026-11-21T08:09:10Z web.1: text" on standard output. ERR_NOTFOUND: nothing is live.
 */
int logs_print(struct server *s, const struct app *app, const struct logs_options *o,
	struct err *err);

#endif
