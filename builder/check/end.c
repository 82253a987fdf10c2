#include "builder/check/private.h"

#include "builder/say.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <stdio.h>

/* Events and the Engine's record of the end may be a moment apart. */
#define SETTLE 1000
#define LOOK_AGAIN 20

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

int check_tell_exit(struct check *c, struct err *err)
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
			rc = check_watch_wait(
				&c->watch, -1, 0, clock_monotonic_ms() + LOOK_AGAIN, err);
		if (rc < 0)
			return rc;
	} while (c->state.running && clock_monotonic_ms() < until);
	return check_tell_exit(c, err);
}
