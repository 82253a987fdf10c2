#include "builder/check/watch.h"

#include "builder/engine/engine.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define EVENT_MAX (64 * 1024)
#define READ_SIZE 8192
#define FILTER_SIZE 1024
#define ESCAPED_SIZE (FILTER_SIZE * 3)

int check_watch_open(
	struct check_watch *w, struct engine *e, const char *container, struct err *err)
{
	char filter[FILTER_SIZE], escaped[ESCAPED_SIZE];

	*w = (struct check_watch){.engine = e};
	buf_init(&w->pending, EVENT_MAX);
	(void)snprintf(filter, sizeof(filter),
		"{\"type\":[\"container\"],\"container\":[\"%s\"],"
		"\"event\":[\"die\",\"died\",\"oom\"]}",
		container);
	if (!engine_escape(filter, escaped, sizeof(escaped)))
		return err_set(err, ERR_USAGE, "a container's name is too long");
	return engine_follow(
		e, &w->events, NULL, err, "GET", "/events?filters=%s", escaped);
}

void check_watch_close(struct check_watch *w)
{
	engine_follow_close(w->events);
	w->events = NULL;
	buf_finish(&w->pending);
}

/* One event ("Monitor events"); podman says "died". */
static void take_event(struct check_watch *w, const char *line, size_t len)
{
	cJSON *json = cJSON_ParseWithLength(line, len);
	const char *action =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "Action"));

	if (action && (!strcmp(action, "die") || !strcmp(action, "died")))
		w->died = true;
	if (action && !strcmp(action, "oom"))
		w->out_of_memory = true;
	cJSON_Delete(json);
}

static void take_events(struct check_watch *w, const char *data, size_t len)
{
	const char *nl;

	if (buf_add(&w->pending, data, len) < 0)
		buf_reset(&w->pending);
	while (w->pending.len && (nl = memchr(w->pending.data, '\n', w->pending.len))) {
		size_t n = (size_t)(nl - w->pending.data);

		take_event(w, w->pending.data, n);
		buf_consume(&w->pending, n + 1);
	}
}

static int read_events(struct check_watch *w, struct err *err)
{
	char data[READ_SIZE];
	ssize_t n;

	while ((n = engine_follow_read(w->events, data, sizeof(data), err)) > 0)
		take_events(w, data, (size_t)n);
	if (n == 0)
		return err_set(err, ERR_AWAY,
			"the Docker Engine ended its events; was it restarted?");
	return n == ERR_BUSY ? 0 : (int)n;
}

int check_watch_wait(
	struct check_watch *w, int fd, short events, int64_t until, struct err *err)
{
	for (;;) {
		struct pollfd p[2] = {
			{.fd = engine_follow_fd(w->events), .events = POLLIN},
			{.fd = fd, .events = events},
		};
		int64_t left = until - clock_monotonic_ms();
		int rc;

		/* What came with the head of the answer is not in the socket. */
		rc = read_events(w, err);
		if (rc)
			return rc;
		if (w->died)
			return CHECK_WAKE_DIED;
		if (left <= 0)
			return CHECK_WAKE_TIME;
		rc = engine_poll(w->engine, p, 2, left, err);
		if (rc < 0)
			return rc;
		if (rc > 0 && p[1].revents)
			return CHECK_WAKE_READY;
	}
}
