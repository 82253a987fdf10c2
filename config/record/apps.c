#include "config/record/apps.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/pools.h"
#include "config/settings.h"
#include "config/store.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS                                                                          \
	"id, name, created_at, destroyed_at, deploy_branch, last_life, live, "           \
	"coalesce(slot, -1), coalesce(published, port, -1), coalesce(subnet, -1), "      \
	"provisional, locked_at, stopped, stable, handle, locked_by, made_by, "          \
	"coalesce(inside, -1), published IS NOT NULL"

static void read_row(struct sqlite3_stmt *q, struct app *out)
{
	out->id = store_int(q, 0);
	store_text(q, 1, out->name, sizeof(out->name));
	out->created_at = store_int(q, 2);
	out->destroyed_at = store_int(q, 3);
	store_text(q, 4, out->deploy_branch, sizeof(out->deploy_branch));
	out->last_life = (int)store_int(q, 5);
	out->live = (int)store_int(q, 6);
	out->slot = (int)store_int(q, 7);
	out->port = (int)store_int(q, 8);
	out->subnet = (int)store_int(q, 9);
	out->provisional = store_int(q, 10) != 0;
	out->locked_at = store_int(q, 11);
	out->stopped = store_int(q, 12) != 0;
	out->stable = (int)store_int(q, 13);
	store_text(q, 14, out->handle, sizeof(out->handle));
	store_text(q, 15, out->locked_by, sizeof(out->locked_by));
	out->made_by = store_int(q, 16);
	out->inside = (int)store_int(q, 17);
	out->port_is_published = store_int(q, 18) != 0;
}

static int not_there(const char *name, struct err *err)
{
	return err_set(
		err, ERR_NOTFOUND, "there is no app %s: apps:list shows all", name);
}

static int read_one(
	struct sqlite3_stmt *q, const char *name, struct app *out, struct err *err)
{
	int rc = store_step(q, err);

	if (rc == 1)
		read_row(q, out);
	store_query_finish(q);
	if (rc == 0)
		return not_there(name, err);
	return rc < 0 ? rc : 0;
}

/* "shop.17": what free_name made of the name of a destroyed app. */
static bool is_former_name(const char *name)
{
	const char *dot = strchr(name, '.');
	char before[NAME_SIZE];
	int64_t id;

	if (!dot || dot - name >= NAME_SIZE ||
		number_parse(dot + 1, 1, INT64_MAX, &id) < 0)
		return false;
	(void)snprintf(before, sizeof(before), "%.*s", (int)(dot - name), name);
	return name_is_valid(before);
}

int app_find_ever(struct store *s, const char *name, struct app *out, struct err *err)
{
	int rc = is_former_name(name) ? 0 : name_check("app", name, err);

	if (rc)
		return rc;
	return read_one(store_query(s, err,
				STORE_SQL("SELECT " COLUMNS " FROM app WHERE name = ?"),
				STORE_T(name)),
		name, out, err);
}

int app_find(struct store *s, const char *name, struct app *out, struct err *err)
{
	struct app app;
	int rc = app_find_ever(s, name, &app, err);

	if (rc)
		return rc;
	if (app.destroyed_at)
		return not_there(name, err);
	*out = app;
	return 0;
}

int app_find_handle(struct store *s, const char *handle, struct app *out, struct err *err)
{
	return read_one(
		store_query(s, err,
			STORE_SQL("SELECT " COLUMNS " FROM app WHERE handle = ? AND "
				  "destroyed_at = 0"),
			STORE_T(handle)),
		handle, out, err);
}

int app_reload(struct store *s, struct app *app, struct err *err)
{
	struct app fresh;
	int rc = read_one(
		store_query(s, err, STORE_SQL("SELECT " COLUMNS " FROM app WHERE id = ?"),
			STORE_I(app->id)),
		app->name, &fresh, err);

	if (!rc)
		*app = fresh;
	return rc;
}

/* A backend, a port and a network of its own. */
static int allocate(
	struct store *s, const struct settings *set, int64_t id, struct err *err)
{
	static const char *const columns[] = {
		[POOL_SLOT] = "UPDATE app SET slot = ? WHERE id = ?",
		[POOL_PORT] = "UPDATE app SET port = ? WHERE id = ?",
		[POOL_SUBNET] = "UPDATE app SET subnet = ? WHERE id = ?",
	};

	for (int pool = 0; pool < (int)(sizeof(columns) / sizeof(columns[0])); pool++) {
		int free_one = 0;
		int rc = pool_take(s, set, (enum pool)pool, &free_one, err);

		if (!rc)
			rc = store_do(s, err, STORE_SQL(columns[pool]), STORE_I(free_one),
				STORE_I(id));
		if (rc)
			return rc;
	}
	return 0;
}

