#include "builder/life/logs.h"

#include "builder/engine/engine.h"
#include "builder/mask.h"
#include "builder/secrets.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * 1024)
#define READ_SIZE 16384
#define STREAMS_MAX CONTAINERS_MAX

/* One container's log on its way. */
struct stream {
	struct engine_follow *follow; /* NULL: the place is free */
	struct engine_frames frames;
	struct buf line; /* what has come of the line that isn't whole yet */
	bool in_time;	 /* that of a further piece of the line */
	char container[CONTAINER_NAME_SIZE];
	char label[PROCESS_SIZE + 16]; /* "web.1" */
	struct logs *logs;
};

struct logs {
	struct server *server;
	const struct app *app;
	struct engine_follow *events; /* NULL unless following */
	struct buf event;
	struct stream streams[STREAMS_MAX];
	struct mask *mask; /* the app's secrets */
	bool unread;	   /* nobody reads what is printed */
};

static int read_secrets(struct logs *l, struct err *err)
{
	struct mask *mask;
	int rc = secrets_mask(l->server, l->app->id, &mask, err);

	if (rc)
		return rc;
	mask_destroy(l->mask);
	l->mask = mask;
	return 0;
}

/* The Engine puts a line's time first: "TIME text" becomes "TIME app[web.1]: text". */
static void print_line(struct stream *st)
{
	bool is_cut = st->line.len == st->line.max;
	size_t len = st->line.len
		? mask_text(st->logs->mask, st->line.data, st->line.len, is_cut)
		: 0;
	const char *line = buf_text(&st->line);
	const char *space = len ? memchr(line, ' ', len) : NULL;
	size_t time_len = space ? (size_t)(space - line) : 0;
	const char *text = space ? space + 1 : line;

	if (printf("%.*s app[%s]: %.*s\n", (int)time_len, line, st->label,
		    (int)(len - (size_t)(text - line)), text) < 0)
		st->logs->unread = true;
}

/* A line beyond the limit is cut, not kept. */
static void add_to_line(struct stream *st, const char *data, size_t len)
{
	size_t room = st->line.max - st->line.len;

	(void)buf_add(&st->line, data, len < room ? len : room);
}

/* The Engine keeps a long line in pieces, and gives each the time again: what is behind
 * the first one's belongs together. How much of data is such a time. */
static size_t skip_time(struct stream *st, const char *data, size_t len)
{
	const char *space;

	if (engine_frames_at_start(&st->frames))
		st->in_time = st->line.len > 0;
	if (!st->in_time)
		return 0;
	space = memchr(data, ' ', len);
	st->in_time = !space;
	return space ? (size_t)(space - data) + 1 : len;
}

static int take_text(void *ctx, int stream, const char *data, size_t len)
{
	struct stream *st = ctx;
	size_t skipped = skip_time(st, data, len);
	const char *newline;

	(void)stream;
	data += skipped;
	len -= skipped;
	while (len && (newline = memchr(data, '\n', len))) {
		size_t part = (size_t)(newline - data);

		add_to_line(st, data, part);
		print_line(st);
		buf_reset(&st->line);
		data += part + 1;
		len -= part + 1;
	}
	add_to_line(st, data, len);
	return st->logs->unread ? -1 : 0;
}

static void close_stream(struct stream *st)
{
	/* Last words often come without a newline. */
	if (st->follow && st->line.len)
		print_line(st);
	engine_follow_close(st->follow);
	buf_finish(&st->line);
	*st = (struct stream){0};
}

static int open_stream(struct logs *l, const char *container, const char *label,
	const struct logs_options *o, struct err *err)
{
	struct stream *st = NULL;

	for (size_t i = 0; i < STREAMS_MAX && !st; i++) {
		if (!l->streams[i].follow)
			st = &l->streams[i];
	}
	if (!st)
		return err_set(err, ERR_FAILED, "more than %d containers to follow",
			STREAMS_MAX);
	buf_init(&st->line, LINE_MAX_BYTES);
	st->logs = l;
	(void)snprintf(st->container, sizeof(st->container), "%s", container);
	(void)snprintf(st->label, sizeof(st->label), "%s", label);
	return engine_follow(l->server->engine, &st->follow, NULL, err, "GET",
		"/containers/%s/"
		"logs?stdout=true&stderr=true&timestamps=true&follow=%s&tail=%lld",
		container, o->follow ? "true" : "false", (long long)o->lines);
}

/* Reads what is there; 1 when the stream has ended. */
static int read_stream(struct stream *st, struct err *err)
{
	char data[READ_SIZE];
	ssize_t n;

	while ((n = engine_follow_read(st->follow, data, sizeof(data), err)) > 0) {
		if (engine_frames_feed(&st->frames, data, (size_t)n, take_text, st) < 0)
			return 0;
	}
	if (n == ERR_BUSY)
		return 0;
	close_stream(st);
	return n < 0 ? (int)n : 1;
}

static int open_live(struct logs *l, const struct logs_options *o, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	size_t len;
	int rc = places_read(l->server->store, l->app, l->app->live, places, &len, err);

	for (size_t i = 0; i < len && !rc; i++) {
		char name[CONTAINER_NAME_SIZE], label[PROCESS_SIZE + 16];

		(void)snprintf(label, sizeof(label), "%s.%d", places[i].process,
			places[i].position);
		rc = open_stream(
			l, place_container_name(l->app, &places[i], name), label, o, err);
	}
	return rc;
}

