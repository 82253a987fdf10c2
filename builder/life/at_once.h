#ifndef BARDO_BUILDER_AT_ONCE_H
#define BARDO_BUILDER_AT_ONCE_H

#include <stddef.h>

struct app;
struct err;
struct place;
struct server;

/* Does the same to several containers at the same time: the Engine takes a third of a
 * second to start one, and as long as the program likes to stop it. */

/* container_start, container_stop … : the server that it is given has an Engine
 * connection of its own, and no database. */
typedef int at_once_call(struct server *s, const char *container, struct err *err);

/* Calls it for every place and waits for all; gives the first failure in their order. */
int at_once(struct server *s, const struct app *app, const struct place *places,
	size_t len, at_once_call *call, struct err *err);

#endif
