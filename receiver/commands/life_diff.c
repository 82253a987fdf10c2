#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/git/history.h"
#include "builder/life/life.h"
#include "builder/life/plan.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "builder/secrets.h"
#include "config/base/err.h"
#include "config/paths.h"
#include "config/record/lives.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* lives:diff: what differs between two lives. Names of variables are told, values never
 * are. */

#define COMMITS_MAX 100
#define ENTRY_MAX 2048
#define SHORT_COMMIT 12
#define SHORT_IMAGE 19 /* sha256: and as much */

struct side {
	struct life life;
	struct plan plan;
};

/* ---- single values ---- */

static void add_texts(cJSON *out, const char *name, const char *from, const char *to)
{
	cJSON *o = cJSON_AddObjectToObject(out, name);

	(void)cJSON_AddStringToObject(o, "from", from);
	(void)cJSON_AddStringToObject(o, "to", to);
}

static void add_numbers(cJSON *out, const char *name, int from, int to)
{
	cJSON *o = cJSON_AddObjectToObject(out, name);

	(void)cJSON_AddNumberToObject(o, "from", from);
	(void)cJSON_AddNumberToObject(o, "to", to);
}

/* ---- lists, as texts that are in the one and not in the other ---- */

/* Of "--env KEY=value" the value isn't shown. */
static void hide_value(char *text)
{
	size_t name = strcspn(text, " =");

	if (strncmp(text, "-e", name) != 0 && strncmp(text, "--env", name) != 0)
		return;
	if (text[name])
		name += 1 + strcspn(text + name + 1, "=");
	text[name] = '\0';
}

static void name_mount(const cJSON *e, char *out)
{
	const char *options = plan_text(e, "options"), *process = plan_text(e, "process");

	(void)snprintf(out, ENTRY_MAX, "%s:%s%s%s%s%s", plan_text(e, "source"),
		plan_text(e, "target"), *options ? ":" : "", options,
		*process ? " for " : "", process);
}

static void add_place(const cJSON *e, const char *text, char *out)
{
	const char *process = plan_text(e, "process"), *phase = plan_text(e, "phase");

	(void)snprintf(out, ENTRY_MAX, "%s%s%s%s%s", text, *phase ? " for " : "", phase,
		*process ? " of " : "", process);
}

static void name_option(const cJSON *e, char *out)
{
	add_place(e, plan_text(e, "text"), out);
}

static void show_option(const cJSON *e, char *out)
{
	char text[ENTRY_MAX / 2];

	(void)snprintf(text, sizeof(text), "%s", plan_text(e, "text"));
	hide_value(text);
	add_place(e, text, out);
}

/* For who may not see docker-options:report. */
static void show_option_alone(const cJSON *e, char *out)
{
	char text[ENTRY_MAX / 2];

	(void)snprintf(text, sizeof(text), "%s", plan_text(e, "text"));
	text[strcspn(text, " =")] = '\0';
	add_place(e, text, out);
}

static void name_resource(const cJSON *e, char *out)
{
	const char *process = plan_text(e, "process");

	(void)snprintf(out, ENTRY_MAX, "%s %s=%s%s%s", plan_text(e, "kind"),
		plan_text(e, "name"), plan_text(e, "value"), *process ? " for " : "",
		process);
}

static void name_text(const cJSON *e, char *out)
{
	const char *text = cJSON_GetStringValue(e);

	(void)snprintf(out, ENTRY_MAX, "%s", text ? text : "");
}

typedef void name_entry(const cJSON *entry, char *out);

static bool has_entry(const cJSON *list, name_entry *name, const char *text)
{
	char other[ENTRY_MAX];
	const cJSON *e;

	cJSON_ArrayForEach(e, list)
	{
		name(e, other);
		if (!strcmp(other, text))
			return true;
	}
	return false;
}

