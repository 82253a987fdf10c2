#include "builder/logs/logs.h"

#include "builder/engine/engine.h"
#include "builder/life/plan.h"
#include "builder/logs/log_stream.h"
#include "builder/mask.h"
#include "builder/run/runs.h"
#include "builder/secrets.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE 16384
#define EVENT_MAX (64 * 1024)
/* The next life's containers may come before the last one's have gone. */
#define SOURCES_MAX (2 * CONTAINERS_MAX)
#define NAMES_MAX 1024
#define LABEL_SIZE (PROCESS_SIZE + 32)

/* A container whose log is printed. */
struct source {
	char container[CONTAINER_NAME_SIZE]; /* "": the slot is free */
	char label[LABEL_SIZE];		     /* "web.1" */
	struct log_stream stream;
	int64_t last; /* when its last printed line was, in ns since the epoch */
};

struct logs {
	struct server *server;
	const struct app *app;
	const struct logs_options *options;
	struct engine_follow *events; /* NULL unless following */
	struct buf event;
	struct source sources[SOURCES_MAX];
	struct mask *mask; /* the app's secrets */
	bool unread;	   /* nobody reads what is printed */
};

/* A one-off may be of a life that had other variables. */
static int add_secrets_of_runs(void *ctx, struct mask *mask, struct err *err)
{
	const struct logs *l = ctx;
	int rc = 0;

	for (size_t i = 0; i < SOURCES_MAX && l->options->of_runs && !rc; i++) {
		if (*l->sources[i].container)
			rc = runs_add_secrets(
				l->server, l->sources[i].container, mask, err);
	}
	return rc;
}

static int read_secrets(struct logs *l, struct err *err)
{
	struct mask *mask;
	int rc = secrets_mask_with(
		l->server, l->app->id, add_secrets_of_runs, l, &mask, err);

	if (rc)
		return rc;
	mask_destroy(l->mask);
	l->mask = mask;
	return 0;
}

/* The one place where a line is printed: "TIME text" becomes "TIME app[web.1]: text". */
static void print_line(struct logs *l, struct source *src, const struct log_line *line)
{
	size_t len = mask_text(l->mask, line->text, line->len, line->len == LOG_LINE_MAX);
	const char *space = len ? memchr(line->text, ' ', len) : NULL;
	const char *text = space ? space + 1 : line->text;

	if (!l->options->quiet)
		(void)printf("%.*s app[%s]: ", space ? (int)(space - line->text) : 0,
			line->text, src->label);
	/* It may hold any bytes. */
	(void)fwrite(text, 1, len - (size_t)(text - line->text), stdout);
	if (putchar('\n') == EOF)
		l->unread = true;
	src->last = line->at;
}

/* ---- the containers ---- */

static bool is_one_off(const char *process)
{
	return !strcmp(process, PLAN_RUN) || plan_is_script(process);
}

/* "web" is asked for by "web", "web.1" and nothing; "run.3.1" is never "run.3". */
static bool is_asked_for(const struct logs *l, const char *process, const char *label)
{
	const char *asked = l->options->process;

	return !is_one_off(process) &&
		(!asked || !strcmp(asked, process) || !strcmp(asked, label));
}

static struct source *find_source(struct logs *l, const char *container)
{
	for (size_t i = 0; i < SOURCES_MAX; i++) {
		if (!strcmp(l->sources[i].container, container))
			return &l->sources[i];
	}
	return NULL;
}

static bool is_open(const struct source *src)
{
	return src->stream.follow != NULL;
}

static void forget(struct source *src)
{
	log_stream_close(&src->stream);
	*src = (struct source){0};
}

/* Those that have ended are only remembered as long as there is room. NULL with err: too
 * many. */
static struct source *add_source(
	struct logs *l, const char *container, const char *label, struct err *err)
{
	struct source *src = find_source(l, "");

	for (size_t i = 0; i < SOURCES_MAX && !src && l->events; i++) {
		if (!is_open(&l->sources[i]))
			src = &l->sources[i];
	}
	if (!src) {
		(void)err_set(err, ERR_FAILED, "more than %d containers print at once",
			SOURCES_MAX);
		return NULL;
	}
	forget(src);
	(void)snprintf(src->container, sizeof(src->container), "%s", container);
	(void)snprintf(src->label, sizeof(src->label), "%s", label);
	return src;
}

static int no_such_process(
	const struct logs *l, const struct place *places, size_t len, struct err *err)
{
	struct buf names;

	buf_init(&names, NAMES_MAX);
	for (size_t i = 0; i < len; i++) {
		if (!is_one_off(places[i].process))
			(void)buf_addf(&names, "%s%s.%d", names.len ? ", " : "",
				places[i].process, places[i].position);
	}
	(void)err_set(err, ERR_NOTFOUND, "%s has no process %.60s: there is %s",
		l->app->name, l->options->process, names.len ? buf_text(&names) : "none");
	buf_finish(&names);
	return ERR_NOTFOUND;
}

