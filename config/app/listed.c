#include "config/app/listed.h"

#include "config/base/err.h"
#include "config/store.h"

#include <string.h>

/* Takes the query over. */
static int go_through(struct sqlite3_stmt *q,
	int (*each)(void *ctx, const struct listed *l), void *ctx, struct err *err)
{
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		const struct listed l = {
			.part = store_borrow_text(q, 0),
			.process = store_borrow_text(q, 1),
			.text = store_borrow_text(q, 2),
		};

		rc = each(ctx, &l);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int listed_each(struct store *s, int64_t app_id, const char *kind,
	int (*each)(void *ctx, const struct listed *l), void *ctx, struct err *err)
{
	return go_through(store_query(s, err,
				  STORE_SQL("SELECT part, process, text FROM listed "
					    "WHERE app_id = ? AND kind = ? ORDER BY id"),
				  STORE_I(app_id), STORE_T(kind)),
		each, ctx, err);
}

int listed_each_merged(struct store *s, int64_t app_id, const char *kind,
	int (*each)(void *ctx, const struct listed *l), void *ctx, struct err *err)
{
	return go_through(
		store_query(s, err,
			STORE_SQL("SELECT part, process, text FROM listed "
				  "WHERE kind = ?2 AND (app_id = ?1 OR (app_id = 0 AND "
				  "part NOT IN (SELECT part FROM listed WHERE "
				  "app_id = ?1 AND kind = ?2))) ORDER BY id"),
			STORE_I(app_id), STORE_T(kind)),
		each, ctx, err);
}

static int count(
	struct store *s, int64_t app_id, const char *kind, int64_t *out, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT count(*) FROM listed WHERE app_id = ? AND kind = ?"),
		STORE_I(app_id), STORE_T(kind));
	int rc = store_step(q, err);

	*out = rc == 1 ? store_int(q, 0) : 0;
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

int listed_add(struct store *s, int64_t app_id, const char *kind, const struct listed *l,
	struct err *err)
{
	int64_t n;
	int rc = count(s, app_id, kind, &n, err);

	if (!rc && n >= LISTED_MAX)
		rc = err_set(err, ERR_USAGE, "it has %d of them already", LISTED_MAX);
	if (!rc && strlen(l->text) > LISTED_TEXT_MAX)
		rc = err_set(err, ERR_USAGE, "%.40s… is longer than %d bytes", l->text,
			LISTED_TEXT_MAX);
	if (rc)
		return rc;
	return store_do(s, err,
		STORE_SQL("INSERT INTO listed (app_id, kind, part, process, text) "
			  "VALUES (?, ?, ?, ?, ?)"),
		STORE_I(app_id), STORE_T(kind), STORE_T(l->part), STORE_T(l->process),
		STORE_T(l->text));
}

int listed_remove(struct store *s, int64_t app_id, const char *kind,
	const struct listed *l, struct err *err)
{
	int rc = store_do(s, err,
		STORE_SQL("DELETE FROM listed WHERE app_id = ? AND kind = ? AND part = ? "
			  "AND process = ? AND text = ?"),
		STORE_I(app_id), STORE_T(kind), STORE_T(l->part), STORE_T(l->process),
		STORE_T(l->text));

	if (!rc && !store_changes(s))
		rc = err_set(err, ERR_NOTFOUND, "there is no %.100s", l->text);
	return rc;
}

int listed_clear(struct store *s, int64_t app_id, const char *kind, const char *part,
	struct err *err)
{
	return store_do(s, err,
		STORE_SQL("DELETE FROM listed WHERE app_id = ?1 AND kind = ?2 AND "
			  "(?3 IS NULL OR part = ?3)"),
		STORE_I(app_id), STORE_T(kind), STORE_T(part));
}

int listed_clear_process(struct store *s, int64_t app_id, const char *kind,
	const char *part, const char *process, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("DELETE FROM listed WHERE app_id = ? AND kind = ? AND part = ? "
			  "AND process = ?"),
		STORE_I(app_id), STORE_T(kind), STORE_T(part), STORE_T(process));
}
