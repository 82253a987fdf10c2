#ifndef BARDO_BUILDER_EXPIRY_H
#define BARDO_BUILDER_EXPIRY_H

#include "builder/certificate/certificate.h"
#include "config/record/apps.h"

struct err;
struct server;

/* How long the certificates of apps are still good, and an event in time. */

#define EXPIRY_SOON_DAYS 30
#define EXPIRY_NEAR_DAYS 7

enum expiry { EXPIRY_FAR, EXPIRY_SOON, EXPIRY_NEAR, EXPIRY_OVER };

enum expiry expiry_of(const struct certificate *c, int64_t now_ms);

/* Calls each for every app that has a certificate; its nonzero return ends it and is
 * returned. */
int expiry_each(struct server *s,
	int (*each)(void *ctx, const struct app *app, const struct certificate *c),
	void *ctx, struct err *err);

/* Records an event for each certificate that has come nearer to its end than when the
 * last one was recorded: three in all, whoever asks and how often. */
int expiry_record(struct server *s, struct err *err);

#endif
