#include "builder/deploy/scripts.h"

#include "builder/deploy/passage.h"
#include "builder/engine/engine.h"
#include "builder/life/body.h"
#include "builder/life/container.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/record/places.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define READ_SIZE 16384
#define SCRIPT_LOG_SIZE "1g"

struct script {
	struct passage *p;
	const char *process; /* what its container is called */
	const char *command;
	struct place place;
	char name[CONTAINER_NAME_SIZE];
	struct mask_stream masked; /* before it is cut into lines */
	struct buf line;	   /* what it printed since the last newline */
	int64_t deadline;
};

/* ---- what it prints ---- */

static void say_lines(struct script *s)
{
	const char *newline;

	while (s->line.len && (newline = memchr(s->line.data, '\n', s->line.len))) {
		size_t len = (size_t)(newline - s->line.data);

		say_output(s->p->say, s->line.data, len);
		buf_consume(&s->line, len + 1);
	}
}

static int take_masked(void *ctx, const char *data, size_t len)
{
	struct script *s = ctx;

	while (len) {
		size_t room = s->line.max - s->line.len;
		size_t n = len < room ? len : room;

		if (buf_add(&s->line, data, n) < 0)
			return ERR_FAILED;
		data += n;
		len -= n;
		say_lines(s);
		if (s->line.len == s->line.max) {
			say_output(s->p->say, s->line.data, s->line.len);
			buf_reset(&s->line);
		}
	}
	return 0;
}

static int take_output(void *ctx, int stream, const char *data, size_t len)
{
	struct script *s = ctx;

	(void)stream;
	return mask_feed(&s->masked, data, len, take_masked, s);
}

/* Reads what is there: 1 to go on, 0 at the end. */
static int read_output(struct script *s, struct engine_follow *f,
	struct engine_frames *frames, struct err *err)
{
	char data[READ_SIZE];
	ssize_t n;

	while ((n = engine_follow_read(f, data, sizeof(data), err)) > 0) {
		if (engine_frames_feed(frames, data, (size_t)n, take_output, s) < 0)
			return err_set(err, ERR_FAILED, "its output is damaged");
	}
	return n == ERR_BUSY ? 1 : (int)n;
}

static int follow(struct script *s, struct err *err)
{
	struct engine_frames frames = {0};
	struct engine_follow *f;
	int rc = engine_follow(s->p->server->engine, &f, NULL, err, "GET",
		"/containers/%s/logs?follow=true&stdout=true&stderr=true", s->name);

	if (rc)
		return rc;
	mask_begin(&s->masked, s->p->say->mask);
	while ((rc = read_output(s, f, &frames, err)) > 0) {
		struct pollfd poll_fd = {.fd = engine_follow_fd(f), .events = POLLIN};
		int64_t left = s->deadline - clock_monotonic_ms();
		char limit[SAY_DURATION_SIZE];

		if (left <= 0) {
			rc = err_set(err, ERR_FAILED, "still ran after %s",
				say_duration(
					s->p->server->settings->build_timeout, limit));
			break;
		}
		rc = engine_poll(s->p->server->engine, &poll_fd, 1, left, err);
		if (rc < 0)
			break;
	}
	(void)mask_end(&s->masked, false, take_masked, s);
	if (s->line.len)
		say_output(s->p->say, s->line.data, s->line.len);
	engine_follow_close(f);
	return rc;
}

static int wait_for_end(struct script *s, struct err *err)
{
	cJSON *reply = NULL;
	const cJSON *status;
	int rc = engine_call(s->p->server->engine, &reply, NULL, err, "POST",
		"/containers/%s/wait", s->name);

	status = cJSON_GetObjectItemCaseSensitive(reply, "StatusCode");
	if (!rc && !cJSON_IsNumber(status))
		rc = err_set(err, ERR_FAILED, "the Engine doesn't say how it ended");
	else if (!rc && status->valueint)
		rc = err_set(err, ERR_FAILED, "exited with %d", status->valueint);
	cJSON_Delete(reply);
	return rc;
}

/* ---- its container ---- */

