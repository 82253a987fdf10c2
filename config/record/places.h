#ifndef BARDO_CONFIG_PLACES_H
#define BARDO_CONFIG_PLACES_H

#include "config/record/lives.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>

struct err;
struct settings;
struct store;

/*
 * The places of containers in the record: a row reserves a name and an address in the
 * app's network before the Engine is asked, and is given back after the container and its
 * server at the proxy are gone.
 */

#define PROCESS_SIZE 64
#define CONTAINERS_MAX 29 /* hosts 2 to 30 of a /27; 1 is the gateway */
#define CONTAINER_NAME_SIZE 192

struct place {
	int life;
	char process[PROCESS_SIZE];
	int position;			/* 1, 2, 3 … within the process */
	int host;			/* last part of the address within the /27 */
	char name[CONTAINER_NAME_SIZE]; /* the container's; kept when its app is renamed
					 */
	bool leaving; /* it is being stopped, and another comes in its place */
};

/* Reserves one; position 0 is the next of its process. ERR_FAILED: the app's network is
 * full. */
int place_reserve(struct store *s, const struct life *life, const char *process,
	int position, struct place *out, struct err *err);
int place_release(struct store *s, const struct app *app, const struct place *place,
	struct err *err);

int place_set_leaving(struct store *s, const struct app *app, const struct place *place,
	bool leaving, struct err *err);

/* Those of one life, or of all with life 0; at most CONTAINERS_MAX. */
int places_read(struct store *s, const struct app *app, int life, struct place *out,
	size_t *len, struct err *err);

/* "bardo.shop.web.3.1": the name that the container has or will have. */
char *place_container_name(
	const struct app *app, const struct place *p, char out[CONTAINER_NAME_SIZE]);

/* The app (its id) and place of the container of this name; ERR_NOTFOUND. */
int place_find(struct store *s, const char *name, int64_t *app_id, struct place *out,
	struct err *err);

/* Whether a container of this name has a place, of whichever app. */
int place_has_name(struct store *s, const char *name, bool *has, struct err *err);
char *place_address(const struct settings *set, const struct app *app,
	const struct place *p, char out[INET_ADDRSTRLEN]);

/* The app's network: "10.213.0.0/27" and its gateway. */
char *network_subnet(
	const struct settings *set, const struct app *app, char out[INET_ADDRSTRLEN + 4]);
char *network_gateway(
	const struct settings *set, const struct app *app, char out[INET_ADDRSTRLEN]);

#endif
