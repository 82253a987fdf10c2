#include "receiver/commands/families.h"
#include "receiver/commands/storage.h"
#include "receiver/dispatch/command.h"

#include "builder/engine/engine.h"
#include "config/base/err.h"
#include "config/record/apps.h"
#include "config/store.h"

#include <stdio.h>
#include <string.h>

/* storage: mounting and unmounting. */

#define TEXT_SIZE (2 * LISTED_TEXT_MAX + PLAN_MOUNT_OPTIONS_SIZE + 8)
/* The Engine mounts parts of volumes from here on (Docker 26). */
#define API_SUBPATH "1.45"

/* ---- mounting ---- */

/* What is at the place of a mount, and what it would take the place of. */
struct search {
	const struct storage_mount *mount;
	bool updates; /* what has the same source and process type is updated */
	char found[LISTED_TEXT_MAX + 1];
	char part[16], process[64];
	bool any;
};

static void keep_found(struct search *s, const struct listed *l)
{
	s->any = true;
	(void)snprintf(s->found, sizeof(s->found), "%s", l->text);
	(void)snprintf(s->part, sizeof(s->part), "%s", l->part);
	(void)snprintf(s->process, sizeof(s->process), "%s", l->process);
}

/* Two things in one place of one container can't be. */
static int find_same_place(void *ctx, const struct listed *l)
{
	struct search *s = ctx;
	const struct storage_mount *m = s->mount;
	struct storage_mount there;

	if (storage_split(l->text, &there, NULL) < 0 ||
		strcmp(there.target, m->target) != 0)
		return 0;
	if ((*l->part && *m->phase && strcmp(l->part, m->phase) != 0) ||
		(*l->process && *m->process && strcmp(l->process, m->process) != 0))
		return 0;
	keep_found(s, l);
	return 0;
}

/* The source, and the place and the process type where they are told. */
static int find_mounted(void *ctx, const struct listed *l)
{
	struct search *s = ctx;
	const struct storage_mount *m = s->mount;
	struct storage_mount there;

	if (storage_split(l->text, &there, NULL) == 0 &&
		!strcmp(there.source, m->source) &&
		(!*m->target || !strcmp(there.target, m->target)) &&
		(s->updates || *m->process ? !strcmp(l->process, m->process) : true))
		keep_found(s, l);
	return 0;
}

static int find_process(void *ctx, const struct listed *l)
{
	struct search *s = ctx;

	if (!strcmp(l->process, s->mount->process))
		keep_found(s, l);
	return 0;
}

/* Takes away what find finds; how many there were. */
static int remove_found(struct request *r, const struct app *app, struct search *s,
	int (*find)(void *ctx, const struct listed *l), bool tell, int *removed,
	struct err *err)
{
	int rc;

	*removed = 0;
	for (;;) {
		struct listed l = {s->part, s->process, s->found};

		s->any = false;
		rc = listed_each(r->server.store, app->id, LISTED_MOUNT, find, s, err);
		if (rc || !s->any)
			return rc;
		rc = listed_remove(r->server.store, app->id, LISTED_MOUNT, &l, err);
		if (rc)
			return rc;
		if (tell)
			command_say(r, "-----> Unmounting %s\n", s->found);
		++*removed;
	}
}

static int check_place(struct request *r, const struct app *app,
	const struct storage_mount *m, struct err *err)
{
	struct search s = {.mount = m};
	int rc = listed_each(
		r->server.store, app->id, LISTED_MOUNT, find_same_place, &s, err);

	if (!rc && s.any)
		rc = err_set(err, ERR_EXISTS,
			"%.200s is mounted there already: storage:unmount %s %.200s "
			"first",
			s.found, app->name, s.found);
	return rc;
}

static int check_subpath(
	struct request *r, const struct storage_mount *m, struct err *err)
{
	bool speaks = false;
	int rc;

	if (!strstr(m->options, PLAN_MOUNT_SUBPATH))
		return 0;
	if (m->source[0] == '/')
		return err_set(err, ERR_USAGE,
			"a part of a folder of the host is a folder: name that");
	rc = engine_speaks(r->server.engine, API_SUBPATH, &speaks, err);
	if (!rc && !speaks)
		rc = err_set(err, ERR_FAILED,
			"this Docker Engine can't mount a part of a volume: upgrade it "
			"to 26 or newer (API " API_SUBPATH
			"), or mount the volume and let the program go there");
	return rc;
}

/* All that can be wrong with it but what else is there; makes its volume. */
static int prepare(struct request *r, const struct app *app, const char *text,
	const struct storage_words *w, struct err *err)
{
	struct storage_mount m = {0};
	int rc = storage_read_mount(&m, text, w, err);

	if (!rc)
		rc = storage_check_target(m.target, err);
	if (!rc)
		rc = check_subpath(r, &m, err);
	if (rc)
		return rc;
	return m.source[0] == '/' ? storage_check_path(r, m.source, err)
				  : storage_have_volume(r, app, m.source, err);
}

