#ifndef BARDO_BUILDER_DESTROY_H
#define BARDO_BUILDER_DESTROY_H

struct app;
struct err;
struct server;

/* The end of an app; the caller holds its lock. */

/* Containers, routes, network, image tags, repository and logs go. Its record stays, and
 * so do its volumes: data is never lost by this. Can be run again after a failure.
 * ERR_NOTFOUND: somebody else was faster. */
int app_destroy(struct server *s, struct app *app, struct err *err);

/* An app that a first push made, and into which nothing was accepted, goes again; one
 * that has a branch or a tag is an app from now on. pushes is the caller's descriptor of
 * path_app_pushes: while others push, the app is left to the last of them. */
int app_destroy_if_empty(struct server *s, struct app *app, int pushes, struct err *err);

#endif
