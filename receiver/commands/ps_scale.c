#include "receiver/commands/families.h"
#include "receiver/commands/passages.h"
#include "receiver/commands/ps.h"
#include "receiver/dispatch/command.h"

#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/recipe/procfile.h"
#include "config/app/scale.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/record/places.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ps:scale: how many containers each process type has. */

#define WANTED_MAX PLAN_PROCESSES_MAX

struct scaling {
	struct scale_wish list[WANTED_MAX];
	size_t len;
	bool skip_deploy;
};

static int add_wanted(struct scaling *s, const char *word, struct err *err)
{
	const char *equals = strchr(word, '=');
	struct scale_wish *w = &s->list[s->len];
	int64_t n;

	if (s->len == WANTED_MAX)
		return err_set(err, ERR_USAGE, "more than %d process types", WANTED_MAX);
	if (!equals || (size_t)(equals - word) >= sizeof(w->process))
		return err_set(err, ERR_USAGE,
			"%.60s: expected PROCESS=COUNT, like web=2", word);
	(void)snprintf(
		w->process, sizeof(w->process), "%.*s", (int)(equals - word), word);
	if (!process_name_is_valid(w->process) || !strcmp(w->process, PLAN_RELEASE))
		return err_set(err, ERR_USAGE, "%s is no process type that can be scaled",
			*w->process ? w->process : "(nothing)");
	if (number_parse(equals + 1, 0, SCALE_COUNT_MAX, &n) < 0)
		return err_set(err, ERR_USAGE, "%.60s: the count is 0 to %d", word,
			SCALE_COUNT_MAX);
	w->count = (int)n;
	s->len++;
	return 0;
}

/* ---- what there is ---- */

static int put_count(void *ctx, const char *process, int count)
{
	cJSON *counts = ctx, *is = cJSON_GetObjectItemCaseSensitive(counts, process);

	if (is)
		return cJSON_SetNumberHelper(is, count) == count ? 0 : ERR_FAILED;
	return cJSON_AddNumberToObject(counts, process, count) ? 0 : ERR_FAILED;
}

/* What the live life has, and over it what is set for the next. */
static int read_counts(
	struct request *r, const struct app *app, cJSON *counts, struct err *err)
{
	struct plan plan = {0};
	struct plan_process p;
	struct life life;
	int rc = app->live ? life_find(r->server.store, app, app->live, &life, err) : 0;

	if (!rc && app->live)
		rc = life_read_plan(&r->server, &life, &plan, err);
	if (!rc && !app->live)
		rc = put_count(counts, PLAN_WEB, 1);
	for (size_t i = 0; !rc && plan.root && plan_process(&plan, i, &p); i++)
		rc = put_count(counts, p.name, p.count);
	plan_finish(&plan);
	return rc ? rc : scale_each(r->server.store, app->id, put_count, counts, err);
}

static int show(struct request *r, const struct app *app, bool json, struct err *err)
{
	cJSON *counts = cJSON_CreateObject(), *one;
	int rc = read_counts(r, app, counts, err);

	if (!rc && json)
		command_print_json(counts);
	if (!rc && !json)
		command_say(r, "-----> Scaling for %s\nproctype: qty\n--------: ---\n",
			app->name);
	cJSON_ArrayForEach(one, counts)
	{
		if (!rc && !json)
			(void)printf("%s: %d\n", one->string, one->valueint);
	}
	cJSON_Delete(counts);
	return rc;
}

/* A deploy has both lives' containers for a while. */
static void warn_if_narrow(struct request *r, const struct app *app)
{
	cJSON *counts = cJSON_CreateObject(), *one;
	int all = 0;

	(void)read_counts(r, app, counts, NULL);
	cJSON_ArrayForEach(one, counts)
	{
		all += one->valueint;
	}
	cJSON_Delete(counts);
	if (2 * all > CONTAINERS_MAX)
		(void)fprintf(stderr,
			" !     %d containers: each deploy needs as many again beside "
			"them, and an app has %d at most\n",
			all, CONTAINERS_MAX);
}

/* ---- changing it ---- */

static int write_down(struct request *r, const struct app *app, const struct scaling *s,
	struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->len && !rc; i++)
		rc = scale_set(r->server.store, app->id, s->list[i].process,
			s->list[i].count, err);
	return rc;
}

static int change(
	struct request *r, struct app *app, const struct scaling *s, struct err *err)
{
	struct ps_live live;
	int rc = ps_live_open(&live, r, app, err);

	for (size_t i = 0; i < s->len && !rc; i++)
		rc = plan_set_count(
			&live.plan, s->list[i].process, s->list[i].count, err);
	for (size_t i = 0; i < s->len && !rc; i++) {
		const char *volume = plan_exclusive_volume(&live.plan);

		if (volume && s->list[i].count > 1)
			say_detail(&live.say,
				"All of them have %s: two programs that write to it must "
				"know of each other",
				volume);
	}
	if (!rc)
		rc = ps_live_follow(&live, s->list, s->len, err);
	ps_live_close(&live);
	return rc;
}

int run_ps_scale(struct request *r, struct err *err)
{
	struct scaling s = {.len = 0};
	const char *format = NULL;
	const struct command_option options[] = {
		{"--skip-deploy", NULL, &s.skip_deploy, NULL},
		{"--format", NULL, NULL, &format}};
	struct app app;
	bool json = false;
	int lock, rc = command_options(r, options, 2, 1, 1 + WANTED_MAX, err);

	if (!rc)
		rc = command_format(format, &json, err);
	if (!rc)
		rc = command_app(r, &app, err);
	for (int i = 2; i < r->argc && !rc; i++)
		rc = add_wanted(&s, r->argv[i], err);
	if (rc)
		return rc;
	r->only_shows = !s.len;
	if (!s.len)
		return show(r, &app, json, err);
	rc = passage_lock(r, &app, &lock, err);
	if (rc)
		return rc;
	/* Only what works is written down; what isn't live can't be tried. */
	if (s.skip_deploy || !app.live || app.stopped)
		rc = write_down(r, &app, &s, err);
	else
		rc = app_check_unlocked(&app, err);
	if (!rc && !s.skip_deploy && app.live && !app.stopped)
		rc = change(r, &app, &s, err);
	if (!rc)
		warn_if_narrow(r, &app);
	(void)close(lock);
	return rc ? rc : show(r, &app, json, err);
}