/* Where the candidate's web.1 listens, and its life's number: verify asks it there. */
static int add_candidate(const struct script *s, cJSON *body, struct err *err)
{
	const struct passage *p = s->p;
	cJSON *env = cJSON_GetObjectItemCaseSensitive(body, "Env");
	struct place places[CONTAINERS_MAX];
	char text[128], address[INET_ADDRSTRLEN];
	size_t len;
	int rc =
		places_read(p->server->store, p->app, p->life->number, places, &len, err);

	(void)snprintf(text, sizeof(text), "VERIFY_LIFE=%d", p->life->number);
	(void)cJSON_AddItemToArray(env, cJSON_CreateString(text));
	for (size_t i = 0; !rc && plan_port(&p->plan) && i < len; i++) {
		if (strcmp(places[i].process, PLAN_WEB) != 0 || places[i].position != 1)
			continue;
		(void)snprintf(text, sizeof(text), "VERIFY_URL=http://%s:%d",
			container_address(
				p->server, p->app, &p->plan, &places[i], address),
			plan_port(&p->plan));
		(void)cJSON_AddItemToArray(env, cJSON_CreateString(text));
	}
	return rc;
}

/* The Engine throws away the beginning of a log that is full, also what we haven't read
 * yet. This one goes with its container. */
static void keep_its_log(const cJSON *body)
{
	const cJSON *host = cJSON_GetObjectItemCaseSensitive(body, "HostConfig");
	const cJSON *log = cJSON_GetObjectItemCaseSensitive(host, "LogConfig");
	cJSON *config = cJSON_GetObjectItemCaseSensitive(log, "Config");

	if (cJSON_GetObjectItemCaseSensitive(config, "max-size"))
		(void)cJSON_ReplaceItemInObjectCaseSensitive(
			config, "max-size", cJSON_CreateString(SCRIPT_LOG_SIZE));
}

static int create(struct script *s, struct err *err)
{
	struct passage *p = s->p;
	cJSON *body, *command;
	int rc = container_body(
		&body, p->server, p->app, p->life, &p->plan, &s->place, err);

	if (rc)
		return rc;
	command = container_command(s->command);
	cJSON_DeleteItemFromObjectCaseSensitive(body, "Cmd");
	if (!command || !cJSON_AddItemToObject(body, "Cmd", command))
		rc = err_set(err, ERR_FAILED, "out of memory");
	keep_its_log(body);
	if (!rc && !strcmp(s->process, PLAN_VERIFY))
		rc = add_candidate(s, body, err);
	if (!rc)
		rc = container_create_from(p->server, p->app, s->name, body, err);
	cJSON_Delete(body);
	return rc;
}

static int run(struct script *s, struct err *err)
{
	int rc = create(s, err);

	if (!rc)
		rc = container_start(s->p->server, s->name, err);
	if (!rc)
		rc = follow(s, err);
	return rc ? rc : wait_for_end(s, err);
}

/* Its row goes last: undo and reconcile find by it what is left. */
static int remove_container(struct script *s, struct err *err)
{
	int rc = container_remove(s->p->server, s->name, err);

	return rc ? rc : place_release(s->p->server->store, s->p->app, &s->place, err);
}

int passage_run_script(struct passage *p, const char *name, struct err *err)
{
	const bool first = !strcmp(name, PLAN_SCRIPT_FIRST);
	struct script s = {
		.p = p,
		.process = first ? PLAN_POSTDEPLOY : name,
		.command = plan_script(&p->plan, name),
		.deadline = clock_monotonic_ms() + p->server->settings->build_timeout,
	};
	int removed, rc;

	if (!s.command)
		return 0;
	say_step(p->say, "Running %s%s: %s", s.process,
		first ? " of the first deploy" : "", s.command);
	buf_init(&s.line, SAY_LINE_MAX);
	rc = place_reserve(p->server->store, p->life, s.process, 1, &s.place, err);
	if (!rc) {
		(void)place_container_name(p->app, &s.place, s.name);
		rc = run(&s, err);
		removed = remove_container(&s, rc ? NULL : err);
		rc = rc ? rc : removed;
	}
	buf_finish(&s.line);
	return rc ? err_prefix(err, "%s failed: ", s.process) : 0;
}
