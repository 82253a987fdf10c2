#ifndef BARDO_RECEIVER_LOGS_H
#define BARDO_RECEIVER_LOGS_H

struct err;
struct logs_options;
struct request;

/* The options of `logs`, and where o->of_runs is set of `run:logs`: what stays is the
 * app, which may be missing for a container. The texts are the request's. */
int logs_read_options(struct request *r, struct logs_options *o, struct err *err);

#endif
