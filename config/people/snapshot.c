#include "config/people/users.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/store.h"

#include <string.h>

#define SNAPSHOT_MAX (8 * 1024 * 1024)

static int write_lines(struct store *s, struct buf *lines, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT fingerprint FROM ssh_key ORDER BY fingerprint"));
	int rc;

	while ((rc = store_step(q, err)) == 1) {
		char fingerprint[KEY_FINGERPRINT_SIZE];

		store_text(q, 0, fingerprint, sizeof(fingerprint));
		if (buf_addf(lines, "%s\n", fingerprint) < 0) {
			rc = err_set(err, ERR_FAILED, "too many keys");
			break;
		}
	}
	store_query_finish(q);
	return rc;
}

int users_write_snapshot(struct store *s, const struct settings *set, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct buf lines;
	int rc;

	buf_init(&lines, SNAPSHOT_MAX);
	rc = write_lines(s, &lines, err);
	if (!rc)
		rc = io_replace_file(path_key_snapshot(set, path), 0644, buf_text(&lines),
			lines.len, err);
	buf_finish(&lines);
	return rc;
}

int users_check_snapshot(struct store *s, const struct settings *set, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct buf wanted, found;
	int rc;

	buf_init(&wanted, SNAPSHOT_MAX);
	buf_init(&found, SNAPSHOT_MAX);
	rc = write_lines(s, &wanted, err);
	if (!rc)
		rc = io_read_file(path_key_snapshot(set, path), &found, err);
	if (!rc && strcmp(buf_text(&wanted), buf_text(&found)))
		rc = err_set(err, ERR_FAILED,
			"%s does not have the keys that are recorded: `bardo reconcile` "
			"on the host writes it anew",
			path);
	buf_finish(&wanted);
	buf_finish(&found);
	return rc;
}

/* Writes the snapshot inside the transaction, so that the last writer's is the last one
 * on disk. Should the commit fail, a key too many in it opens nothing: every command
 * looks its user up in the database. */
int users_commit(struct store *s, const struct settings *set, int rc, struct err *err)
{
	if (!rc)
		rc = users_write_snapshot(s, set, err);
	return store_end(s, rc, err);
}
