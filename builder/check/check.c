#include "builder/check/private.h"

#include "builder/say.h"
#include "config/base/clock.h"

/* For one connect: a packet may be dropped, and the next be answered. */
#define CONNECT_MAX 1000
/* A connect costs nobody anything: it is tried so often that nothing is lost by it. */
#define CONNECT_PAUSE_MAX 100

/* After a success: was it the life that was checked, and does it still run? */
static int still_runs(struct check *c, struct err *err)
{
	int64_t started = c->state.started;
	int rc = check_read_state(c, err);

	if (rc)
		return rc;
	return c->state.running && c->state.started == started ? 0
							       : check_tell_exit(c, err);
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
		rc = check_stays_up(c, o->stay_up, err);
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
		rc = c.state.running ? prove(&c, err) : check_tell_exit(&c, err);
	check_state_finish(&c.state);
	check_watch_close(&c.watch);
	return rc;
}
