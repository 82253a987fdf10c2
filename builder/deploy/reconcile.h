#ifndef BARDO_BUILDER_RECONCILE_H
#define BARDO_BUILDER_RECONCILE_H

struct app;
struct err;
struct server;

/*
 * Makes what runs match the record: after a start of bardod, after anything that ended
 * abnormally, after a reboot. Unfinished lives become failed and lose what they had made,
 * stray containers go, the live life runs, is routed and has its branch, and lives that
 * drain are settled.
 */

/* All apps. An app that a deploy is at is left to it: bardod is asked to look at it once
 * the deploy has ended. Goes on after an error with one app, and gives the first. */
int reconcile_all(struct server *s, struct err *err);

/* One app; the caller holds its lock. */
int reconcile_app(struct server *s, struct app *app, struct err *err);

/* One app, waiting for its lock. */
int reconcile_app_waiting(struct server *s, const char *name, struct err *err);

#endif
