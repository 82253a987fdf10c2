#include "builder/check/private.h"

#include "builder/engine/engine.h"
#include "builder/say.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <stdio.h>

#define STAY_UP 2000
/* Pauses between tries grow by half. */
#define PAUSE_FIRST 20
/* For one connect: a packet may be dropped, and the next be answered. */
#define CONNECT_MAX 1000
/* A connect costs nobody anything: it is tried so often that nothing is lost by it. */
#define CONNECT_PAUSE_MAX 100
/* Events and the Engine's record of the end may be a moment apart. */
#define SETTLE 1000

/* What a container's end looks like from outside, and what it mostly means. */
static const struct {
	int code;
	const char *hint;
} exit_hints[] = {
	{0, "it ended by itself: a server must stay in the foreground"},
	{126, "the image's command can't be executed: look at its mode and first line"},
	{127, "a command was not found in the image: look at CMD and ENTRYPOINT"},
	{139, "it crashed (segmentation fault)"},
};

int check_read_state(struct check *c, struct err *err)
{
	check_state_finish(&c->state);
	return check_state_read(&c->state, c->engine, c->options->container, err);
}

/* The failure of a container that has ended, or is being restarted. */
static int tell_exit(struct check *c, struct err *err)
{
	struct check_failure *f = c->failure;
	int64_t lived = c->state.finished - c->state.started;
	char text[SAY_DURATION_SIZE];

	f->exited = true;
	f->exit_code = c->state.exit_code;
	f->out_of_memory = c->state.out_of_memory || c->watch.out_of_memory;
	if (f->out_of_memory) {
		(void)snprintf(f->hint, sizeof(f->hint),
			"it needs more memory than it may have");
		return err_set(err, ERR_FAILED,
			"was killed for want of memory (exit code %d)", f->exit_code);
	}
	for (size_t i = 0; i < sizeof(exit_hints) / sizeof(exit_hints[0]); i++) {
		if (exit_hints[i].code == f->exit_code)
			(void)snprintf(
				f->hint, sizeof(f->hint), "%s", exit_hints[i].hint);
	}
	return err_set(err, ERR_FAILED, "exited with %d after %s", f->exit_code,
		say_duration(lived > 0 ? lived : 0, text));
}

/* The record of an end follows its event at once, but not in one step. */
int check_tell_death(struct check *c, struct err *err)
{
	int64_t until = clock_monotonic_ms() + SETTLE;
	int rc;

	do {
		rc = check_read_state(c, err);
		if (rc)
			return rc;
		c->watch.died = false;
		if (c->state.running)
			rc = check_watch_wait(&c->watch, -1, 0,
				clock_monotonic_ms() + PAUSE_FIRST, err);
		if (rc < 0)
			return rc;
	} while (c->state.running && clock_monotonic_ms() < until);
	return tell_exit(c, err);
}

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

/* After a success: was it the life that was checked, and does it still run? */
static int still_runs(struct check *c, struct err *err)
{
	int64_t started = c->state.started;
	int rc = check_read_state(c, err);

	if (rc)
		return rc;
	return c->state.running && c->state.started == started ? 0 : tell_exit(c, err);
}

static int check_by_itself(struct check *c, struct err *err)
{
	const struct check_pace connecting = {CONNECT_MAX, CONNECT_PAUSE_MAX};
	const struct check_options *o = c->options;
	bool there;
	int rc;

	c->deadline = clock_monotonic_ms() + o->timeout;
	rc = check_health(c, &there, err);
	if (!there && o->port)
		rc = check_port(c, o->port, &connecting, o->timeout, err);
	else if (!there)
		rc = check_stays_up(c, STAY_UP, err);
	if (!rc && o->tell_all)
		say_detail(o->say, "Healthcheck succeeded name='%s'", c->failure->probed);
	return rc;
}

static int prove(struct check *c, struct err *err)
{
	bool there;
	int rc = check_listed(c, &there, err);

	if (!there && !c->options->liveness)
		rc = check_by_itself(c, err);
	return rc ? rc : still_runs(c, err);
}

int check_container(struct engine *e, const struct check_options *o,
	struct check_failure *f, struct err *err)
{
	struct check c = {.engine = e, .options = o, .failure = f};
	int rc;

	*f = (struct check_failure){0};
	rc = check_watch_open(&c.watch, e, o->container, err);
	if (rc == 0)
		rc = check_read_state(&c, err);
	if (rc == 0)
		rc = c.state.running ? prove(&c, err) : tell_exit(&c, err);
	check_state_finish(&c.state);
	check_watch_close(&c.watch);
	return rc;
}
