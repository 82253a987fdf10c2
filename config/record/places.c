#include "config/record/places.h"

#include "config/base/err.h"
#include "config/record/pools.h"
#include "config/settings.h"
#include "config/store.h"

#include <stdio.h>
#include <string.h>

#define HOST_GATEWAY 1
#define HOST_FIRST 2
#define HOST_LAST 30
#define COLUMNS "life, process, position, host, name, leaving"

static char *format_name(
	const struct app *app, const struct place *p, char out[CONTAINER_NAME_SIZE])
{
	(void)snprintf(out, CONTAINER_NAME_SIZE, "bardo.%s.%s.%d.%d", app->name,
		p->process, p->life, p->position);
	return out;
}

static int find_free_host(struct store *s, int64_t app_id, int *out, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT min(n) FROM (SELECT ?2 AS n UNION ALL SELECT host + 1 "
			  "FROM "
			  "container WHERE app_id = ?1) WHERE n NOT IN "
			  "(SELECT host FROM container WHERE app_id = ?1)"),
		STORE_I(app_id), STORE_I(HOST_FIRST));
	int rc = store_step(q, err);

	if (rc == 1)
		*out = (int)store_int(q, 0);
	store_query_finish(q);
	if (rc < 0)
		return rc;
	if (*out > HOST_LAST)
		return err_set(err, ERR_FAILED,
			"the app's network is full: %d containers run or drain; ps:scale "
			"fewer, or try again when old lives are retired",
			HOST_LAST - HOST_FIRST + 1);
	return 0;
}

int place_has_name(struct store *s, const char *name, bool *has, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT 1 FROM container WHERE name = ?"), STORE_T(name));
	int rc = store_step(q, err);

	*has = rc == 1;
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

/* An app that has another name by now may have a container of this name still. */
static int choose_name(struct store *s, int64_t app_id, struct place *p, struct err *err)
{
	struct sqlite3_stmt *q = store_query(
		s, err, STORE_SQL("SELECT name FROM app WHERE id = ?"), STORE_I(app_id));
	struct app app = {.id = app_id};
	bool taken = false;
	int rc = store_step(q, err);

	if (rc == 1)
		store_text(q, 0, app.name, sizeof(app.name));
	store_query_finish(q);
	if (rc < 0)
		return rc;
	(void)format_name(&app, p, p->name);
	rc = place_has_name(s, p->name, &taken, err);
	if (!rc && taken)
		(void)snprintf(p->name, sizeof(p->name), "bardo.%s.%lld.%s.%d.%d",
			app.name, (long long)app_id, p->process, p->life, p->position);
	return rc;
}

static int next_position(
	struct store *s, const struct life *life, struct place *p, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT ifnull(max(position), 0) + 1 FROM container WHERE "
			  "app_id = ? AND life = ? AND process = ?"),
		STORE_I(life->app_id), STORE_I(p->life), STORE_T(p->process));
	int rc = store_step(q, err);

	if (rc == 1)
		p->position = (int)store_int(q, 0);
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

int place_reserve(struct store *s, const struct life *life, const char *process,
	int position, struct place *out, struct err *err)
{
	int rc = store_begin(s, err);

	if (rc)
		return rc;
	*out = (struct place){.life = life->number, .position = position};
	(void)snprintf(out->process, sizeof(out->process), "%s", process);
	rc = find_free_host(s, life->app_id, &out->host, err);
	if (!rc && !position)
		rc = next_position(s, life, out, err);
	if (!rc)
		rc = choose_name(s, life->app_id, out, err);
	if (!rc)
		rc = store_do(s, err,
			STORE_SQL("INSERT INTO container (app_id, life, process, "
				  "position, host, name) "
				  "VALUES (?, ?, ?, ?, ?, ?)"),
			STORE_I(life->app_id), STORE_I(out->life), STORE_T(process),
			STORE_I(out->position), STORE_I(out->host), STORE_T(out->name));
	return store_end(s, rc, err);
}

int place_release(
	struct store *s, const struct app *app, const struct place *p, struct err *err)
{
	return store_do(s, err,
		STORE_SQL("DELETE FROM container WHERE app_id = ? AND life = ? AND "
			  "process = ? "
			  "AND position = ?"),
		STORE_I(app->id), STORE_I(p->life), STORE_T(p->process),
		STORE_I(p->position));
}

int place_set_leaving(struct store *s, const struct app *app, const struct place *p,
	bool leaving, struct err *err)
{
	return store_do(s, err,
		STORE_SQL(
			"UPDATE container SET leaving = ? WHERE app_id = ? AND life = ? "
			"AND process = ? AND position = ?"),
		STORE_I(leaving), STORE_I(app->id), STORE_I(p->life), STORE_T(p->process),
		STORE_I(p->position));
}

static void read_place(struct sqlite3_stmt *q, struct place *p)
{
	p->life = (int)store_int(q, 0);
	store_text(q, 1, p->process, sizeof(p->process));
	p->position = (int)store_int(q, 2);
	p->host = (int)store_int(q, 3);
	store_text(q, 4, p->name, sizeof(p->name));
	p->leaving = store_int(q, 5) != 0;
}

int places_read(struct store *s, const struct app *app, int life, struct place *out,
	size_t *len, struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT " COLUMNS " FROM container "
			  "WHERE app_id = ?1 AND (?2 = 0 OR life = ?2) "
			  "ORDER BY life, process, position"),
		STORE_I(app->id), STORE_I(life));
	int rc = 0;

	*len = 0;
	while (*len < CONTAINERS_MAX && (rc = store_step(q, err)) == 1)
		read_place(q, &out[(*len)++]);
	store_query_finish(q);
	return rc < 0 ? rc : 0;
}

int place_find(struct store *s, const char *name, int64_t *app_id, struct place *out,
	struct err *err)
{
	struct sqlite3_stmt *q = store_query(s, err,
		STORE_SQL("SELECT " COLUMNS ", app_id FROM container WHERE name = ?"),
		STORE_T(name));
	int rc = store_step(q, err);

	if (rc == 1) {
		read_place(q, out);
		*app_id = store_int(q, 6);
	}
	store_query_finish(q);
	if (rc == 0)
		return err_set(err, ERR_NOTFOUND, "there is no container %.100s", name);
	return rc < 0 ? rc : 0;
}

char *place_container_name(
	const struct app *app, const struct place *p, char out[CONTAINER_NAME_SIZE])
{
	if (!*p->name)
		return format_name(app, p, out);
	memcpy(out, p->name, sizeof(p->name));
	return out;
}

static char *format_address(
	const struct settings *set, const struct app *app, int host, char *out)
{
	uint32_t subnet = pool_subnet(set, app->subnet);
	struct in_addr addr = {.s_addr = htonl(subnet + (uint32_t)host)};

	if (!inet_ntop(AF_INET, &addr, out, INET_ADDRSTRLEN))
		out[0] = '\0';
	return out;
}

char *place_address(const struct settings *set, const struct app *app,
	const struct place *p, char out[INET_ADDRSTRLEN])
{
	return format_address(set, app, p->host, out);
}

char *network_gateway(
	const struct settings *set, const struct app *app, char out[INET_ADDRSTRLEN])
{
	return format_address(set, app, HOST_GATEWAY, out);
}

char *network_subnet(
	const struct settings *set, const struct app *app, char out[INET_ADDRSTRLEN + 4])
{
	char base[INET_ADDRSTRLEN];

	(void)snprintf(out, INET_ADDRSTRLEN + 4, "%s/%d",
		format_address(set, app, 0, base), SUBNET_BITS);
	return out;
}
