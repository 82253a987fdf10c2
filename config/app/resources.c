#include "config/app/resources.h"

#include "config/base/err.h"
#include "config/store.h"

int resources_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const struct resource *r), void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT process, kind, name, value FROM resource "
			  "WHERE app_id = ? ORDER BY process, kind, name"),
		STORE_I(app_id));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		const struct resource r = {
			.process = store_borrow_text(q, 0),
			.kind = store_borrow_text(q, 1),
			.name = store_borrow_text(q, 2),
			.value = store_borrow_text(q, 3),
		};

		rc = each(ctx, &r);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int resource_set(
	struct store *s, int64_t app_id, const struct resource *r, struct err *err)
{
	if (!*r->value)
		return store_do(s, err,
			STORE_SQL("DELETE FROM resource WHERE app_id = ? AND process = ? "
				  "AND kind = ? AND name = ?"),
			STORE_I(app_id), STORE_T(r->process), STORE_T(r->kind),
			STORE_T(r->name));
	return store_do(s, err,
		STORE_SQL("INSERT INTO resource (app_id, process, kind, name, value) "
			  "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
			  "SET value = excluded.value"),
		STORE_I(app_id), STORE_T(r->process), STORE_T(r->kind), STORE_T(r->name),
		STORE_T(r->value));
}

int resources_clear(struct store *s, int64_t app_id, const char *process,
	const char *kind, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("DELETE FROM resource WHERE app_id = ? AND process = ? AND "
			  "kind = ?"),
		STORE_I(app_id), STORE_T(process), STORE_T(kind));
}
