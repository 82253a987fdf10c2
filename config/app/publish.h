#ifndef BARDO_CONFIG_PUBLISH_H
#define BARDO_CONFIG_PUBLISH_H

#include <stdbool.h>
#include <stdint.h>

struct app;
struct err;
struct settings;
struct store;

/* Apps without the proxy: the Engine publishes their ports on the host. */

#define PUBLISH_FAMILY "proxy"
#define PUBLISH_DISABLED "disabled" /* "true": proxy:disable */

/* Whether the app's next life goes without the proxy: the server has none (proxy.driver),
 * or proxy:disable was said. */
int publish_is_set(struct store *s, const struct settings *set, int64_t app_id, bool *is,
	struct err *err);

/* Gives such an app what it needs beside (struct app's inside; where HAProxy has
 * proxy.ports, a port of proxy.published), and takes that port from one that has the
 * proxy again. Reads the app again. ERR_FAILED: a pool is used up. */
int publish_prepare(
	struct store *s, const struct settings *set, struct app *app, struct err *err);

#endif