static int find_live(struct logs *l, struct err *err)
{
	struct place places[CONTAINERS_MAX];
	size_t len, found = 0;
	int rc = places_read(l->server->store, l->app, l->app->live, places, &len, err);

	for (size_t i = 0; i < len && !rc; i++) {
		char name[CONTAINER_NAME_SIZE], label[LABEL_SIZE];

		(void)snprintf(label, sizeof(label), "%s.%d", places[i].process,
			places[i].position);
		if (!is_asked_for(l, places[i].process, label))
			continue;
		(void)place_container_name(l->app, &places[i], name);
		if (!add_source(l, name, label, err))
			return ERR_FAILED;
		found++;
	}
	/* Followed, a process may come with the next life. */
	if (!rc && !found && l->options->process && !l->options->follow)
		return no_such_process(l, places, len, err);
	return rc;
}

struct run_search {
	struct logs *logs;
	bool attached; /* the one that is asked for is somebody's */
	struct err *err;
};

static int take_run(void *ctx, const struct run_seen *run)
{
	struct run_search *search = ctx;
	const char *only = search->logs->options->container;
	const char *label = strstr(run->name, "." PLAN_RUN ".");

	if (only && strcmp(only, run->name) != 0)
		return 0;
	if (!run->detached) {
		search->attached = true;
		return 0;
	}
	return add_source(search->logs, run->name, label ? label + 1 : run->name,
		       search->err)
		? 0
		: ERR_FAILED;
}

static int find_runs(struct logs *l, struct err *err)
{
	struct run_search search = {.logs = l, .err = err};
	int rc = runs_each(l->server, l->app, take_run, &search, err);

	if (rc || *l->sources[0].container)
		return rc;
	if (search.attached)
		return err_set(err, ERR_NOTFOUND,
			"what an attached one-off prints goes to who started it, and is "
			"kept nowhere: run:detached keeps it");
	return err_set(err, ERR_NOTFOUND, "no detached one-off of %s runs: run:list %s",
		l->app->name, l->app->name);
}

static int open_source(
	struct logs *l, struct source *src, struct log_source *from, struct err *err)
{
	int rc;

	from->container = src->container;
	rc = log_stream_open(&src->stream, l->server->engine, from, err);
	/* It may be gone, or going: a candidate that failed, a life that is over. */
	if (rc == ERR_NOTFOUND || rc == ERR_EXISTS) {
		forget(src);
		rc = 0;
	}
	return rc;
}

/* ---- what there is already, in the order of time ---- */

