#include "config/record/lives.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/record/events.h"
#include "config/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
	[LIFE_QUEUED] = "queued",
	[LIFE_BUILDING] = "building",
	[LIFE_RELEASING] = "releasing",
	[LIFE_STARTING] = "starting",
	[LIFE_CHECKING] = "checking",
	[LIFE_LIVE] = "live",
	[LIFE_DRAINING] = "draining",
	[LIFE_RETIRED] = "retired",
	[LIFE_FAILED] = "failed",
};

#define STATES (sizeof(state_names) / sizeof(state_names[0]))
#define COLUMNS                                                                          \
	"app_id, number, state, commit_id, version, tag, image_id, user, key, source, "  \
	"ref, url, "                                                                     \
	"reason, created_at, live_at, ended_at, peer"

const char *life_state_name(enum life_state state)
{
	return state_names[state];
}

static enum life_state state_from_name(const char *name)
{
	for (size_t i = 0; i < STATES; i++) {
		if (!strcmp(state_names[i], name))
			return (enum life_state)i;
	}
	return LIFE_FAILED;
}

static void read_row(struct sqlite3_stmt *q, struct life *l)
{
	char state[16];

	*l = (struct life){.app_id = store_int(q, 0), .number = (int)store_int(q, 1)};
	store_text(q, 2, state, sizeof(state));
	l->state = state_from_name(state);
	store_text(q, 3, l->commit, sizeof(l->commit));
	store_text(q, 4, l->version, sizeof(l->version));
	store_text(q, 5, l->tag, sizeof(l->tag));
	store_text(q, 6, l->image_id, sizeof(l->image_id));
	store_text(q, 7, l->user, sizeof(l->user));
	store_text(q, 8, l->key, sizeof(l->key));
	store_text(q, 9, l->source, sizeof(l->source));
	store_text(q, 10, l->ref, sizeof(l->ref));
	store_text(q, 11, l->url, sizeof(l->url));
	store_text(q, 12, l->reason, sizeof(l->reason));
	l->created_at = store_int(q, 13);
	l->live_at = store_int(q, 14);
	l->ended_at = store_int(q, 15);
	store_text(q, 16, l->peer, sizeof(l->peer));
}

