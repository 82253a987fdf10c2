#include "config/people/users.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/store.h"

#include <string.h>

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

int users_find(struct store *s, const char *name, struct user *out, struct err *err)
{
	int rc = read_user(
		store_query(s, err,
			STORE_SQL("SELECT id, name, admin, may_create, 0 FROM user "
				  "WHERE name = ?"),
			STORE_T(name)),
		out, err);

	if (rc == ERR_NOTFOUND)
		return err_set(
			err, rc, "there is no user %.63s: users:list shows all", name);
	return rc;
}

int users_have_admin(struct store *s, bool *have, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT EXISTS (SELECT 1 FROM ssh_key k JOIN user u ON u.id = "
			  "k.user_id WHERE u.admin AND NOT k.deploy_only)"));
	int rc = store_step(q, err);

	*have = rc == 1 && store_int(q, 0);
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

int users_check_admin(struct store *s, bool had, bool keep, struct err *err)
{
	bool have;
	int rc = users_have_admin(s, &have, err);

	if (rc || have || !had || !keep)
		return rc;
	return err_set(err, ERR_DENIED,
		"then nobody could log in as a server admin any more: make another one "
		"first, or do it in the host's shell");
}

/* The first user of a server decides who else there is. */
int users_create(struct store *s, const char *name, bool admin, bool may_create,
	struct user *out, struct err *err)
{
	int rc = name_check("user", name, err);

	if (rc)
		return rc;
	rc = store_do(s, err,
		STORE_SQL("INSERT INTO user (name, admin, may_create, created_at) "
			  "VALUES (?, ? OR NOT EXISTS (SELECT 1 FROM user), ?, ?)"),
		STORE_T(name), STORE_I(admin), STORE_I(may_create),
		STORE_I(clock_unix_ms()));
	if (rc == ERR_EXISTS)
		return err_set(err, rc, "there is a user %s already", name);
	return rc ? rc : users_find(s, name, out, err);
}

/* An id may be given out again, as a name may. */
static int disown(struct store *s, int64_t id, struct err *err)
{
	int rc = store_do(s, err,
		STORE_SQL("UPDATE app SET made_by = ? WHERE made_by = ?"),
		STORE_I(USER_NOBODY), STORE_I(id));

	return rc ? rc
		  : store_do(s, err,
			    STORE_SQL("UPDATE shared_network SET user_id = ?, user = '' "
				      "WHERE user_id = ?"),
			    STORE_I(USER_NOBODY), STORE_I(id));
}

int users_remove(struct store *s, const struct settings *set, const char *name,
	bool keep_admin, struct err *err)
{
	struct user user;
	bool had;
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = users_find(s, name, &user, err);
	if (!rc)
		rc = users_have_admin(s, &had, err);
	if (!rc)
		rc = store_do(s, err, STORE_SQL("DELETE FROM user WHERE id = ?"),
			STORE_I(user.id));
	if (!rc)
		rc = disown(s, user.id, err);
	if (!rc)
		rc = users_check_admin(s, had, keep_admin, err);
	return users_commit(s, set, rc, err);
}

static int set_right(
	struct store *s, int64_t id, enum users_right right, bool has, struct err *err)
{
	static const char *const statements[] = {
		[USERS_ADMIN] = "UPDATE user SET admin = ? WHERE id = ?",
		[USERS_CREATE] = "UPDATE user SET may_create = ? WHERE id = ?",
	};

	return store_do(s, err, STORE_SQL(statements[right]), STORE_I(has), STORE_I(id));
}

int users_set_right(struct store *s, const char *name, enum users_right right, bool has,
	bool keep_admin, struct err *err)
{
	struct user user;
	bool had;
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = users_find(s, name, &user, err);
	if (!rc)
		rc = users_have_admin(s, &had, err);
	if (!rc)
		rc = set_right(s, user.id, right, has, err);
	if (!rc)
		rc = users_check_admin(s, had, keep_admin, err);
	return store_end(s, rc, err);
}

int users_each(struct store *s,
	int (*each)(void *ctx, const struct user *u, int keys, int64_t created_at),
	void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT id, name, admin, may_create, created_at, (SELECT "
			  "count(*) FROM ssh_key k WHERE k.user_id = u.id) FROM user u "
			  "ORDER BY name"));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		struct user u = {
			.id = store_int(q, 0),
			.admin = store_int(q, 2) != 0,
			.may_create = store_int(q, 3) != 0,
		};

		store_text(q, 1, u.name, sizeof(u.name));
		rc = each(ctx, &u, (int)store_int(q, 5), store_int(q, 4));
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}
