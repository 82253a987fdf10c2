#include "builder/check/private.h"

#include "config/base/clock.h"

/* Pauses between tries grow by half. */
#define PAUSE_FIRST 20

int check_rest(struct check *c, int64_t until, struct err *err)
{
	int rc = check_watch_wait(&c->watch, -1, 0, until, err);

	return rc == CHECK_WAKE_DIED ? check_tell_death(c, err) : rc;
}

static int64_t at_latest(const struct check *c, int64_t until)
{
	return until < c->deadline ? until : c->deadline;
}

int check_try_until(struct check *c, const struct check_pace *pace, check_try *try,
	void *probe, struct err *err)
{
	int64_t pause = PAUSE_FIRST, now;

	while ((now = clock_monotonic_ms()) < c->deadline) {
		int rc = try(c, probe, at_latest(c, now + pace->timeout), err);

		if (rc)
			return rc < 0 ? rc : 0;
		rc = check_rest(c, at_latest(c, clock_monotonic_ms() + pause), err);
		if (rc)
			return rc;
		pause = pause * 3 / 2 < pace->pause_max ? pause * 3 / 2 : pace->pause_max;
	}
	return 1;
}
