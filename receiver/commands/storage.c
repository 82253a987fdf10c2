#include "receiver/commands/storage.h"
#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/app/listed.h"
#include "config/base/err.h"
#include "config/record/mounts.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* storage: what is mounted where in an app's containers. */

#define LIVES_TEXT_SIZE 200
#define REPORT_MAX (LISTED_MAX * (LISTED_TEXT_MAX + 8))
#define OPTIONS_MAX 64

/* ---- the words ---- */

/* "SOURCE:/PATH[:OPTIONS]", or "NAME --container-dir /PATH". */
struct mount {
	char source[LISTED_TEXT_MAX + 1];
	char target[LISTED_TEXT_MAX + 1]; /* "": any, to unmount */
	char options[OPTIONS_MAX];
	const char *phase; /* "" both */
	const char *process;
};

static int check_options(const char *options, struct err *err)
{
	static const char *const known[] = {"ro", "rw", "nocopy"};

	while (*options) {
		size_t len = strcspn(options, ",");
		bool fine = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			fine = fine ||
				(strlen(known[i]) == len &&
					!strncmp(known[i], options, len));
		if (!fine)
			return err_set(err, ERR_USAGE,
				"a mount has no option %.*s: there is ro, rw and nocopy",
				(int)(len > 40 ? 40 : len), options);
		options += len + (options[len] == ',');
	}
	return 0;
}

/* "/data//new/" is "/data/new": two of one place are found to be the same. */
static void clean_target(char *target)
{
	char *to = target;

	for (const char *c = target; *c; c++) {
		if (*c != '/' || to == target || to[-1] != '/')
			*to++ = *c;
	}
	if (to > target + 1 && to[-1] == '/')
		to--;
	*to = '\0';
}

/* "." and ".." lead the Engine elsewhere, perhaps to /, which it refuses when the old
 * life has stopped. */
static bool has_dots(const char *target)
{
	while ((target = strchr(target, '/'))) {
		size_t len = strcspn(++target, "/");

		if ((len == 1 && target[0] == '.') ||
			(len == 2 && target[0] == '.' && target[1] == '.'))
			return true;
	}
	return false;
}

static int check_target(const char *target, struct err *err)
{
	if (target[0] == '/' && target[1] && !strchr(target, ':') && !has_dots(target) &&
		strlen(target) <= LISTED_TEXT_MAX / 2)
		return 0;
	return err_set(err, ERR_USAGE,
		"%.100s is no folder of a container: it is SOURCE:/PATH[:OPTIONS]",
		*target ? target : "an empty text");
}

static int split(const char *text, struct mount *m, struct err *err)
{
	const char *target = strchr(text, ':');
	const char *options = target ? strchr(target + 1, ':') : NULL;
	size_t source_len = target ? (size_t)(target - text) : strlen(text);

	if (strlen(text) > LISTED_TEXT_MAX)
		return err_set(
			err, ERR_USAGE, "it is longer than %d bytes", LISTED_TEXT_MAX);
	(void)snprintf(m->source, sizeof(m->source), "%.*s", (int)source_len, text);
	if (target)
		(void)snprintf(m->target, sizeof(m->target), "%.*s",
			(int)(options ? (size_t)(options - target - 1)
				      : strlen(target + 1)),
			target + 1);
	if (options && strlen(options + 1) >= sizeof(m->options))
		return err_set(err, ERR_USAGE, "there are too many options");
	(void)snprintf(m->options, sizeof(m->options), "%s", options ? options + 1 : "");
	return *m->source ? 0
			  : err_set(err, ERR_USAGE,
				    "%.100s names no volume and no folder: it is "
				    "SOURCE:/PATH[:OPTIONS]",
				    text);
}

static int read_phases(const char *phases, struct mount *m, struct err *err)
{
	if (!phases || !strcmp(phases, "deploy,run") || !strcmp(phases, "run,deploy"))
		m->phase = "";
	else if (!strcmp(phases, "deploy") || !strcmp(phases, "run"))
		m->phase = phases;
	else
		return err_set(err, ERR_USAGE,
			"%.60s: a mount is for deploy, run, or deploy,run%s", phases,
			strstr(phases, "build") ? "; a build has no volumes" : "");
	return 0;
}

