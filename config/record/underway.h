#ifndef BARDO_CONFIG_UNDERWAY_H
#define BARDO_CONFIG_UNDERWAY_H

#include <stdint.h>

struct err;
struct event;
struct settings;
struct store;

/* Commands that change something, from their beginning to their event. One that is killed
 * leaves its row, and the kernel lets go of its byte in locks/commands: whoever looks
 * next tells of it. */

struct underway {
	int64_t id; /* 0: none */
	int lock;   /* open while it is under way */
};

/* Before the command: e is its event as far as that is known by then. */
int underway_begin(struct store *s, const struct settings *set, const struct event *e,
	struct underway *out, struct err *err);

/* After it: its event (NULL: there is none to tell) takes the row's place. Without a row
 * the event alone is added. */
int underway_end(struct store *s, struct underway *u, struct event *e, struct err *err);

/* Adds the events of those that ended without a word. */
int underway_sweep(struct store *s, const struct settings *set, struct err *err);

#endif
