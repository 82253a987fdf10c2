#ifndef BARDO_BUILDER_PORT_TAKEN_H
#define BARDO_BUILDER_PORT_TAKEN_H

#include <stdbool.h>

struct err;

/* Where the Engine says that it can't publish a port since somebody has it, in one of its
 * ways, the message becomes one that names the port, who may have it and what to do.
 * false: it says something else, and stays as it is. err may be NULL. */
bool port_taken_explain(struct err *err);

#endif
