#ifndef BARDO_RECEIVER_LIVES_H
#define BARDO_RECEIVER_LIVES_H

struct app;
struct err;
struct request;

/* What the deploy of a life printed, failure card and all, on standard output.
 * ERR_NOTFOUND: it left no log. */
int lives_print_log(
	struct request *r, const struct app *app, int number, struct err *err);

#endif
