#include "receiver/commands/lives.h"
#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/record/lives.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SHORT_COMMIT 12

static void add_time(cJSON *o, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	if (!ms) {
		(void)cJSON_AddNullToObject(o, name);
		return;
	}
	clock_format(ms, text);
	(void)cJSON_AddStringToObject(o, name, text);
}

static void add_phases(cJSON *o, const struct request *r, const struct life *l)
{
	cJSON *phases = cJSON_AddObjectToObject(o, "phases");
	struct phase list[PHASES_MAX];
	int len = 0;

	(void)life_read_phases(r->server.store, l, list, &len, NULL);
	for (int i = 0; i < len; i++)
		(void)cJSON_AddNumberToObject(phases, list[i].name, (double)list[i].ms);
}

/* The documented shape of a life (docs/JSON.md): fields are only ever added. */
static cJSON *life_to_json(
	const struct request *r, const struct app *app, const struct life *l)
{
	const struct {
		const char *name, *value;
	} texts[] = {
		{"state", life_state_name(l->state)},
		{"commit", l->commit},
		{"version", l->version},
		{"tag", l->tag},
		{"image", l->image_id},
		{"user", l->user},
		{"key", l->key},
		{"source", l->source},
		{"url", l->url},
		{"reason", l->reason},
	};
	cJSON *o = cJSON_CreateObject();

	(void)cJSON_AddNumberToObject(o, "life", l->number);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		(void)cJSON_AddStringToObject(o, texts[i].name, texts[i].value);
	add_time(o, "created_at", l->created_at);
	add_time(o, "live_at", l->live_at);
	add_time(o, "ended_at", l->ended_at);
	add_phases(o, r, l);
	(void)cJSON_AddBoolToObject(o, "stable", l->number == app->stable);
	return o;
}

struct listing {
	const struct request *r;
	const struct app *app;
	cJSON *json; /* NULL: text */
};

static int list_life(void *ctx, const struct life *l)
{
	const struct listing *listing = ctx;
	char when[CLOCK_TEXT_MAX];

	if (listing->json) {
		(void)cJSON_AddItemToArray(
			listing->json, life_to_json(listing->r, listing->app, l));
		return 0;
	}
	clock_format(l->created_at, when);
	(void)printf("%4d  %-9s  %.*s  %-12s  %-7s  %s  %s%s%s%s\n", l->number,
		life_state_name(l->state), SHORT_COMMIT, l->commit,
		*l->version ? l->version : "-", l->source, when, l->user,
		l->number == listing->app->stable ? "  (stable)" : "",
		*l->reason ? "  " : "", l->reason);
	return 0;
}

int run_lives(struct request *r, struct err *err)
{
	struct app app;
	struct listing listing = {.r = r, .app = &app};
	bool json;
	int rc = command_only_format(r, 1, 1, &json, err);

	if (!rc)
		rc = command_app_ever(r, &app, err);
	if (rc)
		return rc;
	if (json)
		listing.json = cJSON_CreateArray();
	else
		command_say(r, "%4s  %-9s  %-12s  %-12s  %-7s  %-20s  %s\n", "LIFE",
			"STATE", "COMMIT", "VERSION", "SOURCE", "CREATED", "BY");
	rc = lives_each(r->server.store, &app, 0, list_life, &listing, err);
	if (!rc && json)
		command_print_json(listing.json);
	cJSON_Delete(listing.json);
	return rc;
}

static void print_info(
	const struct request *r, const struct app *app, const struct life *l)
{
	cJSON *o = life_to_json(r, app, l);
	const cJSON *field;

	command_say(r, "=====> Life %d of %s\n", l->number, r->argv[1]);
	cJSON_ArrayForEach(field, o)
	{
		const char *text = cJSON_GetStringValue(field);

		if (text && *text)
			(void)printf("       %-12s %s\n", field->string, text);
	}
	cJSON_ArrayForEach(field, cJSON_GetObjectItemCaseSensitive(o, "phases"))(void)
		printf("       %-12s %.0f ms\n", field->string, field->valuedouble);
	cJSON_Delete(o);
}

int run_lives_info(struct request *r, struct err *err)
{
	struct life life;
	struct app app;
	bool json;
	int number, rc = command_only_format(r, 2, 2, &json, err);

	if (!rc)
		rc = command_app_ever(r, &app, err);
	if (!rc)
		rc = command_life_number(r->argv[2], &number, err);
	if (!rc)
		rc = life_find(r->server.store, &app, number, &life, err);
	if (rc)
		return rc;
	if (json) {
		cJSON *o = life_to_json(r, &app, &life);

		command_print_json(o);
		cJSON_Delete(o);
	} else {
		print_info(r, &app, &life);
	}
	return 0;
}

static int copy_to_stdout(const char *path, struct err *err)
{
	char block[16384];
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOTFOUND, "this life left no log");
	if (fd < 0)
		return err_errno(err, "%s", path);
	while ((n = read(fd, block, sizeof(block))) > 0) {
		if (io_write_all(STDOUT_FILENO, block, (size_t)n) < 0)
			break;
	}
	(void)close(fd);
	return n < 0 ? err_errno(err, "%s", path) : 0;
}

int lives_print_log(struct request *r, const struct app *app, int number, struct err *err)
{
	char path[PATH_TEXT_MAX];

	return copy_to_stdout(path_life_log(r->settings, app, number, path), err);
}

int run_lives_log(struct request *r, struct err *err)
{
	struct life life;
	struct app app = {0};
	int number = 0, rc = command_options(r, NULL, 0, 1, 2, err);

	if (!rc)
		rc = command_app_ever(r, &app, err);
	if (!rc && r->argc > 2)
		rc = command_life_number(r->argv[2], &number, err);
	else if (!rc)
		number = app.last_life;
	if (!rc && !number)
		rc = err_set(err, ERR_NOTFOUND,
			"%s has no life yet: git push makes the first", app.name);
	if (!rc)
		rc = life_find(r->server.store, &app, number, &life, err);
	return rc ? rc : lives_print_log(r, &app, number, err);
}