static int add(struct request *r, const struct app *app, const char *given,
	const struct storage_words *w, int *updated, struct err *err)
{
	char text[TEXT_SIZE];
	struct storage_mount m = {0};
	struct search same = {.mount = &m, .updates = true};
	struct listed l;
	int rc = storage_read_mount(&m, given, w, err);

	if (!rc && w->directory)
		rc = remove_found(r, app, &same, find_mounted, false, updated, err);
	if (!rc)
		rc = check_place(r, app, &m, err);
	if (rc)
		return rc;
	(void)snprintf(text, sizeof(text), "%s:%s%s%s", m.source, m.target,
		*m.options ? ":" : "", m.options);
	l = (struct listed){m.phase, m.process, text};
	return listed_add(r->server.store, app->id, LISTED_MOUNT, &l, err);
}

/* All of them or none. */
static int write_down(struct request *r, const struct app *app,
	const struct storage_words *w, int *updated, struct err *err)
{
	const struct storage_mount scope = {.process = w->process ? w->process : ""};
	struct search all = {.mount = &scope};
	int removed, rc = store_begin(r->server.store, err);

	if (rc)
		return rc;
	if (w->replace)
		rc = remove_found(r, app, &all, find_process, false, &removed, err);
	for (int i = 2; i < r->argc && !rc; i++)
		rc = add(r, app, r->argv[i], w, updated, err);
	return store_end(r->server.store, rc, err);
}

static int tell(struct request *r, const struct app *app, const char *text,
	const struct storage_words *w, bool updated, struct err *err)
{
	struct storage_mount m = {0};
	int rc = storage_read_mount(&m, text, w, err);

	if (!rc)
		command_say(r, "-----> %s %s into %s at %s\n",
			updated ? "Updating the mount of" : "Mounting", m.source,
			app->name, m.target);
	return rc;
}

int run_storage_mount(struct request *r, struct err *err)
{
	struct storage_words w = {0};
	struct app app;
	int updated = 0, rc = storage_take_words(r, &w, true, &app, err);

	for (int i = 2; i < r->argc && !rc; i++)
		rc = prepare(r, &app, r->argv[i], &w, err);
	if (!rc)
		rc = write_down(r, &app, &w, &updated, err);
	for (int i = 2; i < r->argc && !rc; i++)
		rc = tell(r, &app, r->argv[i], &w, updated, err);
	if (!rc)
		command_say_later(r, &app, false);
	return rc;
}

/* ---- unmounting ---- */

static int check_mounted(struct request *r, const struct app *app, const char *text,
	const struct storage_words *w, struct err *err)
{
	struct storage_mount m = {0};
	struct search s = {.mount = &m};
	int rc = storage_read_mount(&m, text, w, err);

	if (!rc)
		rc = listed_each(
			r->server.store, app->id, LISTED_MOUNT, find_mounted, &s, err);
	if (!rc && !s.any)
		rc = err_set(err, ERR_NOTFOUND,
			"%.200s is not mounted in %s: storage:list %s shows what is",
			text, app->name, app->name);
	return rc;
}

static int unmount(struct request *r, const struct app *app, const char *text,
	const struct storage_words *w, struct err *err)
{
	struct storage_mount m = {0};
	struct search s = {.mount = &m};
	int removed, rc = storage_read_mount(&m, text, w, err);

	return rc ? rc : remove_found(r, app, &s, find_mounted, true, &removed, err);
}

static int unmount_all(struct request *r, const struct app *app,
	const struct storage_words *w, struct err *err)
{
	const struct storage_mount scope = {.process = w->process ? w->process : ""};
	struct search all = {.mount = &scope};
	int removed;

	command_say(r, "-----> Unmounting everything%s%s\n", w->process ? " of " : "",
		scope.process);
	return w->process
		? remove_found(r, app, &all, find_process, true, &removed, err)
		: listed_clear(r->server.store, app->id, LISTED_MOUNT, NULL, err);
}

int run_storage_unmount(struct request *r, struct err *err)
{
	struct storage_words w = {0};
	struct app app;
	int rc = storage_take_words(r, &w, false, &app, err);

	for (int i = 2; i < r->argc && !rc; i++)
		rc = check_mounted(r, &app, r->argv[i], &w, err);
	if (!rc && w.all)
		rc = unmount_all(r, &app, &w, err);
	for (int i = 2; i < r->argc && !rc; i++)
		rc = unmount(r, &app, r->argv[i], &w, err);
	if (!rc)
		command_say_later(r, &app, false);
	return rc;
}
