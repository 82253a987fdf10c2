#ifndef BARDO_BUILDER_MAINTENANCE_H
#define BARDO_BUILDER_MAINTENANCE_H

struct app;
struct buf;
struct err;
struct server;

/* Maintenance: visitors of an app get a page of its own, or a plain one, while it is
 * worked on. What runs goes on running, and deploys go through. */

/* Makes the proxy show a page for the apps whose property maintenance enabled is set, and
 * for no other. Whose own page can't be shown has the plain one: the log says why, and
 * ERR_FAILED comes where that app is `mine`, whose change this is (NULL: nobody's). */
int maintenance_route(struct server *s, const struct app *mine, struct err *err);

/* The app's own page; out holds HAPROXY_PAGE_MAX bytes at most. ERR_NOTFOUND: it has
 * none. ERR_FAILED: one that can't be shown. */
int maintenance_read_page(
	const struct server *s, const struct app *app, struct buf *out, struct err *err);

#endif
