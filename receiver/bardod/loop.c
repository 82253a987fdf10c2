#include "receiver/bardod/loop.h"

#include "config/base/clock.h"
#include "config/base/err.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <unistd.h>

int loop_init(struct loop *l, struct err *err)
{
	*l = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	return l->epoll < 0 ? err_errno(err, "epoll") : 0;
}

void loop_finish(struct loop *l)
{
	if (l->epoll >= 0)
		(void)close(l->epoll);
	*l = (struct loop){.epoll = -1};
}

int loop_watch(struct loop *l, struct watch *w, struct err *err)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = w};

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &e) < 0)
		return err_errno(err, "epoll");
	return 0;
}

void loop_unwatch(struct loop *l, const struct watch *w)
{
	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
}

void loop_set_timer(struct loop *l, struct timer *t, int64_t delay_ms)
{
	loop_clear_timer(l, t);
	t->is_set = true;
	t->at = clock_monotonic_ms() + delay_ms;
	t->next = l->timers;
	l->timers = t;
}

void loop_clear_timer(struct loop *l, struct timer *t)
{
	struct timer **at = &l->timers;

	if (!t->is_set)
		return;
	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->is_set = false;
}

static struct timer *next_timer(struct loop *l)
{
	struct timer *first = l->timers;

	for (struct timer *t = first; t; t = t->next) {
		if (t->at < first->at)
			first = t;
	}
	return first;
}

static int wait_ms(const struct timer *t)
{
	int64_t left;

	if (!t)
		return -1;
	left = t->at - clock_monotonic_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static void run_due(struct loop *l, struct timer *t)
{
	if (!t || t->at > clock_monotonic_ms())
		return;
	loop_clear_timer(l, t);
	t->due(t->data);
}

int loop_run(struct loop *l, struct err *err)
{
	while (!l->stopped) {
		/* One event at a time: a handler may destroy the watch of any other
		 * event, which a longer list would still name. */
		struct epoll_event e;
		int n = epoll_wait(l->epoll, &e, 1, wait_ms(next_timer(l)));

		if (n < 0 && errno != EINTR)
			return err_errno(err, "epoll");
		if (n == 1) {
			const struct watch *w = e.data.ptr;

			w->ready(w->data);
		}
		run_due(l, next_timer(l));
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
