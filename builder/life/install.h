#ifndef BARDO_BUILDER_INSTALL_H
#define BARDO_BUILDER_INSTALL_H

struct app;
struct buf;
struct err;
struct server;

/* An app's certificate: put in force and taken out of it, in an order in which nobody who
 * dies half-way leaves a proxy that can't start. */

/* Puts one (certificate_join's PEM) in force. A bardo that is killed on the way leaves it
 * to the next names_route; where it is refused the one before stays. Errors as
 * names_route. */
int certificate_install(
	struct server *s, const struct app *app, const struct buf *pem, struct err *err);

/* Takes it out of force, and only then its file away. ERR_NOTFOUND: there is none. Where
 * that is refused it stays. */
int certificate_uninstall(struct server *s, const struct app *app, struct err *err);

/* The same for an app that goes; there may be none, and what nginx says goes to the log.
 */
int certificate_forget(struct server *s, const struct app *app, struct err *err);

#endif
