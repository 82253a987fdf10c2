#include "config/app/secrets.h"

#include "config/app/listed.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/words.h"
#include "config/store.h"

#include <cjson/cJSON.h>
#include <string.h>

struct reading {
	int (*each)(void *ctx, const char *value);
	void *ctx;
};

static int each_variable(
	struct store *s, int64_t app_id, struct reading *r, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT value FROM variable WHERE ? < 0 OR app_id IN (?, ?)"),
		STORE_I(app_id), STORE_I(app_id), STORE_I(EVERY_APP));

	return store_each_text(q, r->each, r->ctx, err);
}

/* "--env KEY=VALUE" of docker-options:add. */
static int give_option(void *ctx, const char *text)
{
	const struct reading *r = ctx;
	static const char flag[] = "--env=";
	struct words w;
	const char *pair = NULL, *equals;
	int rc = 0;

	if (words_split(&w, text, NULL) < 0)
		return 0;
	if (w.argc && !strncmp(w.argv[0], flag, strlen(flag)))
		pair = w.argv[0] + strlen(flag);
	else if (w.argc > 1 && (!strcmp(w.argv[0], "--env") || !strcmp(w.argv[0], "-e")))
		pair = w.argv[1];
	equals = pair ? strchr(pair, '=') : NULL;
	if (equals)
		rc = r->each(r->ctx, equals + 1);
	words_finish(&w);
	return rc;
}

static int each_option(
	struct store *s, int64_t app_id, struct reading *r, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT text FROM listed WHERE kind = ? AND "
			  "(? < 0 OR app_id IN (?, ?))"),
		STORE_T(LISTED_OPTION), STORE_I(app_id), STORE_I(app_id),
		STORE_I(EVERY_APP));

	return store_each_text(q, give_option, r, err);
}

/* "env" and "options" of a life's frozen configuration (builder/life/plan.h). */
static int each_of_life(void *ctx, const char *json)
{
	const struct reading *r = ctx;
	cJSON *plan = cJSON_Parse(json);
	const cJSON *value;
	int rc = 0;

	cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(plan, "env"))
	{
		if (!rc && cJSON_IsString(value))
			rc = r->each(r->ctx, value->valuestring);
	}
	cJSON_ArrayForEach(value, cJSON_GetObjectItemCaseSensitive(plan, "options"))
	{
		const char *text = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(value, "text"));

		if (!rc && text)
			rc = give_option(ctx, text);
	}
	cJSON_Delete(plan);
	return rc;
}

static int each_frozen(
	struct store *s, int64_t app_id, struct reading *r, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT config FROM life WHERE (? < 0 OR app_id = ?) "
			  "AND state NOT IN ('retired', 'failed')"),
		STORE_I(app_id), STORE_I(app_id));

	return store_each_text(q, each_of_life, r, err);
}

int secrets_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const char *value), void *ctx, struct err *err)
{
	struct reading r = {each, ctx};
	int rc = each_variable(s, app_id, &r, err);

	if (!rc)
		rc = each_option(s, app_id, &r, err);
	return rc ? rc : each_frozen(s, app_id, &r, err);
}
