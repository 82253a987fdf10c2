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
/* While a change of it is under way, how the app was reached before: the port that it
 * published, 0 by HAProxy. */
#define PUBLISH_BEFORE "before"

/* Whether the app's next life goes without the proxy: the server has none (proxy.driver),
 * or proxy:disable was said. */
int publish_is_set(struct store *s, const struct settings *set, int64_t app_id, bool *is,
	struct err *err);

/* proxy:disable and proxy:enable, in one transaction: what is wished, and what
 * publish_prepare gives. `underway`: it counts when a life that follows it is live, and
 * publish_settle must be called, by whoever it may be. Reads the app again. */
int publish_change(struct store *s, const struct settings *set, struct app *app,
	bool disable, bool underway, struct err *err);

/* Whether a change is still under way. */
int publish_is_changing(
	struct store *s, const struct app *app, bool *is, struct err *err);

/* Ends it: a live life that goes without the proxy or not as is wished (`follows`) makes
 * it stay, any other takes it back, to the port that was its own before. Reads the app
 * again. The caller holds the app's lock. */
int publish_settle(struct store *s, struct app *app, bool follows, struct err *err);

/* Gives such an app what it needs beside (struct app's inside; where HAProxy has
 * proxy.ports, a port of proxy.published), and takes that port from one that has the
 * proxy again. Reads the app again. ERR_FAILED: a pool is used up. */
int publish_prepare(
	struct store *s, const struct settings *set, struct app *app, struct err *err);

#endif
