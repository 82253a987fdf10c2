#include "config/people/users.h"

#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/store.h"

#include <string.h>

#define SNAPSHOT_MAX (8 * 1024 * 1024)

static int read_user(struct sqlite3_stmt *q, struct user *out, struct err *err)
{
	int rc = store_step(q, err);

	if (rc == 1) {
		out->id = store_int(q, 0);
		store_text(q, 1, out->name, sizeof(out->name));
		out->admin = store_int(q, 2) != 0;
		out->may_create = store_int(q, 3) != 0;
		out->deploy_only = store_int(q, 4) != 0;
	}
	store_query_finish(q);
	if (rc == 0)
		return err_set(err, ERR_NOTFOUND, "no such user");
	return rc < 0 ? rc : 0;
}

int users_find_by_key(
	struct store *s, const char *fingerprint, struct user *out, struct err *err)
{
	return read_user(store_query(s, err,
				 STORE_SQL("SELECT u.id, u.name, u.admin, u.may_create, "
					   "k.deploy_only FROM ssh_key k "
					   "JOIN user u ON u.id = k.user_id "
					   "WHERE k.fingerprint = ?"),
				 STORE_T(fingerprint)),
		out, err);
}

static int find_by_name(
	struct store *s, const char *name, struct user *out, struct err *err)
{
	return read_user(
		store_query(s, err,
			STORE_SQL("SELECT id, name, admin, may_create, 0 FROM user "
				  "WHERE name = ?"),
			STORE_T(name)),
		out, err);
}

/* The first user of a server decides who else there is. */
static int create_user(struct store *s, const struct users_add *add, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("INSERT INTO user (name, admin, created_at) "
			  "VALUES (?, ? OR NOT EXISTS (SELECT 1 FROM user), ?)"),
		STORE_T(add->name), STORE_I(add->admin), STORE_I(clock_unix_ms()));
}

static int insert_key(struct store *s, const struct users_add *add,
	const struct ssh_key *key, struct user *out, struct err *err)
{
	struct user owner;
	int rc = users_find_by_key(s, key->fingerprint, &owner, NULL);

	if (!rc)
		return err_set(err, ERR_EXISTS, "%s has the key %s already", owner.name,
			key->fingerprint);
	if (rc == ERR_NOTFOUND)
		rc = find_by_name(s, add->name, out, NULL);
	if (rc == ERR_NOTFOUND && !add->may_create)
		return err_set(err, ERR_NOTFOUND,
			"there is no user %s: on the host, bardo ssh-keys:add %s makes "
			"it",
			add->name, add->name);
	if (rc == ERR_NOTFOUND) {
		rc = create_user(s, add, err);
		if (!rc)
			rc = find_by_name(s, add->name, out, err);
	}
	if (rc)
		return rc;
	return store_do(s, err,
		STORE_SQL("INSERT INTO ssh_key (fingerprint, user_id, type, comment, "
			  "created_at) "
			  "VALUES (?, ?, ?, ?, ?)"),
		STORE_T(key->fingerprint), STORE_I(out->id), STORE_T(key->type),
		STORE_T(key->comment), STORE_I(clock_unix_ms()));
}

/* Writes the snapshot inside the transaction, so that the last writer's is the last one
 * on disk. Should the commit fail, a key too many in it opens nothing: every command
 * looks its user up in the database. */
static int commit_with_snapshot(
	struct store *s, const struct settings *set, int rc, struct err *err)
{
	if (!rc)
		rc = users_write_snapshot(s, set, err);
	if (!rc)
		return store_commit(s, err);
	store_rollback(s);
	return rc;
}

int users_add_key(struct store *s, const struct settings *set,
	const struct users_add *add, const struct ssh_key *key, struct user *out,
	struct err *err)
{
	int rc = name_check("user", add->name, err);

	if (!rc)
		rc = store_begin(s, err);
	if (rc)
		return rc;
	return commit_with_snapshot(s, set, insert_key(s, add, key, out, err), err);
}

int users_remove_keys(struct store *s, const struct settings *set, const char *name,
	const char *fingerprint, int *removed, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = store_do(s, err,
		STORE_SQL("DELETE FROM ssh_key WHERE fingerprint = ?1 OR user_id = "
			  "(SELECT id FROM user WHERE name = ?2)"),
		STORE_T(fingerprint), STORE_T(name));
	*removed = rc ? 0 : store_changes(s);
	if (!rc && !*removed)
		rc = err_set(err, ERR_NOTFOUND,
			"there is no key of %.100s: ssh-keys:list shows all",
			name ? name : fingerprint);
	return commit_with_snapshot(s, set, rc, err);
}

int users_each_key(struct store *s, const char *name,
	int (*each)(void *ctx, const struct user *u, const struct ssh_key *k,
		int64_t created_at),
	void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL(
			"SELECT u.id, u.name, u.admin, k.fingerprint, k.type, k.comment, "
			"k.created_at FROM ssh_key k JOIN user u ON u.id = k.user_id "
			"WHERE ?1 IS NULL OR u.name = ?1 ORDER BY u.name, k.created_at"),
		STORE_T(name));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		struct user u = {.id = store_int(q, 0), .admin = store_int(q, 2) != 0};
		struct ssh_key k;

		store_text(q, 1, u.name, sizeof(u.name));
		store_text(q, 3, k.fingerprint, sizeof(k.fingerprint));
		store_text(q, 4, k.type, sizeof(k.type));
		store_text(q, 5, k.comment, sizeof(k.comment));
		rc = each(ctx, &u, &k, store_int(q, 6));
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int users_write_snapshot(struct store *s, const struct settings *set, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT fingerprint FROM ssh_key ORDER BY fingerprint"));
	char path[PATH_TEXT_MAX];
	struct buf lines;
	int rc;

	buf_init(&lines, SNAPSHOT_MAX);
	while ((rc = store_step(q, err)) == 1) {
		char fingerprint[KEY_FINGERPRINT_SIZE];

		store_text(q, 0, fingerprint, sizeof(fingerprint));
		if (buf_addf(&lines, "%s\n", fingerprint) < 0) {
			rc = err_set(err, ERR_FAILED, "too many keys");
			break;
		}
	}
	store_query_finish(q);
	if (!rc)
		rc = io_replace_file(path_key_snapshot(set, path), 0644, buf_text(&lines),
			lines.len, err);
	buf_finish(&lines);
	return rc;
}
