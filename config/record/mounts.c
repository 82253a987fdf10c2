#include "config/record/mounts.h"

#include "config/base/err.h"
#include "config/store.h"

/* Lives from before there were process types have "volumes" of name and path. */
#define USES                                                                             \
	"SELECT a.name, l.app_id, l.number, l.state IN ('retired', 'failed'), "          \
	"l.number = a.live, json_extract(m.value, '$.source') AS source, "               \
	"json_extract(m.value, '$.target'), json_extract(m.value, '$.options') "         \
	"FROM life l JOIN app a ON a.id = l.app_id, "                                    \
	"json_each(iif(l.config = '', '{}', l.config), '$.mounts') m "                   \
	"UNION ALL "                                                                     \
	"SELECT a.name, l.app_id, l.number, l.state IN ('retired', 'failed'), "          \
	"l.number = a.live, json_extract(m.value, '$.name'), "                           \
	"json_extract(m.value, '$.path'), '' "                                           \
	"FROM life l JOIN app a ON a.id = l.app_id, "                                    \
	"json_each(iif(l.config = '', '{}', l.config), '$.volumes') m"

int mounts_each_use(struct store *s, int64_t app_id, const char *source,
	int (*each)(void *ctx, const struct mount_use *u), void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT * FROM (" USES ") WHERE (?1 = 0 OR app_id = ?1) AND "
			  "(?2 IS NULL OR source = ?2) ORDER BY app_id, number"),
		STORE_I(app_id), STORE_T(source));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		const struct mount_use u = {
			.app = store_borrow_text(q, 0),
			.app_id = store_int(q, 1),
			.life = (int)store_int(q, 2),
			.over = store_int(q, 3) != 0,
			.live = store_int(q, 4) != 0,
			.source = store_borrow_text(q, 5),
			.target = store_borrow_text(q, 6),
			.options = store_borrow_text(q, 7),
		};

		rc = each(ctx, &u);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int mounts_each_set(struct store *s, const char *source,
	int (*each)(void *ctx, const char *app), void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL(
			"SELECT DISTINCT a.name FROM listed l JOIN app a "
			"ON a.id = l.app_id WHERE l.kind = 'mount' AND "
			"substr(l.text, 1, instr(l.text, ':') - 1) = ? ORDER BY a.name"),
		STORE_T(source));

	return store_each_text(q, each, ctx, err);
}
