#ifndef BARDO_RECEIVER_PROXY_H
#define BARDO_RECEIVER_PROXY_H

#include <stdbool.h>

struct app;
struct err;
struct request;

/* What the commands ask about the proxy that an app has, or doesn't. */

/* For what only a proxy does ("a name"). ERR_FAILED: the server has none, or the app
 * (NULL: it is for all) goes without, and how to change that. */
int proxy_is_needed(
	struct request *r, const struct app *app, const char *what, struct err *err);

/* Whether the live life is reached in another way than the next one will be. False when
 * nothing is live. */
int proxy_is_other(
	struct request *r, const struct app *app, bool *other, struct err *err);

#endif