/* Waits until the stream has a line or is at its end. */
static int fill_whole(const struct logs *l, struct log_stream *st, struct err *err)
{
	int rc;

	while ((rc = log_stream_fill(st, err)) == ERR_BUSY) {
		struct pollfd p = {.fd = engine_follow_fd(st->follow), .events = POLLIN};

		rc = engine_poll(l->server->engine, &p, 1, -1, err);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : 0;
}

/* The source whose next line is the oldest; NULL: all are at their end. */
static struct source *find_oldest(struct logs *l, struct log_line *line, struct err *err)
{
	struct source *oldest = NULL;

	for (size_t i = 0; i < SOURCES_MAX; i++) {
		struct source *src = &l->sources[i];
		struct log_line next;

		if (!*src->container)
			continue;
		if (fill_whole(l, &src->stream, err) < 0)
			return NULL;
		if (log_stream_peek(&src->stream, &next) &&
			(!oldest || next.at < line->at)) {
			oldest = src;
			*line = next;
		}
	}
	return oldest;
}

static int print_backlog(struct logs *l, struct err *err)
{
	struct log_source from = {.lines = l->options->lines};
	struct source *src;
	struct log_line line;
	struct err failed = {0};
	int rc = 0;

	for (size_t i = 0; i < SOURCES_MAX && !rc; i++) {
		if (*l->sources[i].container)
			rc = open_source(l, &l->sources[i], &from, err);
	}
	while (!rc && !l->unread && (src = find_oldest(l, &line, &failed))) {
		/* Taken first: masking makes the line shorter. */
		log_stream_take(&src->stream, &line);
		print_line(l, src, &line);
	}
	if (!rc && failed.code)
		rc = err_set(err, failed.code, "%s", failed.msg);
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
	buf_init(&l->event, EVENT_MAX);
	return engine_follow(l->server->engine, &l->events, NULL, err, "GET",
		"/events?filters=%s", escaped);
}

/* From behind the last line that was printed. Who wants no lines that are there already
 * gets none. */
static int follow_source(struct logs *l, struct source *src, bool is_new, struct err *err)
{
	struct log_source from = {
		.lines = LOG_ALL,
		.since = src->last ? src->last + 1 : 0,
		.follow = true,
	};

	if (!is_new && !src->last && !l->options->lines)
		from.lines = 0;
	log_stream_close(&src->stream);
	return open_source(l, src, &from, err);
}

/* "bardo.shop.web.4.1" is web.1 of life 4. */
static int join(
	struct logs *l, const char *container, const char *process, struct err *err)
{
	const char *dot = strrchr(container, '.');
	char label[LABEL_SIZE];
	struct source *src;

	if (!dot)
		return 0;
	(void)snprintf(label, sizeof(label), "%.*s%.16s", PROCESS_SIZE - 1, process, dot);
	src = find_source(l, container);
	if (!is_asked_for(l, process, label) || (src && is_open(src)))
		return 0;
	/* The next life may have other ones. */
	if (read_secrets(l, err) < 0)
		return ERR_FAILED;
	/* One that starts again goes on where it ended. */
	if (!src)
		src = add_source(l, container, label, err);
	return src ? follow_source(l, src, true, err) : ERR_FAILED;
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
	return rc;
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
				EVENT_MAX);
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

/* What a source has now; at its end its stream is closed. */
static int print_news(struct logs *l, struct source *src, struct err *err)
{
	struct log_line line;
	int rc;

	while ((rc = log_stream_fill(&src->stream, err)) == 1) {
		while (log_stream_peek(&src->stream, &line)) {
			log_stream_take(&src->stream, &line);
			print_line(l, src, &line);
		}
	}
	return rc == ERR_BUSY ? 0 : rc;
}

static nfds_t gather(const struct logs *l, struct pollfd *polls)
{
	nfds_t n = 0;

	/* A reader that has gone shows here, and would not by writing nothing. */
	polls[n++] = (struct pollfd){.fd = STDOUT_FILENO};
	polls[n++] = (struct pollfd){
		.fd = l->events ? engine_follow_fd(l->events) : -1, .events = POLLIN};
	for (size_t i = 0; i < SOURCES_MAX; i++) {
		if (is_open(&l->sources[i]))
			polls[n++] = (struct pollfd){
				.fd = engine_follow_fd(l->sources[i].stream.follow),
				.events = POLLIN};
	}
	return n;
}

static int print_all_news(struct logs *l, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < SOURCES_MAX && !rc; i++) {
		if (is_open(&l->sources[i]))
			rc = print_news(l, &l->sources[i], err);
	}
	return rc;
}

static int follow(struct logs *l, struct err *err)
{
	struct pollfd polls[SOURCES_MAX + 2];
	int rc = 0;

	for (size_t i = 0; i < SOURCES_MAX && !rc; i++) {
		if (*l->sources[i].container)
			rc = follow_source(l, &l->sources[i], false, err);
	}
	while (!rc) {
		nfds_t n;

		rc = print_all_news(l, err);
		if (!rc && l->events)
			rc = read_events(l, err);
		if (fflush(stdout) || l->unread)
			return 0;
		n = gather(l, polls);
		if (rc || (n == 2 && !l->events))
			return rc;
		rc = engine_poll(l->server->engine, polls, n, -1, err);
		if (rc < 0)
			return rc;
		rc = 0;
		if (polls[0].revents & (POLLERR | POLLHUP | POLLNVAL))
			return 0;
	}
	return rc;
}

static int print_logs(struct logs *l, struct err *err)
{
	int rc = 0;

	/* Listening first: what starts while we look is not missed. One-offs that start
	 * later are others. */
	if (l->options->follow && !l->options->of_runs)
		rc = open_events(l, err);
	if (!rc)
		rc = l->options->of_runs ? find_runs(l, err) : find_live(l, err);
	if (!rc)
		rc = read_secrets(l, err);
	if (!rc)
		rc = print_backlog(l, err);
	return rc || !l->options->follow ? rc : follow(l, err);
}

int logs_print(struct server *s, const struct app *app, const struct logs_options *o,
	struct err *err)
{
	struct logs *l;
	int rc;

	if (!app->live && !o->of_runs)
		return err_set(err, ERR_NOTFOUND, "nothing of %s is live: push it first",
			app->name);
	l = calloc(1, sizeof(*l));
	if (!l)
		return err_set(err, ERR_FAILED, "out of memory");
	l->server = s;
	l->app = app;
	l->options = o;
	rc = print_logs(l, err);
	for (size_t i = 0; i < SOURCES_MAX; i++)
		log_stream_close(&l->sources[i].stream);
	engine_follow_close(l->events);
	buf_finish(&l->event);
	mask_destroy(l->mask);
	free(l);
	return rc;
}
