#ifndef BARDO_BUILDER_MAINTENANCE_H
#define BARDO_BUILDER_MAINTENANCE_H

struct err;
struct server;

/* Maintenance: visitors of an app get a page of its own, or a plain one, while it is
 * worked on. What runs goes on running, and deploys go through. */

/* Makes the proxy show a page for the apps whose property maintenance enabled is set, and
 * for no other. */
int maintenance_route(struct server *s, struct err *err);

#endif