static int insert(struct store *s, const struct life *l, struct err *err)
{
	int rc = store_do(s, err, STORE_SQL("UPDATE app SET last_life = ? WHERE id = ?"),
		STORE_I(l->number), STORE_I(l->app_id));

	if (rc)
		return rc;
	return store_do(s, err,
		STORE_SQL("INSERT INTO life (app_id, number, state, commit_id, version, "
			  "tag, "
			  "image_id, user, key, source, ref, url, reason, created_at, "
			  "peer) "
			  "VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
		STORE_I(l->app_id), STORE_I(l->number), STORE_T(l->commit),
		STORE_T(l->version), STORE_T(l->tag), STORE_T(l->image_id),
		STORE_T(l->user), STORE_T(l->key), STORE_T(l->source), STORE_T(l->ref),
		STORE_T(l->url), STORE_T(l->reason), STORE_I(l->created_at),
		STORE_T(l->peer));
}

int life_create(struct store *s, struct app *app, struct life *life, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = app_reload(s, app, err);
	life->app_id = app->id;
	life->number = app->last_life + 1;
	life->state = LIFE_QUEUED;
	life->created_at = clock_unix_ms();
	if (!rc)
		rc = insert(s, life, err);
	rc = store_end(s, rc, err);
	/* A life that was not written down is none. */
	if (rc)
		life->number = 0;
	else
		app->last_life = life->number;
	return rc;
}

/* Reads the one row of a query, ERR_NOTFOUND without a message if there is none. */
static int read_one(struct sqlite3_stmt *q, struct life *out, struct err *err)
{
	int rc = store_step(q, err);

	if (rc == 1)
		read_row(q, out);
	store_query_finish(q);
	if (rc == 0)
		return ERR_NOTFOUND;
	return rc < 0 ? rc : 0;
}

int life_find(struct store *s, const struct app *app, int number, struct life *out,
	struct err *err)
{
	int rc = read_one(store_query(s, err,
				  STORE_SQL("SELECT " COLUMNS
					    " FROM life WHERE app_id = ? AND number = ?"),
				  STORE_I(app->id), STORE_I(number)),
		out, err);

	if (rc == ERR_NOTFOUND)
		return err_set(err, rc, "%s has no life %d: `lives %s` shows all",
			app->name, number, app->name);
	return rc;
}

int life_find_good(struct store *s, const struct app *app, int before, struct life *out,
	struct err *err)
{
	int rc = read_one(
		store_query(s, err,
			STORE_SQL("SELECT " COLUMNS " FROM life WHERE app_id = ? AND "
				  "number < ? AND live_at > 0 AND created_at >= ? "
				  "AND state IN ('live', 'draining', 'retired') "
				  "ORDER BY number DESC LIMIT 1"),
			STORE_I(app->id), STORE_I(before), STORE_I(app->created_at)),
		out, err);

	if (rc == ERR_NOTFOUND)
		return err_set(
			err, rc, "%s has no good life before life %d", app->name, before);
	return rc;
}

int life_find_last_push(
	struct store *s, const struct app *app, struct life *out, struct err *err)
{
	int rc = read_one(
		store_query(s, err,
			STORE_SQL("SELECT " COLUMNS " FROM life WHERE app_id = ? AND ref "
				  "<> '' AND live_at > 0 AND created_at >= ? "
				  "AND state IN ('live', 'draining', 'retired') "
				  "ORDER BY number DESC LIMIT 1"),
			STORE_I(app->id), STORE_I(app->created_at)),
		out, err);

	if (rc == ERR_NOTFOUND)
		return err_set(err, rc, "nothing was ever pushed to %s and went live",
			app->name);
	return rc;
}

static int each_row(struct sqlite3_stmt *q,
	int (*each)(void *ctx, const struct life *life), void *ctx, struct err *err)
{
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		struct life life;

		read_row(q, &life);
		rc = each(ctx, &life);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int lives_each(struct store *s, const struct app *app, int limit,
	int (*each)(void *ctx, const struct life *life), void *ctx, struct err *err)
{
	return each_row(store_query(s, err,
				STORE_SQL("SELECT " COLUMNS " FROM life WHERE app_id = ? "
					  "ORDER BY number DESC LIMIT ?"),
				STORE_I(app->id), STORE_I(limit ? limit : -1)),
		each, ctx, err);
}

int lives_each_unfinished(struct store *s, const struct app *app,
	int (*each)(void *ctx, const struct life *life), void *ctx, struct err *err)
{
	return each_row(
		store_query(s, err,
			STORE_SQL("SELECT " COLUMNS " FROM life WHERE app_id = ? AND "
				  "state NOT IN ('live', 'retired', 'failed') ORDER BY "
				  "number"),
			STORE_I(app->id)),
		each, ctx, err);
}

int life_set_state(
	struct store *s, struct life *life, enum life_state state, struct err *err)
{
	int rc = store_do(s, err,
		STORE_SQL("UPDATE life SET state = ? WHERE app_id = ? AND number = ?"),
		STORE_T(state_names[state]), STORE_I(life->app_id),
		STORE_I(life->number));

	if (!rc)
		life->state = state;
	return rc;
}

int life_set_image(struct store *s, struct life *life, const char *tag,
	const char *image_id, struct err *err)
{
	(void)snprintf(life->tag, sizeof(life->tag), "%s", tag);
	(void)snprintf(life->image_id, sizeof(life->image_id), "%s", image_id);
	return store_do(s, err,
		STORE_SQL("UPDATE life SET tag = ?, image_id = ? WHERE app_id = ? AND "
			  "number = ?"),
		STORE_T(tag), STORE_T(image_id), STORE_I(life->app_id),
		STORE_I(life->number));
}

int life_set_config(
	struct store *s, const struct life *life, const char *json, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("UPDATE life SET config = ?, url = ? WHERE app_id = ? AND "
			  "number = ?"),
		STORE_T(json), STORE_T(life->url), STORE_I(life->app_id),
		STORE_I(life->number));
}

int life_read_config(
	struct store *s, const struct life *life, char **json, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT config, length(CAST(config AS BLOB)) FROM life "
			  "WHERE app_id = ? AND number = ?"),
		STORE_I(life->app_id), STORE_I(life->number));
	int rc = store_step(q, err);

	if (rc == 0)
		rc = err_set(err, ERR_NOTFOUND, "there is no life %d", life->number);
	if (rc == 1) {
		size_t size = (size_t)store_int(q, 1) + 1;

		*json = malloc(size);
		rc = *json ? 0 : err_set(err, ERR_FAILED, "out of memory");
		if (!rc)
			store_text(q, 0, *json, size);
	}
	store_query_finish(q);
	return rc;
}

