#ifndef BARDO_BARDOD_CONNECTIONS_H
#define BARDO_BARDOD_CONNECTIONS_H

#include "receiver/bardod/children.h"
#include "receiver/bardod/limits.h"
#include "receiver/bardod/listen.h"
#include "receiver/bardod/loop.h"

#include <stddef.h>
#include <stdint.h>

struct err;
struct run;
struct server;

/*
 * The SSH port: takes connections within the limits, and gives each to a bardo-ssh of its
 * own, which asks for commands through the connection's door (doorkeeper.h). No byte of
 * a connection is read here.
 */

/* "SHA256:" and 43 characters of base64. */
#define FINGERPRINT_SIZE 64

struct connection {
	struct server *server;
	struct child ssh;
	struct watch door; /* fd -1 once it is closed */
	struct limits_address *address;
	char peer[ADDRESS_TEXT_MAX];
	char from[LIMITS_ADDRESS_MAX]; /* the address that it counts for */
	char local[ADDRESS_TEXT_MAX];
	char fingerprint[FINGERPRINT_SIZE]; /* "" until the login, then unchangeable */
	struct run *runs;
	size_t runs_len;
	uint32_t runs_begun; /* ever */
	struct connection *prev, *next;
};

struct connections {
	struct server *server;
	struct watch listener;
	struct timer pause; /* no accept before it is due */
	struct limits *limits;
	struct connection *list;
	size_t runs_len; /* of all connections, those that are gone too */
};

/* Binds ssh.listen; takes nobody before connections_serve. Finish it in any case. */
int connections_init(struct connections *c, struct server *server, struct err *err);
int connections_serve(struct connections *c, struct err *err);
void connections_finish(struct connections *c);

/* Where it listens, with the port that port 0 became. */
void connections_address(const struct connections *c, char out[ADDRESS_TEXT_MAX]);

#endif
