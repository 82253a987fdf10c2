#ifndef BARDO_BUILDER_FILE_PORTS_H
#define BARDO_BUILDER_FILE_PORTS_H

#include "config/app/ports.h"

#include <stddef.h>

struct app;
struct cJSON;
struct err;
struct life;
struct plan;
struct server;

/*
 * The ports of the chosen configuration of bardo.json. "http:80:5000" and
 * "https:443:5000", or where names are served besides, say where web listens;
 * "http:8105:9000" is a port of proxy.ports that leads to the app, as ports:set would say
 * it. What ports:* set wins over the file.
 */

/* Where web listens by the file, in *web (0: it says nothing), and the other mappings
 * into the plan. ERR_FAILED: a port that the app can't have. */
int file_ports_compose(struct cJSON *plan, struct server *s, const struct app *app,
	const struct cJSON *configuration, int *web, struct err *err);

/* The mappings that an app has with this plan. */
int file_ports_read(struct server *s, const struct app *app, const struct plan *plan,
	struct port_mapping out[PORTS_MAX], size_t *len, struct err *err);

/* Makes the ports those of the life that serves by now. Nothing to do: 0. */
int file_ports_follow(struct server *s, const struct app *app, const struct life *live,
	struct err *err);

#endif
