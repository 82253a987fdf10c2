#include "builder/deploy/bake.h"

#include "builder/engine/engine.h"
#include "builder/life/life.h"
#include "builder/life/liveness.h"
#include "builder/life/plan.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "builder/secrets.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/lives.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define EVENT_MAX (64 * 1024)
#define READ_SIZE 16384
/* Between two rounds of liveness checks, milliseconds. */
#define LIVENESS_PAUSE 2000
/* The same, of looks at whether a newer life is live yet. */
#define NEWER_PAUSE 500

/* How often one container has ended by itself. */
struct deaths {
	char container[CONTAINER_NAME_SIZE];
	int count;
	bool is_asked; /* somebody stops it: its next end is no crash */
};

struct bake {
	struct server *server;
	struct app app; /* read again when a container of the life is gone */
	const struct life *live;
	struct engine_follow *events;
	struct buf pending; /* of an event whose line has no end yet */
	struct deaths deaths[CONTAINERS_MAX];
	size_t deaths_len;
	struct plan plan;
	struct mask *mask; /* of what the checks get to see */
	int64_t asks_next; /* when the liveness checks are due, monotonic; -1 never */
	bool newer_starts; /* and may fail yet */
	int crashes;	   /* that are too many */
	enum bake_end end;
	char *reason;
};

/* ---- the Engine's events ---- */

static struct deaths *find_deaths(struct bake *b, const char *container)
{
	for (size_t i = 0; i < b->deaths_len; i++) {
		if (!strcmp(b->deaths[i].container, container))
			return &b->deaths[i];
	}
	if (b->deaths_len == CONTAINERS_MAX)
		return NULL;
	(void)snprintf(
		b->deaths[b->deaths_len].container, CONTAINER_NAME_SIZE, "%s", container);
	return &b->deaths[b->deaths_len++];
}

/* With "on-failure:2" the third end is the last, and one with status 0 is at once: which
 * is as a worker may be meant, and no web. */
static bool has_ended(const struct bake *b, const struct deaths *d, const cJSON *of)
{
	static const char policy[] = "on-failure";
	const char *set = plan_restart(&b->plan);
	int64_t tries;

	if (strncmp(set, policy, strlen(policy)) != 0)
		return false;
	if (!strcmp(plan_text(of, "exitCode"), "0"))
		return !strcmp(plan_text(of, "bardo.process"), PLAN_WEB);
	set += strlen(policy);
	return *set == ':' && number_parse(set + 1, 0, INT_MAX, &tries) == 0 &&
		d->count > tries;
}

static void note_death(struct bake *b, struct deaths *d, const cJSON *of)
{
	char lived[SAY_DURATION_SIZE];
	const char *dot = strrchr(d->container, '.');

	if (d->is_asked) {
		d->is_asked = false;
		return;
	}
	if (++d->count < b->crashes && !has_ended(b, d, of))
		return;
	b->end = BAKE_CRASHED;
	(void)snprintf(b->reason, BAKE_REASON_SIZE,
		"%s%s exited with %s for the %d%s time, %s after it went live",
		plan_text(of, "bardo.process"), dot ? dot : "", plan_text(of, "exitCode"),
		d->count,
		d->count == 1		? "st"
			: d->count == 2 ? "nd"
			: d->count == 3 ? "rd"
					: "th",
		say_duration(clock_unix_ms() - b->live->live_at, lived));
}

/* The app may have been destroyed, or have another life. */
static bool is_live(struct bake *b)
{
	return app_reload(b->server->store, &b->app, NULL) == 0 && !b->app.destroyed_at &&
		b->app.live == b->live->number;
}

static void take_event(struct bake *b, const cJSON *event)
{
	const char *action = plan_text(event, "Action");
	const cJSON *of = cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(event, "Actor"), "Attributes");
	const char *process;
	struct deaths *d;
	int64_t life;

	if (number_parse(plan_text(of, "bardo.life"), 1, INT_MAX, &life) < 0)
		return;
	if (life > b->live->number && !strcmp(action, "start"))
		b->newer_starts = true;
	process = plan_text(of, "bardo.process");
	if (life != b->live->number || !strcmp(process, PLAN_RUN) ||
		plan_is_script(process))
		return;
	if (!strcmp(action, "destroy") && !is_live(b))
		b->end = BAKE_NEWER;
	d = find_deaths(b, plan_text(of, "name"));
	if (d && !strcmp(action, "kill"))
		d->is_asked = true;
	else if (d && !strcmp(action, "start"))
		d->is_asked = false;
	else if (d && !strcmp(action, "die"))
		note_death(b, d, of);
}