/* Adds to out what list has and other has not, by its name; shown another way. */
static void add_missing(cJSON *out, const cJSON *list, const cJSON *other,
	name_entry *name, name_entry *show)
{
	char text[ENTRY_MAX];
	const cJSON *e;

	cJSON_ArrayForEach(e, list)
	{
		name(e, text);
		if (has_entry(other, name, text))
			continue;
		show(e, text);
		(void)cJSON_AddItemToArray(out, cJSON_CreateString(text));
	}
}

static void add_list(cJSON *out, const char *part, const struct side *from,
	const struct side *to, name_entry *name, name_entry *show)
{
	const cJSON *a = plan_part(&from->plan, part), *b = plan_part(&to->plan, part);
	cJSON *o = cJSON_AddObjectToObject(out, part);

	add_missing(cJSON_AddArrayToObject(o, "added"), b, a, name, show);
	add_missing(cJSON_AddArrayToObject(o, "removed"), a, b, name, show);
}

/* Objects of texts, by their names alone. */
static void add_names(cJSON *out, const char *name, const cJSON *from, const cJSON *to)
{
	cJSON *o = cJSON_AddObjectToObject(out, name);
	cJSON *added = cJSON_AddArrayToObject(o, "added");
	cJSON *removed = cJSON_AddArrayToObject(o, "removed");
	cJSON *changed = cJSON_AddArrayToObject(o, "changed");
	const cJSON *e;

	cJSON_ArrayForEach(e, to)
	{
		const cJSON *before = cJSON_GetObjectItemCaseSensitive(from, e->string);

		if (!before)
			(void)cJSON_AddItemToArray(added, cJSON_CreateString(e->string));
		else if (!cJSON_Compare(before, e, true))
			(void)cJSON_AddItemToArray(
				changed, cJSON_CreateString(e->string));
	}
	cJSON_ArrayForEach(e, from)
	{
		if (!cJSON_GetObjectItemCaseSensitive(to, e->string))
			(void)cJSON_AddItemToArray(
				removed, cJSON_CreateString(e->string));
	}
}

/* Process types whose number or command differs: {"web": {"from": 1, "to": 2}}. */
static cJSON *scale_of(const struct plan *plan, bool commands)
{
	cJSON *out = cJSON_CreateObject();
	struct plan_process p;

	for (size_t i = 0; plan_process(plan, i, &p); i++) {
		if (!commands)
			(void)cJSON_AddNumberToObject(out, p.name, p.count);
		else
			(void)cJSON_AddStringToObject(
				out, p.name, p.command ? p.command : "");
	}
	return out;
}

static int number_of(const cJSON *scale, const char *process)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(scale, process);

	return cJSON_IsNumber(n) ? n->valueint : 0;
}

static void add_scale(cJSON *out, const struct side *from, const struct side *to)
{
	cJSON *o = cJSON_AddObjectToObject(out, "scale");
	cJSON *a = scale_of(&from->plan, false), *b = scale_of(&to->plan, false);
	const cJSON *e;

	cJSON_ArrayForEach(e, b)
	{
		if (number_of(a, e->string) != e->valueint)
			add_numbers(o, e->string, number_of(a, e->string), e->valueint);
	}
	cJSON_ArrayForEach(e, a)
	{
		if (!cJSON_GetObjectItemCaseSensitive(b, e->string) && e->valueint)
			add_numbers(o, e->string, e->valueint, 0);
	}
	cJSON_Delete(a);
	cJSON_Delete(b);
}

static void add_commands(cJSON *out, const struct side *from, const struct side *to)
{
	cJSON *a = scale_of(&from->plan, true), *b = scale_of(&to->plan, true);

	add_names(out, "processes", a, b);
	cJSON_Delete(a);
	cJSON_Delete(b);
}

/* ---- commits ---- */

/* A summary may quote a secret. */
struct commits {
	const struct mask *mask;
	cJSON *list;
};