struct words {
	const char *directory, *options, *phases, *process;
	bool read_only;
};

static int read_mount(
	struct mount *m, const char *text, const struct words *w, struct err *err)
{
	int rc = split(text, m, err);

	if (!rc && w->directory)
		(void)snprintf(m->target, sizeof(m->target), "%s", w->directory);
	clean_target(m->target);
	if (!rc && w->options && strlen(w->options) >= sizeof(m->options) - 4)
		rc = err_set(err, ERR_USAGE, "there are too many options");
	if (!rc && w->options)
		(void)snprintf(m->options, sizeof(m->options), "%s", w->options);
	if (!rc && w->read_only)
		(void)snprintf(m->options + strlen(m->options),
			sizeof(m->options) - strlen(m->options), "%sro",
			*m->options ? "," : "");
	if (!rc)
		rc = check_options(m->options, err);
	if (!rc)
		rc = read_phases(w->phases, m, err);
	m->process = w->process ? w->process : "";
	if (!rc && *m->process)
		rc = command_process(m->process, err);
	return rc;
}

static int take_words(
	struct request *r, struct app *app, struct mount *m, struct err *err)
{
	struct words w = {0};
	const struct command_option options[] = {
		{"--container-dir", NULL, NULL, &w.directory},
		{"--volume-options", NULL, NULL, &w.options},
		{"--phases", NULL, NULL, &w.phases},
		{"--phase", NULL, NULL, &w.phases},
		{"--process-type", NULL, NULL, &w.process},
		{"--readonly", NULL, &w.read_only, NULL},
	};
	int rc = command_options(
		r, options, sizeof(options) / sizeof(options[0]), 2, 2, err);

	if (!rc)
		rc = command_app(r, app, err);
	return rc ? rc : read_mount(m, r->argv[2], &w, err);
}

/* ---- mounting ---- */

struct search {
	const struct mount *mount;
	char found[LISTED_TEXT_MAX + 1];
	char part[16], process[64];
	bool any;
};

/* Two things in one place of one container can't be. */
static int find_same_place(void *ctx, const struct listed *l)
{
	struct search *s = ctx;
	const struct mount *m = s->mount;
	struct mount there;

	if (split(l->text, &there, NULL) < 0 || strcmp(there.target, m->target) != 0)
		return 0;
	if ((*l->part && *m->phase && strcmp(l->part, m->phase) != 0) ||
		(*l->process && *m->process && strcmp(l->process, m->process) != 0))
		return 0;
	s->any = true;
	(void)snprintf(s->found, sizeof(s->found), "%s", l->text);
	return 0;
}

static int check_place(
	struct request *r, const struct app *app, const struct mount *m, struct err *err)
{
	struct search s = {.mount = m};
	int rc = check_target(m->target, err);

	if (!rc)
		rc = listed_each(
			r->server.store, app->id, LISTED_MOUNT, find_same_place, &s, err);
	if (!rc && s.any)
		rc = err_set(err, ERR_EXISTS,
			"%.200s is mounted there already: storage:unmount %s %.200s "
			"first",
			s.found, app->name, s.found);
	return rc;
}

int run_storage_mount(struct request *r, struct err *err)
{
	char text[2 * LISTED_TEXT_MAX + OPTIONS_MAX];
	struct mount m = {0};
	struct app app;
	struct listed l;
	int rc = take_words(r, &app, &m, err);

	if (!rc)
		rc = check_place(r, &app, &m, err);
	if (!rc)
		rc = m.source[0] == '/' ? storage_check_path(r, m.source, err)
					: storage_have_volume(r, &app, m.source, err);
	if (rc)
		return rc;
	(void)snprintf(text, sizeof(text), "%s:%s%s%s", m.source, m.target,
		*m.options ? ":" : "", m.options);
	l = (struct listed){m.phase, m.process, text};
	rc = listed_add(r->server.store, app.id, LISTED_MOUNT, &l, err);
	if (rc)
		return rc;
	command_say(
		r, "-----> Mounting %s into %s at %s\n", m.source, app.name, m.target);
	command_say_later(r, &app, false);
	return 0;
}