static int read_app_name(
	struct store *s, int64_t app_id, char out[NAME_SIZE], struct err *err)
{
	struct sqlite3_stmt *q = store_query(
		s, err, STORE_SQL("SELECT name FROM app WHERE id = ?"), STORE_I(app_id));
	int rc = store_step(q, err);

	if (rc == 1)
		store_text(q, 0, out, NAME_SIZE);
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

/* How a life ended up is told where it is decided, so that no way of a deploy, and no
 * crash in it, leaves that out. */
static int tell(struct store *s, const struct life *life, int status, const char *text,
	struct err *err)
{
	struct event e = {.kind = EVENT_DEPLOY, .app_id = life->app_id, .status = status};
	int rc = read_app_name(s, life->app_id, e.app, err);

	(void)snprintf(e.user, sizeof(e.user), "%s", life->user);
	(void)snprintf(e.key, sizeof(e.key), "%s", life->key);
	(void)snprintf(e.peer, sizeof(e.peer), "%s", life->peer);
	(void)snprintf(e.what, sizeof(e.what), "%s life %d %.12s", life->source,
		life->number, life->commit);
	(void)snprintf(e.text, sizeof(e.text), "%s", text);
	return rc ? rc : event_add(s, &e, err);
}

/* Nobody was served by it: what told so goes. */
static int take_back_tale(struct store *s, const struct life *life, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("DELETE FROM event WHERE id = (SELECT max(id) FROM event "
			  "WHERE kind = ? AND app_id = ? AND status = 0 AND at >= ?)"),
		STORE_T(EVENT_DEPLOY), STORE_I(life->app_id), STORE_I(life->live_at));
}

int life_fail(struct store *s, struct life *life, const char *reason, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	(void)snprintf(life->reason, sizeof(life->reason), "%s", reason);
	life->state = LIFE_FAILED;
	life->ended_at = clock_unix_ms();
	rc = store_do(s, err,
		STORE_SQL("UPDATE life SET state = 'failed', reason = ?, ended_at = ? "
			  "WHERE app_id = ? AND number = ?"),
		STORE_T(life->reason), STORE_I(life->ended_at), STORE_I(life->app_id),
		STORE_I(life->number));
	if (!rc)
		rc = tell(s, life, 1, life->reason, err);
	return store_end(s, rc, err);
}

/* `refs/heads/master` makes master the deploy branch. */
static int settle_deploy_branch(struct store *s, const struct life *life, struct err *err)
{
	static const char heads[] = "refs/heads/";

	if (strncmp(life->ref, heads, strlen(heads)))
		return 0;
	return store_do(s, err,
		STORE_SQL("UPDATE app SET deploy_branch = ? WHERE id = ? AND "
			  "deploy_branch = ''"),
		STORE_T(life->ref + strlen(heads)), STORE_I(life->app_id));
}