static int add_commit(void *ctx, const char *commit, const char *summary)
{
	const struct commits *c = ctx;
	cJSON *o = cJSON_CreateObject();
	cJSON *text = cJSON_AddStringToObject(o, "summary", summary);

	(void)cJSON_AddStringToObject(o, "commit", commit);
	if (text) {
		mask_string(c->mask, text->valuestring);
		say_plain(text->valuestring);
	}
	return cJSON_AddItemToArray(c->list, o) ? 0 : ERR_FAILED;
}

static int add_commits(struct request *r, const struct app *app, const struct side *from,
	const struct side *to, cJSON *out, struct err *err)
{
	cJSON *o = cJSON_AddObjectToObject(out, "commits");
	char path[PATH_TEXT_MAX];
	bool more_added = false, more_removed = false;
	struct mask *mask = NULL;
	int rc = secrets_mask(&r->server, app->id, &mask, err);
	struct commits added = {mask, cJSON_AddArrayToObject(o, "added")};
	struct commits removed = {mask, cJSON_AddArrayToObject(o, "removed")};

	(void)path_repository(r->settings, app, path);
	if (!rc)
		rc = history_each(path, from->life.commit, to->life.commit, COMMITS_MAX,
			&more_added, add_commit, &added, err);
	if (!rc)
		rc = history_each(path, to->life.commit, from->life.commit, COMMITS_MAX,
			&more_removed, add_commit, &removed, err);
	mask_destroy(mask);
	(void)cJSON_AddBoolToObject(o, "more", more_added || more_removed);
	return rc;
}

/* The documented shape (docs/JSON.md). */
static int compare(struct request *r, const struct app *app, const struct side *from,
	const struct side *to, cJSON *out, struct err *err)
{
	const struct plan *a = &from->plan, *b = &to->plan;
	bool owns;
	int rc = command_may(r, app, NEEDS_OWNER, &owns, err);

	if (rc)
		return rc;
	(void)cJSON_AddStringToObject(out, "app", app->name);
	(void)cJSON_AddNumberToObject(out, "from", from->life.number);
	(void)cJSON_AddNumberToObject(out, "to", to->life.number);
	add_texts(out, "commit", from->life.commit, to->life.commit);
	add_texts(out, "version", from->life.version, to->life.version);
	add_texts(out, "tag", from->life.tag, to->life.tag);
	add_texts(out, "image", from->life.image_id, to->life.image_id);
	add_numbers(out, "port", plan_port(a), plan_port(b));
	add_texts(out, "restart", plan_restart(a), plan_restart(b));
	add_numbers(out, "stop_timeout", plan_stop_timeout(a), plan_stop_timeout(b));
	add_texts(out, "tld", plan_tld(a), plan_tld(b));
	add_texts(out, "log_size", plan_log_size(a), plan_log_size(b));
	add_scale(out, from, to);
	add_commands(out, from, to);
	add_names(out, "config", plan_part(a, "env"), plan_part(b, "env"));
	add_names(out, "scripts", plan_part(a, "scripts"), plan_part(b, "scripts"));
	add_list(out, "mounts", from, to, name_mount, name_mount);
	add_list(out, "networks", from, to, name_text, name_text);
	add_list(out, "options", from, to, name_option,
		owns ? show_option : show_option_alone);
	add_list(out, "resources", from, to, name_resource, name_resource);
	return add_commits(r, app, from, to, out, err);
}

/* ---- for people ---- */

static void print_values(const cJSON *row, const char *label)
{
	const cJSON *from = cJSON_GetObjectItemCaseSensitive(row, "from");
	const cJSON *to = cJSON_GetObjectItemCaseSensitive(row, "to");
	int shown = !strcmp(row->string, "commit") ? SHORT_COMMIT
		: !strcmp(row->string, "image")	   ? SHORT_IMAGE
						   : ENTRY_MAX;

	if (cJSON_Compare(from, to, true))
		return;
	if (cJSON_IsNumber(from))
		(void)printf(
			"       %-13s %d -> %d\n", label, from->valueint, to->valueint);
	else
		(void)printf("       %-13s %.*s -> %.*s\n", label, shown,
			*from->valuestring ? from->valuestring : "(none)", shown,
			*to->valuestring ? to->valuestring : "(none)");
}