/* The name itself, unless an app was ever made with it: one that has another name by now,
 * or that was destroyed, whose volumes and logs are still there. No name has a dot. */
static int choose_handle(
	struct store *s, const char *name, char out[HANDLE_SIZE], struct err *err)
{
	for (int n = 1;; n++) {
		struct sqlite3_stmt *q;
		int rc;

		(void)snprintf(out, HANDLE_SIZE, n > 1 ? "%s.%d" : "%s", name, n);
		q = store_query(s, err, STORE_SQL("SELECT 1 FROM app WHERE handle = ?"),
			STORE_T(out));
		rc = store_step(q, err);
		store_query_finish(q);
		if (rc <= 0)
			return rc;
	}
}

/* What was destroyed keeps its record, but not the name that somebody needs. */
static int free_name(struct store *s, const struct app *destroyed, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("UPDATE app SET name = name || '.' || id WHERE id = ?"),
		STORE_I(destroyed->id));
}

static int insert(struct store *s, const char *name, int64_t user, bool provisional,
	struct err *err)
{
	char handle[HANDLE_SIZE];
	int rc = choose_handle(s, name, handle, err);

	if (rc)
		return rc;
	return store_do(s, err,
		STORE_SQL("INSERT INTO app (name, handle, created_at, made_by, "
			  "provisional) VALUES (?, ?, ?, ?, ?)"),
		STORE_T(name), STORE_T(handle), STORE_I(clock_unix_ms()), STORE_I(user),
		STORE_I(provisional));
}

/* Somebody pushes again what failed the first time, and sees what failed then. */
static int bring_back(
	struct store *s, const struct app *app, bool provisional, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("UPDATE app SET created_at = ?, destroyed_at = 0, "
			  "deploy_branch = '', provisional = ? WHERE id = ?"),
		STORE_I(clock_unix_ms()), STORE_I(provisional), STORE_I(app->id));
}

static int make_row(struct store *s, const char *name, int64_t user, bool provisional,
	struct err *err)
{
	struct app old;
	int rc = app_find_ever(s, name, &old, NULL);

	if (rc == ERR_NOTFOUND)
		return insert(s, name, user, provisional, err);
	if (rc)
		return err_set(err, rc, "cannot look for %s in the database", name);
	if (!old.destroyed_at)
		return err_set(err, ERR_EXISTS, "there is an app %s already", name);
	if (old.provisional && old.made_by == user)
		return bring_back(s, &old, provisional, err);
	rc = free_name(s, &old, err);
	return rc ? rc : insert(s, name, user, provisional, err);
}

int app_create(struct store *s, const struct settings *set, const char *name,
	int64_t user, bool provisional, struct app *out, struct err *err)
{
	int rc = name_check("app", name, err);

	if (!rc)
		rc = store_begin(s, err);
	if (rc)
		return rc;
	rc = make_row(s, name, user, provisional, err);
	if (!rc)
		rc = app_find_ever(s, name, out, err);
	if (!rc)
		rc = allocate(s, set, out->id, err);
	if (!rc)
		rc = app_reload(s, out, err);
	return store_end(s, rc, err);
}

int app_confirm(struct store *s, struct app *app, struct err *err)
{
	int rc =
		store_do(s, err, STORE_SQL("UPDATE app SET provisional = 0 WHERE id = ?"),
			STORE_I(app->id));

	return rc ? rc : app_reload(s, app, err);
}

int app_mark_down(struct store *s, struct app *app, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = store_do(s, err,
		STORE_SQL("UPDATE life SET state = 'retired', ended_at = ? WHERE app_id "
			  "= ? AND "
			  "state NOT IN ('retired', 'failed')"),
		STORE_I(clock_unix_ms()), STORE_I(app->id));
	if (!rc)
		rc = store_do(s, err, STORE_SQL("UPDATE app SET live = 0 WHERE id = ?"),
			STORE_I(app->id));
	rc = store_end(s, rc, err);
	return rc ? rc : app_reload(s, app, err);
}

/* Nobody finds the settings and secrets of an app that was, in whatever is made under its
 * name later. */
static int forget_settings(struct store *s, int64_t id, struct err *err)
{
	static const char *const statements[] = {
		"DELETE FROM variable WHERE app_id = ?",
		"DELETE FROM property WHERE app_id = ?",
		"DELETE FROM scale WHERE app_id = ?",
		"DELETE FROM listed WHERE app_id = ?",
		"DELETE FROM resource WHERE app_id = ?",
		"DELETE FROM domain WHERE app_id = ?",
		"DELETE FROM port WHERE app_id = ?",
		"DELETE FROM backend WHERE app_id = ?",
		"DELETE FROM role WHERE app_id = ?",
		"UPDATE life SET config = '' WHERE app_id = ?",
	};
	int rc = 0;

	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]) && !rc; i++)
		rc = store_do(s, err, STORE_SQL(statements[i]), STORE_I(id));
	return rc;
}

