#include "config/people/users.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/store.h"

static int find_or_create(
	struct store *s, const struct users_add *add, struct user *out, struct err *err)
{
	int rc = users_find(s, add->name, out, NULL);

	if (rc != ERR_NOTFOUND)
		return rc ? err_set(err, rc, "the users could not be read") : 0;
	if (add->create)
		return users_create(s, add->name, add->admin, false, out, err);
	return err_set(err, rc, "there is no user %s: users:add %s makes it", add->name,
		add->name);
}

static int insert_key(struct store *s, const struct users_add *add,
	const struct ssh_key *key, struct user *out, struct err *err)
{
	struct user owner;
	int rc = users_find_by_key(s, key->fingerprint, &owner, NULL);

	if (!rc)
		return err_set(err, ERR_EXISTS, "%s has the key %s already", owner.name,
			key->fingerprint);
	rc = find_or_create(s, add, out, err);
	if (!rc && add->admin)
		rc = store_do(s, err, STORE_SQL("UPDATE user SET admin = 1 WHERE id = ?"),
			STORE_I(out->id));
	if (rc)
		return rc;
	return store_do(s, err,
		STORE_SQL("INSERT INTO ssh_key (fingerprint, user_id, type, comment, "
			  "deploy_only, created_at) VALUES (?, ?, ?, ?, ?, ?)"),
		STORE_T(key->fingerprint), STORE_I(out->id), STORE_T(key->type),
		STORE_T(key->comment), STORE_I(add->deploy_only),
		STORE_I(clock_unix_ms()));
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
	return users_commit(s, set, insert_key(s, add, key, out, err), err);
}

static int delete_keys(struct store *s, const char *name, const char *fingerprint,
	int *removed, struct err *err)
{
	int rc = store_do(s, err,
		STORE_SQL(
			"DELETE FROM ssh_key WHERE (?1 IS NULL OR fingerprint = ?1) AND "
			"(?2 IS NULL OR user_id = (SELECT id FROM user WHERE name = "
			"?2))"),
		STORE_T(fingerprint), STORE_T(name));

	*removed = rc ? 0 : store_changes(s);
	if (rc || *removed)
		return rc;
	return err_set(err, ERR_NOTFOUND,
		"there is no key %s%.100s: ssh-keys:list shows "
		"all",
		fingerprint ? "" : "of ", fingerprint ? fingerprint : name);
}

int users_remove_keys(struct store *s, const struct settings *set, const char *name,
	const char *fingerprint, bool keep_admin, int *removed, struct err *err)
{
	bool had;
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = users_have_admin(s, &had, err);
	if (!rc)
		rc = delete_keys(s, name, fingerprint, removed, err);
	if (!rc)
		rc = users_check_admin(s, had, keep_admin, err);
	return users_commit(s, set, rc, err);
}

int users_each_key(struct store *s, const char *name,
	int (*each)(void *ctx, const struct user *u, const struct ssh_key *k,
		int64_t created_at),
	void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL(
			"SELECT u.id, u.name, u.admin, u.may_create, k.deploy_only, "
			"k.fingerprint, k.type, k.comment, k.created_at FROM ssh_key k "
			"JOIN user u ON u.id = k.user_id "
			"WHERE ?1 IS NULL OR u.name = ?1 ORDER BY u.name, k.created_at"),
		STORE_T(name));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		struct user u = {
			.id = store_int(q, 0),
			.admin = store_int(q, 2) != 0,
			.may_create = store_int(q, 3) != 0,
			.deploy_only = store_int(q, 4) != 0,
		};
		struct ssh_key k;

		store_text(q, 1, u.name, sizeof(u.name));
		store_text(q, 5, k.fingerprint, sizeof(k.fingerprint));
		store_text(q, 6, k.type, sizeof(k.type));
		store_text(q, 7, k.comment, sizeof(k.comment));
		rc = each(ctx, &u, &k, store_int(q, 8));
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}