static void print_list(const cJSON *row, const char *part, const char *label, char sign)
{
	const cJSON *e;

	cJSON_ArrayForEach(e, cJSON_GetObjectItemCaseSensitive(row, part))
	{
		const char *commit = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(e, "commit"));

		if (commit)
			(void)printf("       %-13s %c %.*s %s\n", label, sign,
				SHORT_COMMIT, commit,
				cJSON_GetStringValue(
					cJSON_GetObjectItemCaseSensitive(e, "summary")));
		else
			(void)printf("       %-13s %c %s\n", label, sign,
				cJSON_GetStringValue(e));
	}
}

static void print_row(const cJSON *row)
{
	char label[32];

	(void)snprintf(label, sizeof(label), "%s:", row->string);
	if (cJSON_GetObjectItemCaseSensitive(row, "from")) {
		print_values(row, label);
		return;
	}
	print_list(row, "added", label, '+');
	print_list(row, "removed", label, '-');
	print_list(row, "changed", label, '~');
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(row, "more")))
		(void)printf("       %-13s … and more\n", label);
}

static void print_text(const struct request *r, const cJSON *out, const struct app *app,
	const struct side *from, const struct side *to)
{
	const cJSON *row, *process;

	command_say(r, "=====> From life %d to life %d of %s\n", from->life.number,
		to->life.number, app->name);
	cJSON_ArrayForEach(row, out)
	{
		if (strcmp(row->string, "scale") != 0) {
			if (cJSON_IsObject(row))
				print_row(row);
			continue;
		}
		cJSON_ArrayForEach(process, row)
		{
			char label[96];

			(void)snprintf(
				label, sizeof(label), "scale %s:", process->string);
			print_values(process, label);
		}
	}
}

/* ---- the command ---- */

static int read_side(struct request *r, const struct app *app, int number,
	struct side *out, struct err *err)
{
	int rc = life_find(r->server.store, app, number, &out->life, err);

	if (rc)
		return rc;
	if (out->life.created_at < app->created_at)
		return err_set(err, ERR_FAILED,
			"life %d is from before %s was destroyed: its commit and "
			"configuration are gone",
			number, app->name);
	/* One whose build failed has no configuration yet. */
	if (!*out->life.image_id)
		return 0;
	return life_read_plan(&r->server, &out->life, &out->plan, err);
}

/* Without M the live one, without N the last good one before that. */
static int find_numbers(
	struct request *r, const struct app *app, int *from, int *to, struct err *err)
{
	struct life good;
	int rc = 0;

	*to = app->live;
	if (r->argc > 3)
		rc = command_life_number(r->argv[3], to, err);
	else if (!app->live)
		rc = err_set(err, ERR_NOTFOUND, "nothing of %s is live", app->name);
	if (rc || r->argc > 2)
		return rc ? rc : command_life_number(r->argv[2], from, err);
	rc = life_find_good(r->server.store, app, app->live, &good, err);
	*from = rc ? 0 : good.number;
	return rc;
}

int run_lives_diff(struct request *r, struct err *err)
{
	struct side from = {0}, to = {0};
	struct app app = {0};
	cJSON *out = NULL;
	bool json = false;
	int a = 0, b = 0, rc = command_only_format(r, 1, 3, &json, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (!rc)
		rc = find_numbers(r, &app, &a, &b, err);
	if (!rc)
		rc = read_side(r, &app, a, &from, err);
	if (!rc)
		rc = read_side(r, &app, b, &to, err);
	if (!rc) {
		out = cJSON_CreateObject();
		rc = compare(r, &app, &from, &to, out, err);
	}
	if (!rc && json)
		command_print_json(out);
	else if (!rc)
		print_text(r, out, &app, &from, &to);
	cJSON_Delete(out);
	plan_finish(&from.plan);
	plan_finish(&to.plan);
	return rc;
}
