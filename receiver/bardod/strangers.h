#ifndef BARDO_BARDOD_STRANGERS_H
#define BARDO_BARDOD_STRANGERS_H

#include "receiver/bardod/limits.h"
#include "receiver/bardod/loop.h"

#include <stddef.h>
#include <stdint.h>

struct server;

/*
 * What strangers do costs a count: of logins that came to nothing, and of connections
 * that were over the limits, for each address. The counts become events by a job, at most
 * once a minute, however many they are: one line an address, STRANGERS_MAX addresses, and
 * one for all others.
 */

#define STRANGERS_MAX 64
#define STRANGERS_GAP_MS 60000
/* The first of a burst waits for the rest of it. */
#define STRANGERS_SOON_MS 1000
#define STRANGERS_COMMAND_MAX ((STRANGERS_MAX + 2) * (LIMITS_ADDRESS_MAX + 24))

enum strangers_kind { STRANGERS_LOGIN, STRANGERS_CONNECTION, STRANGERS_KINDS };

struct stranger {
	char address[LIMITS_ADDRESS_MAX];
	uint32_t counts[STRANGERS_KINDS];
};

struct strangers {
	struct server *server;
	struct timer gap;
	bool told;	 /* ever */
	int64_t told_at; /* the last time */
	size_t len;
	struct stranger list[STRANGERS_MAX + 1]; /* the last one is all others */
};

void strangers_init(struct strangers *s, struct server *server);

/* Counts one, and sees to it that it is told. */
void strangers_count(struct strangers *s, const char *address, enum strangers_kind kind);

/* ---- the parts of it, for tests ---- */

void strangers_note(struct strangers *s, const char *address, enum strangers_kind kind);
/* Writes the job and forgets what is in it. */
void strangers_take(struct strangers *s, char out[STRANGERS_COMMAND_MAX]);
/* Milliseconds until the next line may be written. */
int64_t strangers_wait(const struct strangers *s, int64_t now_ms);

#endif
