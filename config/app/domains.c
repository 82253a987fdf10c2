#include "config/app/domains.h"

#include "config/base/err.h"
#include "config/store.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LABEL_MAX 63

/* An app is reached by its own names, else by one out of each of the server's. */
#define ROUTED                                                                           \
	"SELECT d.name AS name, a.id AS app_id, a.slot AS slot, d.position AS position " \
	"FROM domain d JOIN app a ON a.id = d.app_id WHERE a.destroyed_at = 0 "          \
	"UNION ALL SELECT a.name || '.' || g.name, a.id, a.slot, g.position "            \
	"FROM app a JOIN domain g ON g.app_id = 0 WHERE a.destroyed_at = 0 "             \
	"AND NOT EXISTS (SELECT 1 FROM domain d WHERE d.app_id = a.id) "                 \
	"AND NOT EXISTS (SELECT 1 FROM domain d WHERE d.name = a.name || '.' || g.name)"

#define ENABLED                                                                          \
	"NOT EXISTS (SELECT 1 FROM property p WHERE p.app_id = r.app_id "                \
	"AND p.family = 'domains' AND p.name = 'disabled')"

/* ---- names ---- */

static bool label_is_valid(const char *label, size_t len)
{
	if (!len || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)label[i];

		if (!isascii(c) || (!isalnum(c) && c != '-'))
			return false;
	}
	return true;
}

static bool labels_are_valid(const char *name)
{
	for (;;) {
		size_t len = strcspn(name, ".");

		if (!label_is_valid(name, len))
			return false;
		if (!name[len])
			return true;
		name += len + 1;
	}
}

int domain_check(const char *name, char out[DOMAIN_SIZE], struct err *err)
{
	size_t len = strlen(name);
	bool wildcard = !strncmp(name, "*.", 2);

	if (len >= 254 || !labels_are_valid(name + (wildcard ? 2 : 0)))
		return err_set(err, ERR_USAGE,
			"%.60s is not the name of a host: labels of letters, digits and "
			"-, like shop.example.org or *.example.org (other letters as "
			"xn--…)",
			*name ? name : "an empty text");
	for (size_t i = 0; i <= len; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	return 0;
}

/* ---- changes ---- */

static int find_other(struct store *s, int64_t app_id, const char *name, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT a.name FROM (" ROUTED ") r JOIN app a ON "
			  "a.id = r.app_id WHERE r.name = ?1 AND r.app_id != ?2 "
			  "AND ?2 != 0"),
		STORE_T(name), STORE_I(app_id));
	int rc = store_step(q, err);

	if (rc == 1)
		rc = err_set(err, ERR_EXISTS,
			"%s leads to %s: domains:remove it there first", name,
			store_borrow_text(q, 0));
	store_query_finish(q);
	return rc;
}

static int count(struct store *s, int64_t app_id, int64_t *out, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT count(*) FROM domain WHERE app_id = ?"),
		STORE_I(app_id));
	int rc = store_step(q, err);

	*out = rc == 1 ? store_int(q, 0) : 0;
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

static int insert(struct store *s, int64_t app_id, const char *const *names, size_t len,
	struct err *err)
{
	int64_t has = 0;
	int rc = count(s, app_id, &has, err);

	if (!rc && has + (int64_t)len > DOMAINS_MAX)
		rc = err_set(err, ERR_USAGE, "more than %d names", DOMAINS_MAX);
	for (size_t i = 0; i < len && !rc; i++) {
		rc = find_other(s, app_id, names[i], err);
		if (!rc)
			rc = store_do(s, err,
				STORE_SQL("INSERT INTO domain (name, app_id, position) "
					  "VALUES (?1, ?2, (SELECT "
					  "coalesce(max(position), 0) + 1 FROM domain "
					  "WHERE app_id = ?2)) ON CONFLICT DO UPDATE "
					  "SET position = position "
					  "WHERE app_id = excluded.app_id"),
				STORE_T(names[i]), STORE_I(app_id));
		if (!rc && !store_changes(s))
			rc = err_set(err, ERR_EXISTS,
				"%s is another app's, or the server's", names[i]);
	}
	return rc;
}

static int remove_all(struct store *s, int64_t app_id, const char *const *names,
	size_t len, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < len && !rc; i++) {
		rc = store_do(s, err,
			STORE_SQL("DELETE FROM domain WHERE name = ? AND app_id = ?"),
			STORE_T(names[i]), STORE_I(app_id));
		if (!rc && !store_changes(s))
			rc = err_set(err, ERR_NOTFOUND,
				"there is no %s here: domains:report shows the names",
				names[i]);
	}
	return rc;
}

int domains_add(struct store *s, int64_t app_id, const char *const *names, size_t len,
	struct err *err)
{
	int rc = store_begin(s, err);

	return rc ? rc : store_end(s, insert(s, app_id, names, len, err), err);
}

int domains_remove(struct store *s, int64_t app_id, const char *const *names, size_t len,
	struct err *err)
{
	int rc = store_begin(s, err);

	return rc ? rc : store_end(s, remove_all(s, app_id, names, len, err), err);
}

int domains_set(struct store *s, int64_t app_id, const char *const *names, size_t len,
	struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = store_do(s, err, STORE_SQL("DELETE FROM domain WHERE app_id = ?"),
		STORE_I(app_id));
	if (!rc)
		rc = insert(s, app_id, names, len, err);
	return store_end(s, rc, err);
}

/* ---- reading ---- */

int domains_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const char *name), void *ctx, struct err *err)
{
	return store_each_text(
		store_query(s, err,
			STORE_SQL("SELECT name FROM domain WHERE app_id = ? "
				  "ORDER BY position"),
			STORE_I(app_id)),
		each, ctx, err);
}

int domains_each_effective(struct store *s, const struct app *app,
	int (*each)(void *ctx, const char *name), void *ctx, struct err *err)
{
	return store_each_text(
		store_query(s, err,
			STORE_SQL("SELECT r.name FROM (" ROUTED ") r WHERE r.app_id = ? "
				  "AND " ENABLED " ORDER BY r.position"),
			STORE_I(app->id)),
		each, ctx, err);
}

int domains_each_routed(struct store *s,
	int (*each)(void *ctx, const struct domain_routed *d), void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT r.name, r.slot, r.app_id, a.handle FROM (" ROUTED ") r "
			  "JOIN app a ON a.id = r.app_id WHERE " ENABLED
			  " ORDER BY r.app_id, r.position"));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		const struct domain_routed d = {
			.name = store_borrow_text(q, 0),
			.slot = (int)store_int(q, 1),
			.app_id = store_int(q, 2),
			.handle = store_borrow_text(q, 3),
		};

		rc = each(ctx, &d);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}
