#include "builder/server.h"

#include "builder/engine/engine.h"
#include "builder/secrets.h"
#include "config/base/err.h"
#include "config/paths.h"
#include "config/settings.h"
#include "config/store.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

static int read_id(struct server *s, struct err *err)
{
	struct sqlite3_stmt *q = store_query(
		s->store, err, STORE_SQL("SELECT value FROM server WHERE name = 'id'"));
	int rc = store_step(q, err);

	if (rc == 1)
		store_text(q, 0, s->id, sizeof(s->id));
	store_query_finish(q);
	return rc;
}

/* Two first processes may both try: the first one's id stays. */
static int make_id(struct server *s, struct err *err)
{
	char id[SERVER_ID_SIZE];
	uint64_t random;
	int rc;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_errno(err, "getrandom");
	(void)snprintf(id, sizeof(id), "%016llx", (unsigned long long)random);
	rc = store_do(s->store, err,
		STORE_SQL("INSERT OR IGNORE INTO server (name, value) VALUES ('id', ?)"),
		STORE_T(id));
	if (!rc)
		rc = read_id(s, err);
	return rc < 0 ? rc : 0;
}

int server_open(struct server *s, const struct settings *settings, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc;

	*s = (struct server){.settings = settings};
	rc = store_open(&s->store, path_database(settings, path), err);
	if (!rc)
		rc = read_id(s, err);
	if (rc == 0 && s->store)
		rc = make_id(s, err);
	if (rc >= 0)
		rc = engine_open(&s->engine, settings->engine_host, err);
	if (rc) {
		server_close(s);
		return rc;
	}
	engine_set_timeout(s->engine, settings->engine_timeout);
	secrets_guard_log(s);
	return 0;
}

void server_close(struct server *s)
{
	secrets_finish(s);
	engine_close(s->engine);
	store_close(s->store);
	*s = (struct server){0};
}
