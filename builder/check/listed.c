#include "builder/check/private.h"

#include "builder/say.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/*
 * The checks of app.json. Dokku tries `attempts` times, each for `timeout` seconds, and
 * waits for `wait` seconds in between. Here a check has all that time too, but is tried
 * from 20 ms on, with pauses that grow up to `wait`: who is ready sooner is live sooner.
 */

#define SECOND 1000
#define ATTEMPTS_DEFAULT 3
#define TIMEOUT_DEFAULT 5
#define WAIT_DEFAULT 5
/* What a check without any condition asks. */
#define UPTIME_DEFAULT 2

static const char *text(const cJSON *check, const char *name)
{
	const char *value =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(check, name));

	return value ? value : "";
}

/* 0 is as good as not said. */
static int64_t number(const cJSON *check, const char *name, int64_t otherwise)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(check, name);

	return cJSON_IsNumber(n) && n->valuedouble > 0 ? (int64_t)n->valuedouble
						       : otherwise;
}

static bool is_true(const cJSON *check, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(check, name));
}

/* How long until the check may be asked for the first time, in milliseconds. */
static int64_t time_to_rest(const struct check *c, const cJSON *check)
{
	int64_t delay = number(check, "initialDelay", 0) * SECOND;
	int64_t up = clock_unix_ms() - c->state.started;

	return up > 0 ? delay - up : delay;
}

/* Liveness is for who serves: it isn't waited for. */
static bool is_for_now(const struct check *c, const cJSON *check)
{
	bool is_liveness = !strcmp(text(check, "type"), "liveness");

	if (!c->options->liveness)
		return !is_liveness;
	return is_liveness && time_to_rest(c, check) <= 0;
}

/* How long it is tried in all: what its times come to, or without any the app's. */
static int64_t patience(const struct check *c, const cJSON *check)
{
	if (!number(check, "attempts", 0) && !number(check, "timeout", 0) &&
		!number(check, "wait", 0))
		return c->options->timeout;
	return number(check, "attempts", ATTEMPTS_DEFAULT) *
		(number(check, "timeout", TIMEOUT_DEFAULT) +
			number(check, "wait", WAIT_DEFAULT)) *
		SECOND;
}

static int rest_at_first(struct check *c, const cJSON *check, struct err *err)
{
	int64_t delay = time_to_rest(c, check);

	return delay <= 0 ? 0 : check_rest(c, clock_monotonic_ms() + delay, err);
}

static int run_command(struct check *c, const cJSON *words, const struct check_pace *pace,
	int64_t tried, struct err *err)
{
	struct check_failure *f = c->failure;
	char how_long[SAY_DURATION_SIZE];
	int rc;

	check_name_command(c, words, 0, f->probed, sizeof(f->probed));
	rc = check_command(c, words, f->probed, pace, err);
	return rc <= 0 ? rc
		       : err_set(err, ERR_FAILED, "%.120s: %.200s (tried for %s)",
				 f->probed, f->answer, say_duration(tried, how_long));
}

/* The port that is meant; 0 with err if there is none to ask. */
static int find_port(const struct check *c, const cJSON *check, struct err *err)
{
	int port = (int)number(check, "port", c->options->port);

	if (!port || !c->options->address)
		(void)err_set(err, ERR_FAILED,
			"a check of app.json asks a process without a port: give it "
			"\"port\"");
	return c->options->address ? port : 0;
}

static int ask(struct check *c, const cJSON *check, const struct check_pace *pace,
	int64_t tried, struct err *err)
{
	const struct check_http http = {
		.path = text(check, "path"),
		.scheme = *text(check, "scheme") ? text(check, "scheme") : "http",
		.port = find_port(c, check, err),
		.content = text(check, "content"),
		.headers = cJSON_GetObjectItemCaseSensitive(check, "httpHeaders"),
		.tried = tried,
	};

	if (!http.port)
		return ERR_FAILED;
	if (is_true(check, "listening"))
		return check_port(c, http.port, pace, tried, err);
	return check_get(c, &http, pace, err);
}

static int run(struct check *c, const cJSON *check, struct err *err)
{
	const cJSON *words = cJSON_GetObjectItemCaseSensitive(check, "command");
	const struct check_pace pace = {
		number(check, "timeout", TIMEOUT_DEFAULT) * SECOND,
		number(check, "wait", WAIT_DEFAULT) * SECOND,
	};
	int64_t tried = patience(c, check);
	int rc = rest_at_first(c, check, err);

	if (rc)
		return rc;
	c->deadline = clock_monotonic_ms() + tried;
	if (cJSON_GetArraySize(words))
		return run_command(c, words, &pace, tried, err);
	if (*text(check, "path") || is_true(check, "listening"))
		return ask(c, check, &pace, tried, err);
	return check_stays_up(c, number(check, "uptime", UPTIME_DEFAULT) * SECOND, err);
}

/* One that only warns fails nothing, unless there is nothing left that runs. */
static int judge(
	struct check *c, const cJSON *check, int rc, struct err *why, struct err *err)
{
	const struct check_options *o = c->options;
	const struct check_failure *f = c->failure;
	const char *name = *f->name ? f->name : f->probed;

	if (!rc && o->tell_all)
		say_detail(o->say, "Healthcheck succeeded name='%s'", name);
	if (rc != ERR_FAILED || f->exited || !is_true(check, "warn"))
		return rc ? err_set(err, rc, "%s", why->msg) : 0;
	if (o->say)
		say_problem(o->say, "Only a warning: the check %s failed: %s", name,
			why->msg);
	return 0;
}

int check_listed(struct check *c, bool *there, struct err *err)
{
	const cJSON *check;

	*there = false;
	cJSON_ArrayForEach(check, c->options->listed)
	{
		struct err why = {0};
		int rc;

		if (!is_for_now(c, check))
			continue;
		*there = true;
		*c->failure = (struct check_failure){0};
		(void)snprintf(c->failure->name, sizeof(c->failure->name), "%s",
			text(check, "name"));
		rc = run(c, check, &why);
		rc = judge(c, check, rc, &why, err);
		if (rc)
			return rc;
	}
	return 0;
}