static int switch_in_transaction(struct store *s, struct life *life, struct err *err)
{
	int rc = store_do(s, err,
		STORE_SQL("UPDATE life SET state = 'draining' WHERE app_id = ? AND state "
			  "= 'live'"),
		STORE_I(life->app_id));

	if (!rc)
		rc = store_do(s, err,
			STORE_SQL("UPDATE life SET state = 'live', live_at = ? "
				  "WHERE app_id = ? AND number = ?"),
			STORE_I(life->live_at), STORE_I(life->app_id),
			STORE_I(life->number));
	if (!rc)
		rc = store_do(s, err,
			STORE_SQL("UPDATE app SET live = ?, provisional = 0, stopped = 0 "
				  "WHERE id = ?"),
			STORE_I(life->number), STORE_I(life->app_id));
	return rc ? rc : settle_deploy_branch(s, life, err);
}

int life_switch(struct store *s, struct app *app, struct life *life, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	life->live_at = clock_unix_ms();
	rc = switch_in_transaction(s, life, err);
	if (!rc)
		rc = tell(s, life, 0, "live", err);
	rc = store_end(s, rc, err);
	if (rc)
		return rc;
	life->state = LIFE_LIVE;
	return app_reload(s, app, err);
}

int life_switch_back(
	struct store *s, struct app *app, struct life *life, int before, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = store_do(s, err,
		STORE_SQL("UPDATE life SET state = 'checking', live_at = 0 "
			  "WHERE app_id = ? AND number = ?"),
		STORE_I(life->app_id), STORE_I(life->number));
	if (!rc)
		rc = store_do(s, err,
			STORE_SQL("UPDATE life SET state = 'live' WHERE app_id = ? AND "
				  "number = ?"),
			STORE_I(life->app_id), STORE_I(before));
	if (!rc)
		rc = store_do(s, err,
			STORE_SQL("UPDATE app SET live = ?1, provisional = ?2, "
				  "deploy_branch = "
				  "CASE ?3 WHEN '' THEN '' ELSE deploy_branch END, "
				  "stopped = ?4 WHERE id = ?5"),
			STORE_I(before), STORE_I(app->provisional),
			STORE_T(app->deploy_branch), STORE_I(app->stopped),
			STORE_I(app->id));
	if (!rc)
		rc = take_back_tale(s, life, err);
	rc = store_end(s, rc, err);
	if (rc)
		return rc;
	life->live_at = 0;
	life->state = LIFE_CHECKING;
	return app_reload(s, app, err);
}

static int fall_back_in_transaction(struct store *s, const struct life *life,
	const struct life *before, struct err *err)
{
	int rc = store_do(s, err,
		STORE_SQL("UPDATE life SET state = 'failed', reason = ?, ended_at = ? "
			  "WHERE app_id = ? AND number = ?"),
		STORE_T(life->reason), STORE_I(life->ended_at), STORE_I(life->app_id),
		STORE_I(life->number));

	if (!rc)
		rc = store_do(s, err,
			STORE_SQL("UPDATE life SET state = 'live' WHERE app_id = ? AND "
				  "number = ?"),
			STORE_I(before->app_id), STORE_I(before->number));
	if (!rc)
		rc = store_do(s, err, STORE_SQL("UPDATE app SET live = ? WHERE id = ?"),
			STORE_I(before->number), STORE_I(before->app_id));
	return rc;
}

int life_fall_back(struct store *s, struct app *app, struct life *life,
	struct life *before, const char *reason, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	life->ended_at = clock_unix_ms();
	(void)snprintf(life->reason, sizeof(life->reason), "%s", reason);
	rc = fall_back_in_transaction(s, life, before, err);
	rc = store_end(s, rc, err);
	if (rc)
		return rc;
	life->state = LIFE_FAILED;
	before->state = LIFE_LIVE;
	return app_reload(s, app, err);
}

int life_retire(struct store *s, struct life *life, struct err *err)
{
	life->state = LIFE_RETIRED;
	life->ended_at = clock_unix_ms();
	return store_do(s, err,
		STORE_SQL("UPDATE life SET state = 'retired', ended_at = ? "
			  "WHERE app_id = ? AND number = ?"),
		STORE_I(life->ended_at), STORE_I(life->app_id), STORE_I(life->number));
}