/* ---- following: containers that start join in ---- */

static int open_events(struct logs *l, struct err *err)
{
	char filter[256], escaped[600];

	(void)snprintf(filter, sizeof(filter),
		"{\"type\":[\"container\"],\"event\":[\"start\"],\"label\":[\"bardo."
		"server=%s\","
		"\"bardo.handle=%s\"]}",
		l->server->id, l->app->handle);
	if (!engine_escape(filter, escaped, sizeof(escaped)))
		return err_set(err, ERR_FAILED, "the filter is too long");
	buf_init(&l->event, LINE_MAX_BYTES);
	return engine_follow(l->server->engine, &l->events, NULL, err, "GET",
		"/events?filters=%s", escaped);
}

static bool is_open(const struct logs *l, const char *container)
{
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		if (l->streams[i].follow && !strcmp(l->streams[i].container, container))
			return true;
	}
	return false;
}

/* "bardo.shop.web.4.1" is web.1 of life 4. */
static int join(
	struct logs *l, const char *container, const char *process, struct err *err)
{
	const struct logs_options all = {.follow = true, .lines = LINE_MAX_BYTES};
	const char *dot = strrchr(container, '.');
	char label[PROCESS_SIZE + 16];

	if (!dot || is_open(l, container))
		return 0;
	(void)snprintf(label, sizeof(label), "%.*s%s", PROCESS_SIZE - 1, process, dot);
	/* The next life may have other ones. */
	if (read_secrets(l, err) < 0)
		return ERR_FAILED;
	return open_stream(l, container, label, &all, err);
}

static int take_event(struct logs *l, const char *text, struct err *err)
{
	cJSON *event = cJSON_Parse(text);
	const cJSON *actor = cJSON_GetObjectItemCaseSensitive(event, "Actor");
	const cJSON *of = cJSON_GetObjectItemCaseSensitive(actor, "Attributes");
	const char *name =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(of, "name"));
	const char *process = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(of, "bardo.process"));
	int rc = name && process ? join(l, name, process, err) : 0;

	cJSON_Delete(event);
	/* It may be gone again already: a candidate that failed. */
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int read_events(struct logs *l, struct err *err)
{
	char data[READ_SIZE];
	const char *newline;
	ssize_t n;
	int rc = 0;

	while ((n = engine_follow_read(l->events, data, sizeof(data), err)) > 0) {
		if (buf_add(&l->event, data, (size_t)n) < 0)
			return err_set(err, ERR_FAILED, "an event of more than %d bytes",
				LINE_MAX_BYTES);
	}
	while (!rc && l->event.len &&
		(newline = memchr(l->event.data, '\n', l->event.len))) {
		size_t len = (size_t)(newline - l->event.data);

		l->event.data[len] = '\0';
		rc = take_event(l, l->event.data, err);
		buf_consume(&l->event, len + 1);
	}
	if (n == 0)
		return err_set(err, ERR_AWAY, "the Engine ended the events");
	return rc || n == ERR_BUSY ? rc : (int)n;
}

/* ---- the loop ---- */

static nfds_t gather(const struct logs *l, struct pollfd *polls)
{
	nfds_t n = 0;

	/* A reader that has gone shows here, and would not by writing nothing. */
	polls[n++] = (struct pollfd){.fd = STDOUT_FILENO};
	polls[n++] = (struct pollfd){
		.fd = l->events ? engine_follow_fd(l->events) : -1, .events = POLLIN};
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		if (!l->streams[i].follow)
			continue;
		polls[n++] = (struct pollfd){
			.fd = engine_follow_fd(l->streams[i].follow), .events = POLLIN};
	}
	return n;
}

static int read_all_streams(struct logs *l, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < STREAMS_MAX && rc >= 0; i++) {
		if (l->streams[i].follow)
			rc = read_stream(&l->streams[i], err);
	}
	return rc < 0 ? rc : 0;
}

static int loop(struct logs *l, struct err *err)
{
	struct pollfd polls[STREAMS_MAX + 2];

	for (;;) {
		nfds_t n;
		int rc = read_all_streams(l, err);

		if (!rc && l->events)
			rc = read_events(l, err);
		if (fflush(stdout) || l->unread)
			return 0;
		n = gather(l, polls);
		if (rc || (n == 2 && !l->events))
			return rc;
		if (poll(polls, n, -1) < 0 && errno != EINTR)
			return err_errno(err, "poll");
		if (polls[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			return 0;
	}
}

int logs_print(struct server *s, const struct app *app, const struct logs_options *o,
	struct err *err)
{
	struct logs *l;
	int rc;

	if (!app->live)
		return err_set(err, ERR_NOTFOUND, "nothing of %s is live: push it first",
			app->name);
	l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, ERR_FAILED, "out of memory");
	l->server = s;
	l->app = app;
	rc = read_secrets(l, err);
	if (!rc && o->follow)
		rc = open_events(l, err);
	if (!rc)
		rc = open_live(l, o, err);
	if (!rc)
		rc = loop(l, err);
	for (size_t i = 0; i < STREAMS_MAX; i++)
		close_stream(&l->streams[i]);
	engine_follow_close(l->events);
	buf_finish(&l->event);
	mask_destroy(l->mask);
	free(l);
	return rc;
}
