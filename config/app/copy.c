#include "config/app/copy.h"

#include "config/app/listed.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/store.h"

#include <stdio.h>
#include <string.h>

int settings_own_mount(const char *text, const struct app *from, const struct app *to,
	char *out, struct err *err)
{
	size_t len = strlen(from->handle);
	bool is_own = !strncmp(text, from->handle, len) && text[len] == '_';
	int n;

	if (text[0] == '/')
		n = snprintf(out, LISTED_TEXT_MAX + 1, "%s", text);
	else
		n = snprintf(out, LISTED_TEXT_MAX + 1, "%s_%s", to->handle,
			is_own ? text + len + 1 : text);
	if (n > LISTED_TEXT_MAX)
		return err_set(err, ERR_USAGE, "the mount %.60s… is too long for %s",
			text, to->name);
	return 0;
}

struct copying {
	struct store *store;
	const struct app *from, *to;
	bool root;
	struct err *err;
};

static int copy_mount(void *ctx, const struct listed *l)
{
	const struct copying *c = ctx;
	char text[LISTED_TEXT_MAX + 1];
	struct listed own = {.part = l->part, .process = l->process, .text = text};
	int rc;

	if (l->text[0] == '/' && !c->root)
		return 0;
	rc = settings_own_mount(l->text, c->from, c->to, text, c->err);
	return rc ? rc : listed_add(c->store, c->to->id, LISTED_MOUNT, &own, c->err);
}

static int copy_all(struct store *s, const char *const *statements, size_t len,
	const struct app *from, const struct app *to, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < len && !rc; i++)
		rc = store_do(s, err, STORE_SQL(statements[i]), STORE_I(to->id),
			STORE_I(from->id));
	return rc;
}

static int copy(struct store *s, const struct app *from, const struct app *to, bool root,
	struct err *err)
{
	static const char *const statements[] = {
		"INSERT INTO variable (app_id, name, value) "
		"SELECT ?, name, value FROM variable WHERE app_id = ?",
		"INSERT INTO property (app_id, family, name, value) "
		"SELECT ?, family, name, value FROM property WHERE app_id = ? AND "
		"family <> 'network'",
		"INSERT INTO scale (app_id, process, count) "
		"SELECT ?, process, count FROM scale WHERE app_id = ?",
		"INSERT INTO resource (app_id, process, kind, name, value) "
		"SELECT ?, process, kind, name, value FROM resource WHERE app_id = ?",
	};
	/* Networks of the host and of others were for an admin to give. */
	static const char *const for_root[] = {
		"INSERT INTO property (app_id, family, name, value) "
		"SELECT ?, family, name, value FROM property WHERE app_id = ? AND "
		"family = 'network'",
		"INSERT INTO listed (app_id, kind, part, process, text) "
		"SELECT ?, kind, part, process, text FROM listed WHERE app_id = ? AND "
		"kind IN ('" LISTED_OPTION "', '" LISTED_NETWORK "') ORDER BY id",
	};
	struct copying c = {s, from, to, root, err};
	int rc = copy_all(
		s, statements, sizeof(statements) / sizeof(statements[0]), from, to, err);

	if (!rc && root)
		rc = copy_all(s, for_root, sizeof(for_root) / sizeof(for_root[0]), from,
			to, err);
	if (!rc)
		rc = listed_each(s, from->id, LISTED_MOUNT, copy_mount, &c, err);
	if (rc)
		return rc;
	return store_do(s, err,
		STORE_SQL("UPDATE app SET deploy_branch = ?, provisional = 0 WHERE id = "
			  "?"),
		STORE_T(from->deploy_branch), STORE_I(to->id));
}

int settings_copy(struct store *s, const struct app *from, struct app *to, bool root,
	struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	rc = copy(s, from, to, root, err);
	rc = store_end(s, rc, err);
	return rc ? rc : app_reload(s, to, err);
}
