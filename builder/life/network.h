#ifndef BARDO_BUILDER_NETWORK_H
#define BARDO_BUILDER_NETWORK_H

#include <stdbool.h>

struct app;
struct cJSON;
struct err;
struct plan;
struct server;
struct shared_network;

/* Networks on the Engine. Every one is a /27 of network.pool that bardo chose: Docker's
 * own pools end after some 30 networks. */

/* The app's own, and where it has one the internal one beside it; there already: success.
 */
int network_create_own(struct server *s, const struct app *app, struct err *err);

/* One that apps share. ERR_EXISTS: the Engine has a network of this name that isn't it.
 */
int network_create_shared(
	struct server *s, const struct shared_network *n, struct err *err);

/* Whether it is a shared one without a way out of the host (network:create --internal).
 */
bool network_is_internal(const struct server *s, const char *name);

/* ERR_EXISTS: containers are in it. Not there: success. */
int network_remove_shared(struct server *s, const char *name, struct err *err);

/* Whether the Engine has a network of this name: ERR_NOTFOUND. */
int network_find(struct server *s, const char *name, struct err *err);

/* Puts a container into another network, under the endpoint's aliases; in it already:
 * success. A shared one that the Engine has lost is made again. */
int network_join(struct server *s, const char *network, const char *container,
	const struct cJSON *endpoint, struct err *err);

/* Takes a container out; not in it: success. ERR_BUSY: it is being removed. */
int network_leave(
	struct server *s, const char *network, const char *container, struct err *err);

/* {"Aliases": ["shop.web", "shop"]}: by what others reach a process of the app. */
struct cJSON *network_endpoint(const struct app *app, const char *process);

/* Adds "shop.web.TLD" to an endpoint's aliases, where network:set tld says so. */
void network_add_tld(struct cJSON *endpoint, const struct app *app,
	const struct plan *plan, const char *process);

/* Puts a container into the networks of attach-post-deploy. Those whose ports are
 * published join them with the switch (builder/life/published.h). */
int network_join_late(struct server *s, const struct app *app, const struct plan *plan,
	const char *process, const char *container, struct err *err);

#endif
