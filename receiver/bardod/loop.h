#ifndef BARDO_BARDOD_LOOP_H
#define BARDO_BARDOD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct err;

/* The one event loop (epoll): descriptors that become readable, and a few timers. It
 * sleeps until something happens; a server at rest wakes once a day (daily.h). */

/* Owned by whoever watches, and alive until loop_unwatch. */
struct watch {
	int fd;
	void (*ready)(void *data);
	void *data;
};

/* Owned likewise; zeroed but for due and data it is not set. */
struct timer {
	void (*due)(void *data);
	void *data;
	bool is_set;
	int64_t at; /* on clock_monotonic_ms */
	struct timer *next;
};

struct loop {
	int epoll;
	bool stopped;
	struct timer *timers; /* those that are set, in no order: there are a handful */
};

int loop_init(struct loop *l, struct err *err);
void loop_finish(struct loop *l);

/* Calls w->ready whenever w->fd can be read, and at its end. */
int loop_watch(struct loop *l, struct watch *w, struct err *err);
void loop_unwatch(struct loop *l, const struct watch *w);

/* Sets it anew if it was set. */
void loop_set_timer(struct loop *l, struct timer *t, int64_t delay_ms);
void loop_clear_timer(struct loop *l, struct timer *t);

/* Until loop_stop. Handlers may unwatch and destroy any watch, their own too. */
int loop_run(struct loop *l, struct err *err);
void loop_stop(struct loop *l);

#endif