/* Which of the mounts is meant: the source, and the place where it is told. */
static int find_mounted(void *ctx, const struct listed *l)
{
	struct search *s = ctx;
	struct mount there;

	if (split(l->text, &there, NULL) < 0 ||
		strcmp(there.source, s->mount->source) != 0 ||
		(*s->mount->target && strcmp(there.target, s->mount->target) != 0) ||
		(*s->mount->process && strcmp(l->process, s->mount->process) != 0))
		return 0;
	s->any = true;
	(void)snprintf(s->found, sizeof(s->found), "%s", l->text);
	(void)snprintf(s->part, sizeof(s->part), "%s", l->part);
	(void)snprintf(s->process, sizeof(s->process), "%s", l->process);
	return 0;
}

static int unmount_all(struct request *r, struct err *err)
{
	bool all = false;
	const struct command_option options[] = {{"--all", NULL, &all, NULL}};
	struct app app = {0};
	int rc = command_options(r, options, 1, 1, 1, err);

	if (!rc)
		rc = command_app(r, &app, err);
	if (rc)
		return rc;
	rc = listed_clear(r->server.store, app.id, LISTED_MOUNT, NULL, err);
	if (rc)
		return rc;
	command_say(r, "-----> Unmounting everything\n");
	command_say_later(r, &app, false);
	return 0;
}

static bool has_word(const struct request *r, const char *word)
{
	for (int i = 1; i < r->argc; i++) {
		if (!strcmp(r->argv[i], word))
			return true;
	}
	return false;
}

int run_storage_unmount(struct request *r, struct err *err)
{
	struct mount m = {0};
	struct app app;
	int removed = 0, rc;

	if (has_word(r, "--all"))
		return unmount_all(r, err);
	rc = take_words(r, &app, &m, err);
	while (!rc) {
		struct search s = {.mount = &m};
		struct listed l = {s.part, s.process, s.found};

		rc = listed_each(
			r->server.store, app.id, LISTED_MOUNT, find_mounted, &s, err);
		if (rc || !s.any)
			break;
		rc = listed_remove(r->server.store, app.id, LISTED_MOUNT, &l, err);
		if (!rc)
			command_say(r, "-----> Unmounting %s\n", s.found);
		removed++;
	}
	if (!rc && !removed)
		rc = err_set(err, ERR_NOTFOUND,
			"%.200s is not mounted in %s: storage:list %s shows what is",
			r->argv[2], app.name, app.name);
	if (!rc)
		command_say_later(r, &app, false);
	return rc;
}

/* ---- showing ---- */

static cJSON *new_entry(
	cJSON *list, const char *source, const char *target, const char *options)
{
	cJSON *entry = cJSON_CreateObject();

	(void)cJSON_AddStringToObject(entry, "host_path", source);
	(void)cJSON_AddStringToObject(entry, "container_path", target);
	(void)cJSON_AddStringToObject(entry, "volume_options", options);
	(void)cJSON_AddStringToObject(entry, "phase", "");
	(void)cJSON_AddStringToObject(entry, "process_type", "");
	(void)cJSON_AddBoolToObject(entry, "volume", source[0] != '/');
	(void)cJSON_AddBoolToObject(entry, "mounted", false);
	(void)cJSON_AddBoolToObject(entry, "live", false);
	(void)cJSON_AddArrayToObject(entry, "lives");
	(void)cJSON_AddItemToArray(list, entry);
	return entry;
}

static void set_true(cJSON *entry, const char *name)
{
	(void)cJSON_ReplaceItemInObjectCaseSensitive(entry, name, cJSON_CreateBool(true));
}

