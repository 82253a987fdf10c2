#include "config/record/networks.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/people/users.h"
#include "config/record/pools.h"
#include "config/store.h"

#include <stdbool.h>
#include <string.h>

#define COLUMNS "name, subnet, user, created_at, user_id, internal"

/* An app's own network is "bardo.APP", and Docker has names of its own. */
int shared_network_check_name(const char *name, struct err *err)
{
	static const char usable[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-";
	static const char *const others[] = {"host", "none", "bridge", "default",
		"container", "nat", "ingress", "docker_gwbridge"};
	size_t len = strlen(name);
	bool fine = len > 1 && len < NETWORK_NAME_SIZE && !strchr("_-", name[0]) &&
		!name[strspn(name, usable)];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		fine = fine && strcmp(name, others[i]) != 0;
	return fine
		? 0
		: err_set(err, ERR_USAGE,
			  "%.80s can't be the name of a shared network: 2 to %d letters, "
			  "digits, _ and -, and no name that Docker has",
			  *name ? name : "an empty text", NETWORK_NAME_SIZE - 1);
}

static void read_row(struct sqlite3_stmt *q, struct shared_network *out)
{
	store_text(q, 0, out->name, sizeof(out->name));
	out->subnet = (int)store_int(q, 1);
	store_text(q, 2, out->user, sizeof(out->user));
	out->created_at = store_int(q, 3);
	out->user_id = store_int(q, 4);
	out->internal = store_int(q, 5) != 0;
}

static int insert(struct store *s, const struct settings *set, const char *name,
	const struct user *user, bool internal, struct err *err)
{
	int subnet = 0;
	int rc = pool_take(s, set, POOL_SUBNET, &subnet, err);

	if (rc)
		return rc;
	rc = store_do(s, err,
		STORE_SQL("INSERT INTO shared_network (" COLUMNS
			  ") VALUES (?, ?, ?, ?, ?, ?)"),
		STORE_T(name), STORE_I(subnet), STORE_T(user->name),
		STORE_I(clock_unix_ms()), STORE_I(user->id), STORE_I(internal));
	return rc == ERR_EXISTS ? err_set(err, rc, "there is a network %s already", name)
				: rc;
}

int shared_network_create(struct store *s, const struct settings *set, const char *name,
	const struct user *user, bool internal, struct shared_network *out,
	struct err *err)
{
	int rc = shared_network_check_name(name, err);

	if (!rc)
		rc = store_begin(s, err);
	if (rc)
		return rc;
	rc = insert(s, set, name, user, internal, err);
	rc = store_end(s, rc, err);
	return rc ? rc : shared_network_find(s, name, out, err);
}

int shared_network_find(
	struct store *s, const char *name, struct shared_network *out, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT " COLUMNS " FROM shared_network WHERE name = ?"),
		STORE_T(name));
	int rc = store_step(q, err);

	if (rc == 1)
		read_row(q, out);
	store_query_finish(q);
	if (rc == 0)
		return err_set(err, ERR_NOTFOUND,
			"there is no network %.80s: network:create %.80s makes it", name,
			name);
	return rc < 0 ? rc : 0;
}

int shared_network_forget(struct store *s, const char *name, struct err *err)
{
	return store_do(s, err, STORE_SQL("DELETE FROM shared_network WHERE name = ?"),
		STORE_T(name));
}

int shared_networks_each(struct store *s,
	int (*each)(void *ctx, const struct shared_network *n), void *ctx,
	struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT " COLUMNS " FROM shared_network ORDER BY name"));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		struct shared_network n;

		read_row(q, &n);
		rc = each(ctx, &n);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int shared_network_each_app(struct store *s, const char *name,
	int (*each)(void *ctx, const char *app), void *ctx, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT DISTINCT coalesce(a.name, '--global') FROM "
			  "listed l LEFT JOIN app a "
			  "ON a.id = l.app_id WHERE l.kind = 'network' AND l.text = ? "
			  "ORDER BY 1"),
		STORE_T(name));

	return store_each_text(q, each, ctx, err);
}
