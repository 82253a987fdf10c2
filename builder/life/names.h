#ifndef BARDO_BUILDER_NAMES_H
#define BARDO_BUILDER_NAMES_H

#include "builder/front/front.h"

#include <stdbool.h>

struct app;
struct buf;
struct err;
struct server;

/*
 * The names by which apps are reached, and the certificates for them: makes the proxy
 * follow the record (there is none with proxy.driver = none, and nothing to do), in which
 * domains:add and certs:add write. Call it after either has changed.
 *
 * ERR_FAILED: among others, the proxy or the nginx before it refuses one of them, and
 * goes on with those that it had: the caller takes the change back. ERR_AWAY: nginx isn't
 * there, and follows when it is.
 *
 * A name whose app has a certificate for it is sent to HTTPS, unless certs:set says no.
 * A certificate that is damaged, or that the proxy refuses, is its own app's affair: the
 * log says so, and ERR_FAILED comes only where that app is `mine`, whose certificate is a
 * new one (NULL: nobody's).
 */
int names_route(struct server *s, const struct app *mine, struct err *err);

/* The same for who changes something else: what the nginx before us says against it
 * (builder/front/front.h) keeps nobody from deploying, and goes to the log. */
int names_follow(struct server *s, struct err *err);

/* How it stands with the nginx before us; err also says more about that. */
int names_look(struct server *s, enum front_state *out, struct err *err);

/* As names_route, as if that app had no certificate; whatever should go and is refused is
 * ERR_FAILED. With `log`, what nginx says goes to the log, as names_follow has it. */
int names_route_without(
	struct server *s, const struct app *app, bool log, struct err *err);

/* "https://shop.example.org/", the first of its names that isn't a wildcard; http where
 * it has no certificate for that. false: it is reached by no name. out has URL_SIZE
 * bytes. */
bool names_url(const struct server *s, const struct app *app, char *out);

#endif
