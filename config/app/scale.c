#include "config/app/scale.h"

#include "config/base/err.h"
#include "config/store.h"

#define PROCESS_NAME_SIZE 64

int scale_get(
	struct store *s, int64_t app_id, const char *process, int *count, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT count FROM scale WHERE app_id = ? AND process = ?"),
		STORE_I(app_id), STORE_T(process));
	int rc = store_step(q, err);

	*count = rc == 1 ? (int)store_int(q, 0) : -1;
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

int scale_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const char *process, int count), void *ctx,
	struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT process, count FROM scale WHERE app_id = ? "
			  "ORDER BY process"),
		STORE_I(app_id));
	char process[PROCESS_NAME_SIZE];
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		store_text(q, 0, process, sizeof(process));
		rc = each(ctx, process, (int)store_int(q, 1));
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int scale_set(
	struct store *s, int64_t app_id, const char *process, int count, struct err *err)
{
	if (count < 0 || count > SCALE_COUNT_MAX)
		return err_set(err, ERR_USAGE, "%s=%d: it is 0 to %d", process, count,
			SCALE_COUNT_MAX);
	return store_do(s, err,
		STORE_SQL("INSERT INTO scale (app_id, process, count) VALUES (?, ?, ?) "
			  "ON CONFLICT DO UPDATE SET count = excluded.count"),
		STORE_I(app_id), STORE_T(process), STORE_I(count));
}
