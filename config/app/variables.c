#include "config/app/variables.h"
#include "config/base/array.h"

#include "config/base/err.h"
#include "config/base/utf8.h"
#include "config/store.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void variables_finish(struct variables *v)
{
	for (size_t i = 0; i < v->len; i++) {
		free(v->items[i].name);
		free(v->items[i].value);
	}
	free(v->items);
	*v = (struct variables){0};
}

/* Where name is, or would have to be put. */
static size_t find(const struct variables *v, const char *name, int *difference)
{
	size_t low = 0, high = v->len;

	*difference = 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int d = strcmp(name, v->items[middle].name);

		if (d == 0) {
			*difference = 0;
			return middle;
		}
		if (d < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const char *variables_get(const struct variables *v, const char *name)
{
	int difference;
	size_t at = find(v, name, &difference);

	return difference ? NULL : v->items[at].value;
}

bool variable_name_is_valid(const char *name)
{
	size_t len = strlen(name);
	bool fine = len > 0 && len <= VARIABLE_NAME_MAX && !isdigit((unsigned char)*name);

	for (const char *c = name; *c && fine; c++)
		fine = isascii(*c) && (isalnum((unsigned char)*c) || *c == '_');
	return fine;
}

static int check(const char *name, const char *value, struct err *err)
{
	if (!variable_name_is_valid(name))
		return err_set(err, ERR_USAGE,
			"%.60s can't be the name of a variable: letters, digits and _, "
			"no digit first",
			*name ? name : "an empty text");
	if (!utf8_is_valid(value, strlen(value)))
		return err_set(err, ERR_USAGE,
			"the value of %s is not UTF-8, and nothing else can be an "
			"environment variable here: keep it in base64",
			name);
	if (strlen(value) > VARIABLE_VALUE_MAX)
		return err_set(err, ERR_USAGE, "the value of %s is longer than %d KiB",
			name, VARIABLE_VALUE_MAX / 1024);
	return 0;
}

static int insert(struct variables *v, size_t at, struct variable one, struct err *err)
{
	if (v->len == VARIABLES_MAX)
		return err_set(err, ERR_USAGE, "more than %d variables", VARIABLES_MAX);
	if (array_reserve(&v->items, v->len, &v->cap, sizeof(*v->items)))
		return err_set(err, ERR_FAILED, "out of memory");
	memmove(v->items + at + 1, v->items + at, (v->len - at) * sizeof(*v->items));
	v->items[at] = one;
	v->len++;
	v->bytes += strlen(one.name) + strlen(one.value);
	return 0;
}

int variables_put(
	struct variables *v, const char *name, const char *value, struct err *err)
{
	struct variable one = {0};
	int difference, rc = check(name, value, err);
	size_t at;

	if (rc)
		return rc;
	at = find(v, name, &difference);
	one.value = strdup(value);
	if (!one.value)
		return err_set(err, ERR_FAILED, "out of memory");
	if (!difference) {
		v->bytes += strlen(one.value);
		v->bytes -= strlen(v->items[at].value);
		free(v->items[at].value);
		v->items[at].value = one.value;
		return 0;
	}
	one.name = strdup(name);
	rc = one.name ? insert(v, at, one, err)
		      : err_set(err, ERR_FAILED, "out of memory");
	if (rc) {
		free(one.name);
		free(one.value);
	}
	return rc;
}

int variables_read(
	struct store *s, int64_t app_id, struct variables *out, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT name, value FROM variable WHERE app_id = ? "
			  "ORDER BY name"),
		STORE_I(app_id));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		rc = variables_put(
			out, store_borrow_text(q, 0), store_borrow_text(q, 1), err);
		if (rc)
			break;
	}
	store_query_finish(q);
	return rc;
}

int variables_read_merged(
	struct store *s, int64_t app_id, struct variables *out, struct err *err)
{
	int rc = variables_read(s, EVERY_APP, out, err);

	return rc || app_id == EVERY_APP ? rc : variables_read(s, app_id, out, err);
}

static int unset_all(struct store *s, int64_t app_id, const char *const *names,
	size_t len, int *changed, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < len && !rc; i++) {
		rc = store_do(s, err,
			STORE_SQL("DELETE FROM variable WHERE app_id = ? AND name = ?"),
			STORE_I(app_id), STORE_T(names[i]));
		*changed += rc ? 0 : store_changes(s);
	}
	return rc;
}

static int set_all(struct store *s, int64_t app_id, const struct variables *set,
	int *changed, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < set->len && !rc; i++) {
		rc = store_do(s, err,
			STORE_SQL("INSERT INTO variable (app_id, name, value) "
				  "VALUES (?, ?, ?) ON CONFLICT DO UPDATE "
				  "SET value = excluded.value "
				  "WHERE value != excluded.value"),
			STORE_I(app_id), STORE_T(set->items[i].name),
			STORE_T(set->items[i].value));
		*changed += rc ? 0 : store_changes(s);
	}
	return rc;
}

static int check_size(struct store *s, int64_t app_id, struct err *err)
{
	struct variables all = {0};
	int rc = variables_read(s, app_id, &all, err);

	if (!rc && all.bytes > VARIABLES_BYTES_MAX)
		rc = err_set(err, ERR_USAGE,
			"all variables together would be more than %d KiB",
			VARIABLES_BYTES_MAX / 1024);
	variables_finish(&all);
	return rc;
}

int variables_change(struct store *s, int64_t app_id, const struct variables *set,
	const char *const *unset, size_t unset_len, int *changed, struct err *err)
{
	int count = 0, rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = unset_all(s, app_id, unset, unset_len, &count, err);
	if (!rc && set)
		rc = set_all(s, app_id, set, &count, err);
	if (!rc)
		rc = check_size(s, app_id, err);
	rc = store_end(s, rc, err);
	if (!rc && changed)
		*changed = count;
	return rc;
}
