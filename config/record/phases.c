#include "config/record/lives.h"

#include "config/store.h"

static int insert_phases(struct store *s, const struct life *life,
	const struct phase *phases, int len, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < len && !rc; i++)
		rc = store_do(s, err,
			STORE_SQL("INSERT OR REPLACE INTO phase (app_id, life, position, "
				  "name, ms) "
				  "VALUES (?, ?, ?, ?, ?)"),
			STORE_I(life->app_id), STORE_I(life->number), STORE_I(i),
			STORE_T(phases[i].name), STORE_I(phases[i].ms));
	return rc;
}

int life_set_phases(struct store *s, const struct life *life, const struct phase *phases,
	int len, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = insert_phases(s, life, phases, len, err);
	return store_end(s, rc, err);
}

int life_read_phases(struct store *s, const struct life *life, struct phase *phases,
	int *len, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT name, ms FROM phase WHERE app_id = ? AND life = ? "
			  "ORDER BY position LIMIT 16"),
		STORE_I(life->app_id), STORE_I(life->number));
	int rc;

	*len = 0;
	while ((rc = store_step(q, err)) == 1 && *len < PHASES_MAX) {
		store_text(q, 0, phases[*len].name, sizeof(phases[*len].name));
		phases[(*len)++].ms = store_int(q, 1);
	}
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}
