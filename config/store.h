#ifndef BARDO_CONFIG_STORE_H
#define BARDO_CONFIG_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct sqlite3_stmt;

/*
 * bardo.db: one SQLite file that several processes share (WAL, BEGIN IMMEDIATE). Open it
 * after a fork, never before. What the tables mean is the comments in schema/.
 */
struct store;

int store_open(struct store **out, const char *path, struct err *err);
void store_close(struct store *s);

/* A write transaction: begin takes the write lock at once (waits 5 s at most: ERR_BUSY).
 */
int store_begin(struct store *s, struct err *err);

/* Ends it by what came of it: rc 0 commits, anything else takes it back. Returns rc, or
 * why it could not be committed. */
int store_end(struct store *s, int rc, struct err *err);
void store_rollback(struct store *s);

/* From now on commits don't wait for the disk: after a power cut the last of them may be
 * missing, but nothing is torn. For what is only told, never for what is decided by. */
void store_relax(struct store *s);
void store_be_durable(struct store *s); /* as it is from the start */

/* Another number whenever the database may have changed since the last call. */
int64_t store_version(struct store *s);

/* A statement and the values of its `?`, in order. */
struct store_value {
	enum { STORE_END_, STORE_SQL_, STORE_INT_, STORE_TEXT_ } type;
	int64_t number;
	const char *text; /* NULL is stored as NULL */
};

#define STORE_SQL(x) ((struct store_value){.type = STORE_SQL_, .text = (x)})
#define STORE_I(x) ((struct store_value){.type = STORE_INT_, .number = (x)})
#define STORE_T(x) ((struct store_value){.type = STORE_TEXT_, .text = (x)})
#define STORE_VALUES_(...)                                                               \
	((const struct store_value[]){__VA_ARGS__, {.type = STORE_END_}})

/* Runs a statement that gives no rows:
 * store_do(s, err, STORE_SQL("DELETE FROM app WHERE id = ?"), STORE_I(id)).
 * ERR_EXISTS if it breaks a uniqueness. */
#define store_do(s, err, ...) store_do_values(s, err, STORE_VALUES_(__VA_ARGS__))
int store_do_values(struct store *s, struct err *err, const struct store_value *v);

/* Rows that the last statement changed, and the id of the last inserted one. */
int store_changes(const struct store *s);
int64_t store_last_id(const struct store *s);

/* Starts a query, NULL on failure. Step it, then finish it. */
#define store_query(s, err, ...) store_query_values(s, err, STORE_VALUES_(__VA_ARGS__))
struct sqlite3_stmt *store_query_values(
	struct store *s, struct err *err, const struct store_value *v);

/* 1: a row is there; 0: no more; negative: failed. NULL (a failed query) gives ERR_FAILED
 * and leaves err as it is. */
int store_step(struct sqlite3_stmt *q, struct err *err);
void store_query_finish(struct sqlite3_stmt *q);

/* Columns of the row, counted from 0. A NULL is 0 or "". Text is cut to size. */
int64_t store_int(struct sqlite3_stmt *q, int column);
void store_text(struct sqlite3_stmt *q, int column, char *out, size_t size);
/* The whole text, borrowed until the next step. */
const char *store_borrow_text(struct sqlite3_stmt *q, int column);

/* Goes through a query of one text column, and finishes it. each's nonzero return ends it
 * and is returned; text is borrowed. */
int store_each_text(struct sqlite3_stmt *q, int (*each)(void *ctx, const char *text),
	void *ctx, struct err *err);

#endif
