#ifndef BARDO_BUILDER_CHECK_WATCH_H
#define BARDO_BUILDER_CHECK_WATCH_H

#include "config/base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct engine_follow;
struct err;

/* Waiting for something while the Engine's events tell whether a container dies. */

struct check_watch {
	struct engine *engine;
	struct engine_follow *events;
	struct buf pending; /* of an event whose line has no end yet */
	bool died;
	bool out_of_memory;
};

enum check_wake {
	CHECK_WAKE_TIME,  /* `until` has come */
	CHECK_WAKE_READY, /* the descriptor is ready */
	CHECK_WAKE_DIED,
};

/* Open it before the container's state is asked for, so that no end goes unseen. */
int check_watch_open(
	struct check_watch *w, struct engine *e, const char *container, struct err *err);
void check_watch_close(struct check_watch *w);

/* Waits for a descriptor (-1: none) to be ready for poll's events, until a monotonic time
 * in milliseconds. A check_wake, or negative: ERR_AWAY when the events end, or the Engine
 * hangs. */
int check_watch_wait(
	struct check_watch *w, int fd, short events, int64_t until, struct err *err);

#endif
