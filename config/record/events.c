#include "config/record/events.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/utf8.h"
#include "config/store.h"

#include <limits.h>
#include <string.h>

/* What people typed may be in it, and JSON is UTF-8. */
static void make_line(char *text)
{
	size_t len = strlen(text), n;

	for (size_t i = 0; i < len; i += n ? n : 1) {
		n = utf8_length(text + i, len - i);
		if (!n)
			text[i] = '?';
		else if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = ' ';
	}
}

int event_add(struct store *s, struct event *e, struct err *err)
{
	int rc;

	e->at = clock_unix_ms();
	make_line(e->what);
	make_line(e->text);
	make_line(e->peer);
	rc = store_do(s, err,
		STORE_SQL("INSERT INTO event (at, kind, user, key, peer, app_id, app, "
			  "what, "
			  "status, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
		STORE_I(e->at), STORE_T(e->kind), STORE_T(e->user), STORE_T(e->key),
		STORE_T(e->peer), STORE_I(e->app_id), STORE_T(e->app), STORE_T(e->what),
		STORE_I(e->status), STORE_T(e->text));
	e->id = rc ? 0 : store_last_id(s);
	return rc;
}

int event_is_known(struct store *s, const struct event *e, bool *known, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL(
			"SELECT 1 FROM event WHERE kind = ? AND app_id = ? AND what = ? "
			"LIMIT 1"),
		STORE_T(e->kind), STORE_I(e->app_id), STORE_T(e->what));
	int rc = store_step(q, err);

	*known = rc == 1;
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

/* A flood of one kind, of logins by a script say, takes no other kind's place. */
int events_trim(struct store *s, int64_t keep, struct err *err)
{
	static const char *const kinds[] = {EVENT_COMMAND, EVENT_DEPLOY, EVENT_LOGIN,
		EVENT_REFUSAL, EVENT_STRANGER, EVENT_EXPIRY};
	int rc = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !rc; i++)
		rc = store_do(s, err,
			STORE_SQL(
				"DELETE FROM event WHERE kind = ?1 AND id <= (SELECT id "
				"FROM event WHERE kind = ?1 ORDER BY id DESC LIMIT 1 "
				"OFFSET ?2)"),
			STORE_T(kinds[i]), STORE_I(keep));
	return rc;
}

static void read_row(struct sqlite3_stmt *q, struct event *e)
{
	*e = (struct event){
		.id = store_int(q, 0),
		.at = store_int(q, 1),
		.kind = store_borrow_text(q, 2),
		.app_id = store_int(q, 6),
		.status = (int)store_int(q, 9),
	};
	store_text(q, 3, e->user, sizeof(e->user));
	store_text(q, 4, e->key, sizeof(e->key));
	store_text(q, 5, e->peer, sizeof(e->peer));
	store_text(q, 7, e->app, sizeof(e->app));
	store_text(q, 8, e->what, sizeof(e->what));
	store_text(q, 10, e->text, sizeof(e->text));
}

#define COLUMNS "id, at, kind, user, key, peer, app_id, app, what, status, text"

int events_each(struct store *s, const struct events_filter *f,
	int (*each)(void *ctx, const struct event *e), void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL(
			"SELECT * FROM (SELECT " COLUMNS " FROM event e WHERE id > ?1 "
			"AND (?2 = 0 OR app_id = ?2) AND (?3 = 0 OR EXISTS (SELECT 1 "
			"FROM role r JOIN app a ON a.id = r.app_id WHERE r.app_id = "
			"e.app_id AND r.user_id = ?3 AND r.role = 'owner' AND "
			"e.at >= a.created_at)) ORDER BY id DESC LIMIT ?4) ORDER BY id"),
		STORE_I(f->since), STORE_I(f->app_id), STORE_I(f->user_id),
		STORE_I(f->limit ? f->limit : -1));
	struct event e;
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		read_row(q, &e);
		rc = each(ctx, &e);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}
