#include "config/record/underway.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/lock.h"
#include "config/paths.h"
#include "config/record/events.h"
#include "config/store.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#define STATUS_KILLED 255
#define LOST_MAX 64 /* at a time; the rest is told the next time */

/* Ids go on for ever, and the bytes of a lock file do so long enough. */
static int byte_of(int64_t id)
{
	return (int)(id % INT_MAX);
}

static int insert(struct store *s, const struct event *e, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("INSERT INTO underway (at, user, key, peer, app_id, app, what) "
			  "VALUES (?, ?, ?, ?, ?, ?, ?)"),
		STORE_I(clock_unix_ms()), STORE_T(e->user), STORE_T(e->key),
		STORE_T(e->peer), STORE_I(e->app_id), STORE_T(e->app), STORE_T(e->what));
}

static int forget(struct store *s, int64_t id, struct err *err)
{
	return store_do(
		s, err, STORE_SQL("DELETE FROM underway WHERE id = ?"), STORE_I(id));
}

/* The byte is held before anybody can see the row. */
int underway_begin(struct store *s, const struct settings *set, const struct event *e,
	struct underway *out, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc;

	*out = (struct underway){.lock = lock_open(path_commands_lock(set, path), err)};
	rc = out->lock < 0 ? out->lock : store_begin(s, err);
	if (rc)
		goto out;
	rc = insert(s, e, err);
	out->id = rc ? 0 : store_last_id(s);
	if (!rc)
		rc = lock_byte_try(out->lock, byte_of(out->id), err);
	rc = store_end(s, rc, err);
out:
	if (rc) {
		if (out->lock >= 0)
			(void)close(out->lock);
		*out = (struct underway){.lock = -1};
	}
	return rc;
}

/* Row and event, in one transaction: nobody sees both, or neither. */
static int replace(struct store *s, int64_t id, struct event *e, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = forget(s, id, err);
	/* Somebody who took us for dead has told of it. */
	if (!rc && e && store_changes(s))
		rc = event_add(s, e, err);
	return store_end(s, rc, err);
}

int underway_end(struct store *s, struct underway *u, struct event *e, struct err *err)
{
	int rc;

	if (!u->id)
		return e ? event_add(s, e, err) : 0;
	rc = replace(s, u->id, e, err);
	(void)close(u->lock);
	*u = (struct underway){.lock = -1};
	return rc;
}

struct lost {
	int64_t id, at;
	struct event event;
};

static void read_row(struct sqlite3_stmt *q, struct lost *out)
{
	struct event *e = &out->event;

	*out = (struct lost){.id = store_int(q, 0), .at = store_int(q, 1)};
	*e = (struct event){.kind = EVENT_COMMAND, .app_id = store_int(q, 5)};
	store_text(q, 2, e->user, sizeof(e->user));
	store_text(q, 3, e->key, sizeof(e->key));
	store_text(q, 4, e->peer, sizeof(e->peer));
	store_text(q, 6, e->app, sizeof(e->app));
	store_text(q, 7, e->what, sizeof(e->what));
}

/* The next row after this one; ERR_NOTFOUND. */
static int next_row(struct store *s, int64_t after, struct lost *out, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT id, at, user, key, peer, app_id, app, what FROM "
			  "underway WHERE id > ? ORDER BY id LIMIT 1"),
		STORE_I(after));
	int rc = store_step(q, err);

	if (rc == 1)
		read_row(q, out);
	store_query_finish(q);
	return rc < 0 ? rc : rc ? 0 : ERR_NOTFOUND;
}

static int tell(struct store *s, struct lost *lost, struct err *err)
{
	char began[CLOCK_TEXT_MAX];

	clock_format(lost->at, began);
	lost->event.status = STATUS_KILLED;
	(void)snprintf(lost->event.text, sizeof(lost->event.text),
		"it began at %s and ended without a word: it was killed, hung up on, or "
		"the machine stopped",
		began);
	return replace(s, lost->id, &lost->event, err);
}

int underway_sweep(struct store *s, const struct settings *set, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct lost lost = {.id = 0};
	int lock = -1, told = 0, rc;

	while (!(rc = next_row(s, lost.id, &lost, err)) && told < LOST_MAX) {
		if (lock < 0)
			lock = lock_open(path_commands_lock(set, path), err);
		rc = lock < 0 ? lock : lock_byte_try(lock, byte_of(lost.id), err);
		if (rc == ERR_BUSY)
			continue;
		if (!rc)
			rc = tell(s, &lost, err);
		if (rc)
			break;
		lock_byte_release(lock, byte_of(lost.id));
		told++;
	}
	if (lock >= 0)
		(void)close(lock);
	return rc == ERR_NOTFOUND ? 0 : rc;
}
