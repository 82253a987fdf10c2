#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/paths.h"
#include "config/record/apps.h"
#include "config/record/events.h"
#include "config/store.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS_SHOWN 100
#define EVENTS_SHOWN_MAX 1000000

struct listing {
	int64_t last; /* the newest that was shown */
	bool as_lines;
	cJSON *json; /* NULL: a line each */
};

static cJSON *event_to_json(const struct event *e)
{
	cJSON *o = cJSON_CreateObject();
	char when[CLOCK_TEXT_MAX];

	clock_format(e->at, when);
	(void)cJSON_AddNumberToObject(o, "id", (double)e->id);
	(void)cJSON_AddStringToObject(o, "at", when);
	(void)cJSON_AddStringToObject(o, "kind", e->kind);
	(void)cJSON_AddStringToObject(o, "user", e->user);
	(void)cJSON_AddStringToObject(o, "key", e->key);
	(void)cJSON_AddStringToObject(o, "peer", e->peer);
	(void)cJSON_AddStringToObject(o, "app", e->app);
	(void)cJSON_AddStringToObject(o, "what", e->what);
	(void)cJSON_AddNumberToObject(o, "status", e->status);
	(void)cJSON_AddStringToObject(o, "text", e->text);
	return o;
}

static void print_line(const struct event *e)
{
	char when[CLOCK_TEXT_MAX];

	clock_format(e->at, when);
	(void)printf("%s %-8s %-12s %-16s %s", when, e->kind, *e->user ? e->user : "-",
		*e->app ? e->app : "-", e->what);
	if (!strcmp(e->kind, EVENT_LOGIN))
		(void)printf(" from %s with %s", e->peer, e->key);
	if (e->status)
		(void)printf(": failed (%d)", e->status);
	(void)printf("%s%s\n", *e->text ? ": " : "", e->text);
}

static int show(void *ctx, const struct event *e)
{
	struct listing *l = ctx;
	cJSON *o = l->json || l->as_lines ? event_to_json(e) : NULL;

	l->last = e->id;
	if (l->json)
		return cJSON_AddItemToArray(l->json, o) ? 0 : ERR_FAILED;
	if (!o)
		print_line(e);
	else
		command_print_json(o);
	cJSON_Delete(o);
	return 0;
}

/* What an owner sees are their apps'; server admins see all. */
static int narrow(struct request *r, struct events_filter *f, struct err *err)
{
	struct app app;
	int rc;

	if (!r->on_host && !r->user.admin)
		f->user_id = r->user.id;
	if (r->argc < 2)
		return 0;
	rc = command_app_ever(r, &app, err);
	f->app_id = rc ? 0 : app.id;
	return rc;
}

/* ---- following ---- */

/* Whoever writes to the database writes to its log first (sqlite.org/wal.html), which
 * stays in its place as long as somebody, like us, has the database open. */
static int watch_database(struct request *r, struct err *err)
{
	char database[PATH_TEXT_MAX], wal[PATH_TEXT_MAX + 8];
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	(void)snprintf(wal, sizeof(wal), "%s-wal", path_database(r->settings, database));
	if (fd >= 0 && inotify_add_watch(fd, wal, IN_MODIFY) >= 0)
		return fd;
	(void)err_errno(err, "%s can't be watched", wal);
	if (fd >= 0)
		(void)close(fd);
	return ERR_FAILED;
}

/* True when there is something to look for, false when the reader has gone. */
static bool wait_for_write(int watch)
{
	struct pollfd set[] = {{watch, POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
	char notes[4096];

	while (poll(set, 2, -1) < 0) {
		if (errno != EINTR)
			return false;
	}
	while (read(watch, notes, sizeof(notes)) > 0)
		continue;
	return !set[1].revents;
}

/* Who commits is told of by the log before the commit can be read: it keeps the lock of
 * writers until then. */
static void wait_for_writer(struct request *r)
{
	if (store_begin(r->server.store, NULL) == 0)
		store_rollback(r->server.store);
}

static int follow(struct request *r, struct events_filter *f, struct listing *l,
	int watch, struct err *err)
{
	int rc = 0;

	f->limit = 0;
	while (!rc && !fflush(stdout) && wait_for_write(watch)) {
		wait_for_writer(r);
		f->since = l->last;
		rc = events_each(r->server.store, f, show, l, err);
	}
	return rc;
}

static int list(
	struct request *r, struct events_filter *f, bool json, bool tail, struct err *err)
{
	struct listing l = {.as_lines = json && tail};
	int watch = -1, rc;

	if (tail) {
		watch = watch_database(r, err);
		if (watch < 0)
			return watch;
	}
	l.json = json && !tail ? cJSON_CreateArray() : NULL;
	rc = events_each(r->server.store, f, show, &l, err);
	if (!rc && l.json)
		command_print_json(l.json);
	if (!rc && tail)
		rc = follow(r, f, &l, watch, err);
	cJSON_Delete(l.json);
	if (watch >= 0)
		(void)close(watch);
	return rc;
}

int run_events(struct request *r, struct err *err)
{
	const char *format = NULL, *num = NULL;
	bool tail = false, json = false;
	const struct command_option options[] = {
		{"--format", NULL, NULL, &format},
		{"--num", "-n", NULL, &num},
		{"--tail", "-t", &tail, NULL},
	};
	struct events_filter f = {.limit = EVENTS_SHOWN};
	int rc = command_options(r, options, 3, 0, 1, err);

	if (!rc)
		rc = command_format(format, &json, err);
	if (!rc)
		rc = underway_sweep(r->server.store, r->settings, err);
	if (!rc && num && number_parse(num, 1, EVENTS_SHOWN_MAX, &f.limit) < 0)
		rc = err_set(err, ERR_USAGE, "--num %.40s: it is a number, 1 to %d", num,
			EVENTS_SHOWN_MAX);
	if (!rc)
		rc = narrow(r, &f, err);
	return rc ? rc : list(r, &f, json, tail, err);
}

/* ---- for bardod, which opens no database ---- */

/* "events:refused ADDRESS LOGINS CONNECTIONS …": what strangers did since the last time.
 */
int run_events_refused(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 3, INT_MAX, err);

	for (int i = 1; i + 2 < r->argc && !rc; i += 3) {
		struct event e = {
			.kind = EVENT_STRANGER,
			.what = "login",
			.status = err_exit_status(ERR_DENIED),
		};

		(void)snprintf(e.peer, sizeof(e.peer), "%s", r->argv[i]);
		(void)snprintf(e.text, sizeof(e.text),
			"from %.60s: %.20s without a known key, %.20s over the limits",
			r->argv[i], r->argv[i + 1], r->argv[i + 2]);
		rc = event_add(r->server.store, &e, err);
	}
	return rc;
}