int app_mark_destroyed(struct store *s, const struct app *app, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = forget_settings(s, app->id, err);
	if (!rc)
		rc = store_do(s, err,
			STORE_SQL(
				"UPDATE app SET destroyed_at = ?, live = 0, slot = NULL, "
				"port = NULL, subnet = NULL, published = NULL, "
				"inside = NULL, locked_at = 0, "
				"locked_by = '', stopped = 0, stable = 0 WHERE id = ?"),
			STORE_I(clock_unix_ms()), STORE_I(app->id));
	return store_end(s, rc, err);
}

static int rename_in_transaction(
	struct store *s, const struct app *app, const char *name, struct err *err)
{
	struct app other;
	int rc = app_find_ever(s, name, &other, NULL);

	if (!rc && !other.destroyed_at)
		return err_set(err, ERR_EXISTS, "there is an app %s already", name);
	if (!rc)
		rc = free_name(s, &other, err);
	else if (rc == ERR_NOTFOUND)
		rc = 0;
	else
		return err_set(err, rc, "cannot look for %s in the database", name);
	return rc ? rc
		  : store_do(s, err,
			    STORE_SQL("UPDATE app SET name = ?, provisional = 0 WHERE "
				      "id = ?"),
			    STORE_T(name), STORE_I(app->id));
}

int app_rename(struct store *s, struct app *app, const char *name, struct err *err)
{
	int rc = name_check("app", name, err);

	if (!rc)
		rc = store_begin(s, err);
	if (rc)
		return rc;
	rc = rename_in_transaction(s, app, name, err);
	rc = store_end(s, rc, err);
	return rc ? rc : app_reload(s, app, err);
}

int app_set_locked(struct store *s, struct app *app, const char *by, struct err *err)
{
	int rc = store_do(s, err,
		STORE_SQL("UPDATE app SET locked_at = ?, locked_by = ? WHERE id = ?"),
		STORE_I(by ? clock_unix_ms() : 0), STORE_T(by ? by : ""),
		STORE_I(app->id));

	return rc ? rc : app_reload(s, app, err);
}

int app_check_unlocked(const struct app *app, struct err *err)
{
	char when[CLOCK_TEXT_MAX];

	if (!app->locked_at)
		return 0;
	clock_format(app->locked_at, when);
	return err_set(err, ERR_BUSY, "%s is locked since %s by %s: apps:unlock %s",
		app->name, when, app->locked_by, app->name);
}

int app_set_stopped(struct store *s, struct app *app, bool stopped, struct err *err)
{
	int rc = store_do(s, err, STORE_SQL("UPDATE app SET stopped = ? WHERE id = ?"),
		STORE_I(stopped), STORE_I(app->id));

	return rc ? rc : app_reload(s, app, err);
}

int app_set_stable(struct store *s, struct app *app, int life, struct err *err)
{
	int rc = store_do(s, err, STORE_SQL("UPDATE app SET stable = ? WHERE id = ?"),
		STORE_I(life), STORE_I(app->id));

	return rc ? rc : app_reload(s, app, err);
}

int app_set_deploy_branch(
	struct store *s, struct app *app, const char *branch, struct err *err)
{
	int rc = store_do(s, err,
		STORE_SQL("UPDATE app SET deploy_branch = ? WHERE id = ?"),
		STORE_T(branch), STORE_I(app->id));

	return rc ? rc : app_reload(s, app, err);
}

static int each_of(struct sqlite3_stmt *q, int (*each)(void *ctx, const struct app *app),
	void *ctx, struct err *err)
{
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		struct app app;

		read_row(q, &app);
		rc = each(ctx, &app);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int apps_each(struct store *s, int (*each)(void *ctx, const struct app *app), void *ctx,
	struct err *err)
{
	return each_of(
		store_query(s, err,
			STORE_SQL("SELECT " COLUMNS
				  " FROM app WHERE destroyed_at = 0 ORDER BY name")),
		each, ctx, err);
}

int apps_each_destroyed(struct store *s, int (*each)(void *ctx, const struct app *app),
	void *ctx, struct err *err)
{
	return each_of(store_query(s, err,
			       STORE_SQL("SELECT " COLUMNS
					 " FROM app WHERE destroyed_at != 0 ORDER BY "
					 "destroyed_at, id")),
		each, ctx, err);
}
