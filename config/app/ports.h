#ifndef BARDO_CONFIG_PORTS_H
#define BARDO_CONFIG_PORTS_H

#include "config/record/apps.h"

#include <stdbool.h>
#include <stddef.h>

struct err;
struct settings;
struct store;

/* Which of the host's ports lead to which port of an app's web containers. */

#define PORTS_MAX 16 /* of one app */
#define PORT_OWN 0   /* the container's port is the one that web listens on */

struct port_mapping {
	int host;
	int container; /* or PORT_OWN */
};

/* In the order of adding; what is in force: an app for which nothing is set has its own
 * port alone. */
int ports_read(struct store *s, const struct app *app, struct port_mapping out[PORTS_MAX],
	size_t *len, struct err *err);

/* Whether the app may have this one. ERR_USAGE: not of proxy.ports. ERR_EXISTS: another
 * app has it. */
int ports_check(struct store *s, const struct settings *set, const struct app *app,
	int port, struct err *err);

/* Who set them: ports:*, or the bardo.json of a life. */
enum ports_by { PORTS_BY_COMMAND, PORTS_BY_FILE };
int ports_are_by_command(
	struct store *s, const struct app *app, bool *are, struct err *err);

/* Puts exactly these in the place of what was set; none: the app's own port again. Gives
 * each container port a backend of the proxy. ERR_USAGE: not of proxy.ports, twice the
 * same, or too many. ERR_EXISTS: another app has the port. ERR_FAILED: no backend is
 * left. */
int ports_replace(struct store *s, const struct settings *set, const struct app *app,
	const struct port_mapping *ports, size_t len, enum ports_by by, struct err *err);

/* ---- where names are served ---- */

/* Dokku's http:80:5000 and https:443:5000: what the app's names lead to is where web
 * listens, from the next life on. */
enum ports_names { PORTS_HTTP, PORTS_HTTPS, PORTS_NAMES_LEN, PORTS_NOT_NAMES = -1 };

/* 80 and 443, and what proxy.http and proxy.https say, unless they are of proxy.ports. */
enum ports_names ports_of_names(const struct settings *set, int port);

/* The container's port for each, 0 where nothing is set. */
int ports_names_read(struct store *s, const struct app *app, int out[PORTS_NAMES_LEN],
	struct err *err);
int ports_names_write(struct store *s, const struct app *app,
	const int ports[PORTS_NAMES_LEN], struct err *err);

/* A backend of the proxy beside the app's own. */
struct port_backend {
	int container;
	int slot;
	bool used; /* some mapping leads there */
};

/* At most PORTS_MAX used ones, and as many that were used. */
int port_backends_read(struct store *s, const struct app *app,
	struct port_backend out[2 * PORTS_MAX], size_t *len, struct err *err);

/* Gives one back, when nothing is in it any more. */
int port_backend_release(
	struct store *s, const struct app *app, int container, struct err *err);

/* Every port of the proxy that is an app's, and the backend that it leads to. One that
 * goes without the proxy keeps its own there, for when it comes back; those that were
 * mapped to it are none of the proxy's. */
int ports_each_routed(struct store *s, int (*each)(void *ctx, int port, int slot),
	void *ctx, struct err *err);

#endif
