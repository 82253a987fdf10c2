#include "config/people/roles.h"

#include "config/base/err.h"
#include "config/store.h"

#include <string.h>

static const char *const names[] = {"none", "read", "deploy", "owner"};

const char *role_name(enum role role)
{
	return names[role];
}

int role_parse(const char *name, enum role *out, struct err *err)
{
	for (int i = ROLE_READ; i <= ROLE_OWNER; i++) {
		if (!strcmp(name, names[i])) {
			*out = (enum role)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE,
		"%.40s is no role: they are owner, deploy and read", name);
}

static enum role from_text(const char *text)
{
	enum role role = ROLE_NONE;

	(void)role_parse(text, &role, NULL);
	return role;
}

int role_find(
	struct store *s, int64_t user_id, int64_t app_id, enum role *out, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT role FROM role WHERE app_id = ? AND user_id = ?"),
		STORE_I(app_id), STORE_I(user_id));
	int rc = store_step(q, err);

	*out = rc == 1 ? from_text(store_borrow_text(q, 0)) : ROLE_NONE;
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

int role_set(
	struct store *s, int64_t user_id, int64_t app_id, enum role role, struct err *err)
{
	if (role == ROLE_NONE)
		return store_do(s, err,
			STORE_SQL("DELETE FROM role WHERE app_id = ? AND user_id = ?"),
			STORE_I(app_id), STORE_I(user_id));
	return store_do(s, err,
		STORE_SQL("INSERT INTO role (app_id, user_id, role) VALUES (?, ?, ?) "
			  "ON CONFLICT DO UPDATE SET role = excluded.role"),
		STORE_I(app_id), STORE_I(user_id), STORE_T(role_name(role)));
}

int roles_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const struct user *u, enum role role), void *ctx,
	struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT u.id, u.name, u.admin, r.role FROM role r "
			  "JOIN user u ON u.id = r.user_id WHERE r.app_id = ? "
			  "ORDER BY u.name"),
		STORE_I(app_id));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		struct user u = {.id = store_int(q, 0), .admin = store_int(q, 2) != 0};

		store_text(q, 1, u.name, sizeof(u.name));
		rc = each(ctx, &u, from_text(store_borrow_text(q, 3)));
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}