static int add_mounted(void *ctx, const struct listed *l)
{
	struct mount m = {0};
	cJSON *entry;
	int rc = split(l->text, &m, NULL);

	if (rc)
		return rc;
	entry = new_entry(ctx, m.source, m.target, m.options);
	(void)cJSON_ReplaceItemInObjectCaseSensitive(
		entry, "phase", cJSON_CreateString(l->part));
	(void)cJSON_ReplaceItemInObjectCaseSensitive(
		entry, "process_type", cJSON_CreateString(l->process));
	set_true(entry, "mounted");
	return 0;
}

static const char *text_of(const cJSON *entry, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, name));
}

static int add_use(void *ctx, const struct mount_use *u)
{
	cJSON *list = ctx, *entry;
	bool found = false;

	cJSON_ArrayForEach(entry, list)
	{
		if (strcmp(text_of(entry, "host_path"), u->source) != 0 ||
			strcmp(text_of(entry, "container_path"), u->target) != 0)
			continue;
		found = true;
		storage_add_life(entry, u->life);
		if (u->live)
			set_true(entry, "live");
	}
	if (!found) {
		entry = new_entry(list, u->source, u->target, u->options);
		storage_add_life(entry, u->life);
		if (u->live)
			set_true(entry, "live");
	}
	return 0;
}

static bool is_set(const cJSON *entry, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, name));
}

/* What is mounted or serves as Dokku lists it; then which lives had what. */
static void print_list(const struct request *r, const struct app *app, const cJSON *list)
{
	const cJSON *entry;

	command_say(r, "-----> %s volume bind-mounts:\n", app->name);
	cJSON_ArrayForEach(entry, list)
	{
		const char *options = text_of(entry, "volume_options");

		if (is_set(entry, "mounted") || is_set(entry, "live"))
			(void)printf("       %s:%s%s%s\n", text_of(entry, "host_path"),
				text_of(entry, "container_path"), *options ? ":" : "",
				options);
	}
	if (r->quiet || !list->child)
		return;
	command_say(r, "-----> %s volumes by life:\n", app->name);
	cJSON_ArrayForEach(entry, list)
	{
		char lives[LIVES_TEXT_SIZE];

		storage_lives_text(entry, lives, sizeof(lives));
		(void)printf("       %-32s %s%s\n", text_of(entry, "host_path"),
			*lives ? "lives " : "none yet", lives);
	}
}

int run_storage_list(struct request *r, struct err *err)
{
	struct app app;
	bool json = false;
	cJSON *list;
	int rc = command_only_format(r, 0, 1, &json, err);

	if (!rc && r->argc == 1)
		return storage_list_all(r, json, err);
	if (!rc)
		rc = command_app(r, &app, err);
	if (rc)
		return rc;
	list = cJSON_CreateArray();
	rc = listed_each(r->server.store, app.id, LISTED_MOUNT, add_mounted, list, err);
	if (!rc)
		rc = mounts_each_use(r->server.store, app.id, NULL, add_use, list, err);
	if (!rc && json)
		command_print_json(list);
	else if (!rc)
		print_list(r, &app, list);
	cJSON_Delete(list);
	return rc;
}

static void append(cJSON *report, const char *key, const char *text)
{
	cJSON *row = cJSON_GetObjectItemCaseSensitive(report, key);
	char all[REPORT_MAX];
	const char *before = cJSON_GetStringValue(row);

	(void)snprintf(all, sizeof(all), "%s%s-v %s", before, *before ? " " : "", text);
	(void)cJSON_SetValuestring(row, all);
}

static int add_to_report(void *ctx, const struct listed *l)
{
	if (strcmp(l->part, "run") != 0)
		append(ctx, "storage-deploy-mounts", l->text);
	if (strcmp(l->part, "deploy") != 0)
		append(ctx, "storage-run-mounts", l->text);
	return 0;
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	(void)cJSON_AddStringToObject(out, "storage-build-mounts", "");
	(void)cJSON_AddStringToObject(out, "storage-deploy-mounts", "");
	(void)cJSON_AddStringToObject(out, "storage-run-mounts", "");
	return listed_each(
		r->server.store, app->id, LISTED_MOUNT, add_to_report, out, err);
}

int run_storage_report(struct request *r, struct err *err)
{
	return command_report(r, "storage", fill, false, err);
}
