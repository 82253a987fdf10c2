#ifndef BARDO_BARDOD_LIMITS_H
#define BARDO_BARDOD_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;

/*
 * Who may connect: so many in all, so many an address at once, so many new ones an
 * address a minute. An IPv6 /64 counts as one address, since every customer gets one.
 * Memory is taken once: an entry for each connection that may be open, and for
 * LIMITS_IDLE_MAX addresses that have none open but are remembered for their rate.
 */

#define LIMITS_IDLE_MAX 1024
/* Refusals that get a line in the log, in all, a minute: addresses are cheap in IPv6. */
#define LIMITS_LINES_PER_MINUTE 60
#define LIMITS_TEXT_MAX 256

struct limits_settings {
	int64_t connections;
	int64_t per_address;
	int64_t per_minute;
};

struct limits;
struct limits_address; /* an address that has connections open */

int limits_create(struct limits **out, const struct limits_settings *s, struct err *err);
void limits_destroy(struct limits *l);

enum limits_verdict {
	LIMITS_ADMIT,
	LIMITS_REFUSE_TOTAL,
	LIMITS_REFUSE_ADDRESS,
	LIMITS_REFUSE_RATE,
	LIMITS_VERDICTS
};

/* Judges one new connection at the time now_ms (monotonic). If it is admitted, *out
 * stands for it until limits_release. Otherwise *line, LIMITS_TEXT_MAX, is what the log
 * should say, or "" where enough was said already. */
enum limits_verdict limits_admit(struct limits *l, const struct sockaddr *from,
	int64_t now_ms, struct limits_address **out, char *line);
void limits_release(struct limits *l, struct limits_address *a);

/* The address that a connection counts for: "192.0.2.7", "2001:db8::/64". */
#define LIMITS_ADDRESS_MAX 56
void limits_address_format(const struct sockaddr *from, char out[LIMITS_ADDRESS_MAX]);

/* What the one who is refused gets to read, without a line's end. */
const char *limits_explain(enum limits_verdict v);

#endif
