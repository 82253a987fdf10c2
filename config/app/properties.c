#include "config/app/properties.h"

#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/store.h"

#include <string.h>

int property_get_own(struct store *s, int64_t app_id, const char *family,
	const char *name, char out[PROPERTY_VALUE_SIZE], struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT value FROM property WHERE app_id = ? AND family = ? "
			  "AND name = ?"),
		STORE_I(app_id), STORE_T(family), STORE_T(name));
	int rc = store_step(q, err);

	out[0] = '\0';
	if (rc == 1)
		store_text(q, 0, out, PROPERTY_VALUE_SIZE);
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

int property_get(struct store *s, int64_t app_id, const char *family, const char *name,
	char out[PROPERTY_VALUE_SIZE], struct err *err)
{
	int rc = property_get_own(s, app_id, family, name, out, err);

	if (rc || *out || app_id == EVERY_APP)
		return rc;
	return property_get_own(s, EVERY_APP, family, name, out, err);
}

int property_set(struct store *s, int64_t app_id, const char *family, const char *name,
	const char *value, struct err *err)
{
	if (strlen(value) >= PROPERTY_VALUE_SIZE)
		return err_set(err, ERR_USAGE, "the value of %s is longer than %d bytes",
			name, PROPERTY_VALUE_SIZE - 1);
	if (!*value)
		return store_do(s, err,
			STORE_SQL("DELETE FROM property WHERE app_id = ? AND family = ? "
				  "AND name = ?"),
			STORE_I(app_id), STORE_T(family), STORE_T(name));
	return store_do(s, err,
		STORE_SQL("INSERT INTO property (app_id, family, name, value) "
			  "VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
			  "SET value = excluded.value"),
		STORE_I(app_id), STORE_T(family), STORE_T(name), STORE_T(value));
}

int property_each_app(struct store *s, const char *family, const char *name,
	int (*each)(void *ctx, int64_t app_id), void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT app_id FROM property WHERE family = ? AND name = ? "
			  "AND app_id != 0 ORDER BY app_id"),
		STORE_T(family), STORE_T(name));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		rc = each(ctx, store_int(q, 0));
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}
