#ifndef BARDO_BUILDER_ATTACH_H
#define BARDO_BUILDER_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct engine_follow;
struct err;

/*
 * The bytes between our standard input, output and error and a program in a container.
 * Nothing is read that can't be passed on, so that a slow reader slows the program down
 * and memory stays what it is; nothing is polled but by poll(2).
 */

struct attach {
	struct engine *engine;
	struct engine_follow *follow; /* borrowed; an upgraded connection */
	bool terminal; /* the program has one: the stream is bare, ours is made raw */
	int signals;   /* from attach_hold_signals */
	int64_t until; /* on the monotonic clock, in ms; 0: no end */
	/* Our terminal has this size now. */
	void (*resize)(void *ctx, int rows, int columns);
	/* A signal for the program, without SIG. */
	void (*pass_on)(void *ctx, const char *signal);
	void *ctx;
};

enum attach_end {
	ATTACH_ENDED,	/* the program's output has ended, and was passed on */
	ATTACH_HUNG_UP, /* nobody is there for it any more */
	ATTACH_OVERDUE, /* `until` has come */
};

/* The exit status of a command whose user has gone: 128 + SIGHUP. */
#define ATTACH_HANGUP_STATUS 129

/* Holds SIGHUP, SIGWINCH and the signals that are for the program, from before there is
 * anything to clean up, until the process ends. A descriptor, or negative. */
int attach_hold_signals(struct err *err);

/* An attach_end, or negative when the Engine's connection breaks. */
int attach_pump(const struct attach *a, struct err *err);

/* After the pump: waits for fd to be readable, or for what the pump ends for. 0 readable.
 */
int attach_wait(const struct attach *a, int fd, struct err *err);

#endif