static int read_events(struct bake *b, struct err *err)
{
	char data[READ_SIZE];
	const char *newline;
	ssize_t n;

	while ((n = engine_follow_read(b->events, data, sizeof(data), err)) > 0) {
		if (buf_add(&b->pending, data, (size_t)n) < 0)
			return err_set(err, ERR_FAILED, "an event of more than %d bytes",
				EVENT_MAX);
	}
	while (b->end == BAKE_FINE && b->pending.len &&
		(newline = memchr(b->pending.data, '\n', b->pending.len))) {
		size_t len = (size_t)(newline - b->pending.data);
		cJSON *event = cJSON_ParseWithLength(b->pending.data, len);

		take_event(b, event);
		cJSON_Delete(event);
		buf_consume(&b->pending, len + 1);
	}
	if (n == 0)
		return err_set(err, ERR_AWAY, "the Engine ended the events");
	return n == ERR_BUSY ? 0 : (int)n;
}

static int open_events(struct bake *b, const struct app *app, struct err *err)
{
	char filter[512], escaped[1200];

	(void)snprintf(filter, sizeof(filter),
		"{\"type\":[\"container\"],\"event\":[\"start\",\"kill\",\"die\","
		"\"destroy\"],"
		"\"label\":[\"bardo.server=%s\",\"bardo.handle=%s\"]}",
		b->server->id, app->handle);
	if (!engine_escape(filter, escaped, sizeof(escaped)))
		return err_set(err, ERR_FAILED, "the filter is too long");
	return engine_follow(b->server->engine, &b->events, NULL, err, "GET",
		"/events?since=%lld.%03d&filters=%s",
		(long long)(b->live->live_at / 1000), (int)(b->live->live_at % 1000),
		escaped);
}

/* A container that nobody restarts has crashed with its first end. */
static int read_plan(struct bake *b, struct err *err)
{
	int rc = life_read_plan(b->server, b->live, &b->plan, err);

	if (rc)
		return rc;
	b->crashes = !strcmp(plan_restart(&b->plan), "no") ? 1 : BAKE_CRASHES;
	b->asks_next = liveness_is_asked(&b->plan) ? 0 : -1;
	return secrets_mask(b->server, b->app.id, &b->mask, err);
}

/* ---- liveness ---- */

/* One that fails may take its time over it: the events wait for us meanwhile. */
static void ask_liveness(struct bake *b)
{
	char lived[SAY_DURATION_SIZE];
	struct err why = {0};

	if (b->asks_next < 0 || clock_monotonic_ms() < b->asks_next)
		return;
	if (liveness_check(b->server, &b->app, b->live, &b->plan, b->mask, &why) ==
		ERR_FAILED) {
		b->end = BAKE_SICK;
		mask_field(b->mask, why.msg, sizeof(why.msg));
		(void)snprintf(b->reason, BAKE_REASON_SIZE,
			"%.180s, %s after it went live", why.msg,
			say_duration(clock_unix_ms() - b->live->live_at, lived));
	}
	b->asks_next = clock_monotonic_ms() + LIVENESS_PAUSE;
}

/* Until the next event, or until something is due. */
static int wait_for_more(struct bake *b, int64_t left, struct err *err)
{
	struct pollfd p = {.fd = engine_follow_fd(b->events), .events = POLLIN};

	if (b->asks_next >= 0 && left > LIVENESS_PAUSE)
		left = LIVENESS_PAUSE;
	if (b->newer_starts && left > NEWER_PAUSE)
		left = NEWER_PAUSE;
	if (poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
		return err_errno(err, "poll");
	return 0;
}

int bake_watch(struct server *s, const struct app *app, const struct life *live,
	int64_t until, enum bake_end *end, char reason[BAKE_REASON_SIZE], struct err *err)
{
	struct bake b = {.server = s, .app = *app, .live = live, .reason = reason};
	int64_t left;
	int rc = read_plan(&b, err);

	buf_init(&b.pending, EVENT_MAX);
	if (!rc)
		rc = open_events(&b, app, err);
	while (!rc) {
		rc = read_events(&b, err);
		if (b.newer_starts && !is_live(&b))
			b.end = BAKE_NEWER;
		if (!rc && b.end == BAKE_FINE)
			ask_liveness(&b);
		left = until - clock_unix_ms();
		if (rc || b.end != BAKE_FINE || left <= 0)
			break;
		rc = wait_for_more(&b, left, err);
	}
	engine_follow_close(b.events);
	buf_finish(&b.pending);
	plan_finish(&b.plan);
	mask_destroy(b.mask);
	*end = b.end;
	return rc;
}

bool bake_is_sick(struct server *s, const struct app *app, const struct life *live)
{
	struct bake b = {.server = s, .app = *app, .live = live};
	bool sick = read_plan(&b, NULL) == 0 &&
		liveness_check(s, app, live, &b.plan, b.mask, NULL) == ERR_FAILED;

	plan_finish(&b.plan);
	mask_destroy(b.mask);
	return sick;
}
