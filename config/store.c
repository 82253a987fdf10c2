#include "config/store.h"

#include "config/base/err.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define STORE_BUSY_MS 5000

/* config/schema/N.sql leads from version N - 1 to N; made by the Makefile, ends in NULL.
 */
extern const char *const schema_steps[];

struct store {
	sqlite3 *db;
};

static int failed(sqlite3 *db, struct err *err, const char *what)
{
	int code = sqlite3_extended_errcode(db);

	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
		return err_set(err, ERR_EXISTS, "it is there already");
	if ((code & 0xff) == SQLITE_BUSY)
		return err_set(err, ERR_BUSY, "the database is busy: try again");
	return err_set(
		err, ERR_FAILED, "the database: %s (%s)", sqlite3_errmsg(db), what);
}

/* Most commands are alone with the database, and the last one to close it copies the log
 * into it. The log's file stays then, empty: to remove it and make it again for the next
 * one is more work for the disk than all the rest. */
static int set_up(struct store *s, struct err *err)
{
	static const char pragmas[] = "PRAGMA journal_mode = WAL;"
				      "PRAGMA journal_size_limit = 0;"
				      "PRAGMA synchronous = FULL;"
				      "PRAGMA foreign_keys = ON;"
				      "PRAGMA cache_size = -512;";
	int keep = 1;

	(void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
	(void)sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	if (sqlite3_exec(s->db, pragmas, NULL, NULL, NULL) != SQLITE_OK)
		return failed(s->db, err, "settings");
	return 0;
}

static int run_text(struct store *s, const char *sql, struct err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK
		? 0
		: failed(s->db, err, sql);
}

static int read_version(struct store *s, int64_t *out, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err, STORE_SQL("PRAGMA user_version"));
	int rc = store_step(q, err);

	*out = rc == 1 ? store_int(q, 0) : 0;
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

static int take_steps(struct store *s, int64_t *version, struct err *err)
{
	char pragma[64];
	int rc = read_version(s, version, err);

	while (!rc && schema_steps[*version]) {
		if (sqlite3_exec(s->db, schema_steps[*version], NULL, NULL, NULL) !=
			SQLITE_OK)
			return failed(s->db, err, "schema");
		(*version)++;
	}
	(void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %lld",
		(long long)*version);
	return rc ? rc : run_text(s, pragma, err);
}

/* Opens after the first one see the version that they know, and write nothing. */
static int prepare_schema(struct store *s, struct err *err)
{
	int64_t newest = 0, version;
	int rc = read_version(s, &version, err);

	while (schema_steps[newest])
		newest++;
	if (rc || version == newest)
		return rc;
	if (version > newest)
		return err_set(err, ERR_FAILED,
			"the database is of a newer bardo (version %lld, this one knows "
			"%lld): install that",
			(long long)version, (long long)newest);
	rc = store_begin(s, err);
	if (rc)
		return rc;
	rc = take_steps(s, &version, err);
	return store_end(s, rc, err);
}

int store_open(struct store **out, const char *path, struct err *err)
{
	struct store *s = calloc(1, sizeof(*s));
	mode_t old = umask(0077);
	int rc;

	if (!s) {
		(void)umask(old);
		return err_set(err, ERR_FAILED, "out of memory");
	}
	rc = sqlite3_open_v2(path, &s->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK)
		rc = err_set(err, ERR_FAILED, "%s: %s", path, sqlite3_errmsg(s->db));
	else
		rc = set_up(s, err);
	if (!rc)
		rc = prepare_schema(s, err);
	(void)umask(old);
	if (rc)
		store_close(s);
	else
		*out = s;
	return rc;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	(void)sqlite3_close(s->db);
	free(s);
}

int store_begin(struct store *s, struct err *err)
{
	return run_text(s, "BEGIN IMMEDIATE", err);
}

int store_end(struct store *s, int rc, struct err *err)
{
	if (!rc)
		rc = run_text(s, "COMMIT", err);
	if (rc)
		store_rollback(s);
	return rc;
}

void store_rollback(struct store *s)
{
	(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

void store_relax(struct store *s)
{
	(void)sqlite3_exec(s->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
}

void store_be_durable(struct store *s)
{
	(void)sqlite3_exec(s->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
}

struct sqlite3_stmt *store_query_values(
	struct store *s, struct err *err, const struct store_value *v)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(s->db, v->text, -1, &q, NULL) != SQLITE_OK) {
		(void)failed(s->db, err, v->text);
		return NULL;
	}
	for (int i = 1; v[i].type != STORE_END_; i++) {
		/* The values live as long as the caller's call: copies are safer. */
		if (v[i].type == STORE_INT_)
			(void)sqlite3_bind_int64(q, i, v[i].number);
		else
			(void)sqlite3_bind_text(q, i, v[i].text, -1, SQLITE_TRANSIENT);
	}
	return q;
}

int store_do_values(struct store *s, struct err *err, const struct store_value *v)
{
	sqlite3_stmt *q = store_query_values(s, err, v);
	int rc;

	if (!q)
		return ERR_FAILED;
	rc = sqlite3_step(q);
	rc = rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : failed(s->db, err, v->text);
	(void)sqlite3_finalize(q);
	return rc;
}

int store_changes(const struct store *s)
{
	return sqlite3_changes(s->db);
}

int64_t store_last_id(const struct store *s)
{
	return sqlite3_last_insert_rowid(s->db);
}

int store_step(struct sqlite3_stmt *q, struct err *err)
{
	int rc;

	if (!q)
		return ERR_FAILED;
	rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : failed(sqlite3_db_handle(q), err, sqlite3_sql(q));
}

void store_query_finish(struct sqlite3_stmt *q)
{
	(void)sqlite3_finalize(q);
}

int64_t store_int(struct sqlite3_stmt *q, int column)
{
	return sqlite3_column_int64(q, column);
}

void store_text(struct sqlite3_stmt *q, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(q, column);

	(void)snprintf(out, size, "%s", text ? (const char *)text : "");
}

const char *store_borrow_text(struct sqlite3_stmt *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q, column);

	return text ? (const char *)text : "";
}

int store_each_text(struct sqlite3_stmt *q, int (*each)(void *ctx, const char *text),
	void *ctx, struct err *err)
{
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		rc = each(ctx, store_borrow_text(q, 0));
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int64_t store_version(struct store *s)
{
	struct sqlite3_stmt *q = store_query(s, NULL, STORE_SQL("PRAGMA data_version"));
	int64_t others = store_step(q, NULL) == 1 ? store_int(q, 0) : 0;

	store_query_finish(q);
	return others << 32 | (uint32_t)sqlite3_total_changes(s->db);
}
