#include "receiver/commands/families.h"
#include "receiver/commands/storage.h"
#include "receiver/dispatch/command.h"

#include "builder/engine/engine.h"
#include "builder/life/folder.h"
#include "builder/life/volume.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/number.h"
#include "config/paths.h"
#include "config/record/mounts.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* storage: volumes by their names, whichever apps have them. */

#define LIVES_TEXT_SIZE 200

/* ---- whose volume is whose ---- */

int storage_check_volume(struct request *r, const struct volume *v, struct err *err)
{
	struct app app;
	bool may = command_is_admin(r);
	int rc = may || !v->ours || !*v->handle
		? ERR_NOTFOUND
		: app_find_handle(r->server.store, v->handle, &app, NULL);

	if (!rc)
		rc = command_may(r, &app, NEEDS_OWNER, &may, err);
	if (may)
		return 0;
	if (rc && rc != ERR_NOTFOUND)
		return rc;
	return err_set(err, ERR_DENIED,
		"the volume %s is not of an app that %s owns: ask a server admin",
		v->name, r->user.name);
}

int storage_find_volume(
	struct request *r, const char *name, struct volume *out, struct err *err)
{
	int rc = volume_find(&r->server, name, out, err);

	if (rc == ERR_NOTFOUND && !command_is_admin(r)) {
		*out = (struct volume){0};
		(void)snprintf(out->name, sizeof(out->name), "%s", name);
		rc = 0;
	}
	return rc ? rc : storage_check_volume(r, out, err);
}

/* What stands before _ in a volume's name is the app that the image's VOLUMEs go to: no
 * other app's owner may be there first. */
static int check_new_name(
	const struct request *r, const struct app *app, const char *name, struct err *err)
{
	const char *mark = strchr(name, '_');
	size_t len = mark ? (size_t)(mark - name) : 0;

	if (!mark || command_is_admin(r) ||
		(app && strlen(app->handle) == len && !strncmp(app->handle, name, len)))
		return 0;
	return err_set(err, ERR_DENIED,
		"a volume %s would be of the app %.*s: take a name without _, or %s_%s",
		name, (int)len, name, app ? app->handle : "APP", mark + 1);
}

int storage_have_volume(
	struct request *r, const struct app *app, const char *name, struct err *err)
{
	struct volume v;
	int rc = volume_check_name(name, err);

	if (!rc)
		rc = volume_find(&r->server, name, &v, err);
	if (rc != ERR_NOTFOUND)
		return rc ? rc : storage_check_volume(r, &v, err);
	rc = check_new_name(r, app, name, err);
	if (!rc)
		rc = volume_create(&r->server, name, app, NULL, err);
	if (!rc)
		command_say(r, "-----> Creating volume %s\n", name);
	return rc;
}

int storage_check_path(struct request *r, const char *path, struct err *err)
{
	struct stat st;
	int rc = command_root(r, "paths of the host", err);

	if (rc)
		return rc;
	if (path[0] != '/' || strchr(path, ':') || strstr(path, "/../"))
		return err_set(err, ERR_USAGE, "%.200s is not an absolute path", path);
	/* What bardo may not see may be there; and an Engine elsewhere has other paths.
	 */
	if (engine_is_local(r->server.engine) && stat(path, &st) < 0 && errno == ENOENT)
		return err_set(err, ERR_NOTFOUND,
			"there is no %.200s on this machine: make it first", path);
	return 0;
}

/* ---- lives ---- */

void storage_add_life(cJSON *entry, int life)
{
	cJSON *lives = cJSON_GetObjectItemCaseSensitive(entry, "lives");
	const cJSON *one;

	cJSON_ArrayForEach(one, lives)
	{
		if (one->valueint == life)
			return;
	}
	(void)cJSON_AddItemToArray(lives, cJSON_CreateNumber(life));
}

void storage_lives_text(const cJSON *entry, char *out, int size)
{
	const cJSON *one = cJSON_GetObjectItemCaseSensitive(entry, "lives")->child;
	int n = 0;

	out[0] = '\0';
	while (one && n < size) {
		const cJSON *last = one;

		while (last->next && last->next->valueint == last->valueint + 1)
			last = last->next;
		n += snprintf(out + n, (size_t)(size - n),
			last == one ? "%s%d" : "%s%d-%d", n ? ", " : "", one->valueint,
			last->valueint);
		one = last->next;
	}
}

/* ---- making ---- */

/* Dokku's word for a machine's own Engine says what is so anyway. */
static int check_scheduler(const char *name, struct err *err)
{
	return !name || !strcmp(name, "docker-local")
		? 0
		: err_set(err, ERR_USAGE,
			  "--scheduler %.40s: containers run on this machine's Engine, "
			  "docker-local",
			  name);
}

int run_storage_create(struct request *r, struct err *err)
{
	struct app app = {0};
	struct volume v;
	const char *name, *path, *scheduler = NULL;
	const struct command_option options[] = {{"--scheduler", NULL, NULL, &scheduler}};
	int first, rc = command_options(r, options, 1, 1, 3, err);

	if (!rc)
		rc = check_scheduler(scheduler, err);

	first = r->app_by_option ? 2 : 1;
	if (!rc && (r->argc <= first || r->argc > first + 2))
		rc = err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	if (rc)
		return rc;
	name = r->argv[first];
	path = r->argc > first + 1 ? r->argv[first + 1] : NULL;
	rc = volume_check_name(name, err);
	if (!rc && r->app_by_option)
		rc = command_app_named(r, r->argv[1], NEEDS_OWNER, &app, err);
	else if (!rc && !command_is_admin(r))
		rc = err_set(err, ERR_DENIED,
			"%s needs --app APP, the app that the volume is for: only server "
			"admins make volumes of no app",
			r->argv[0]);
	if (!rc)
		rc = check_new_name(r, r->app_by_option ? &app : NULL, name, err);
	if (!rc && path)
		rc = storage_check_path(r, path, err);
	if (!rc && volume_find(&r->server, name, &v, NULL) == 0)
		rc = err_set(err, ERR_EXISTS, "there is a volume %s already", name);
	if (!rc)
		rc = volume_create(
			&r->server, name, r->app_by_option ? &app : NULL, path, err);
	if (!rc)
		command_say(r, "-----> Creating volume %s\n", name);
	return rc;
}

/* Dokku's words for the users that its builders run programs as. */
static int read_owner(const char *text, int64_t *owner, struct err *err)
{
	static const struct {
		const char *name;
		int64_t owner;
	} owners[] = {
		{"false", -1},
		{"heroku", 1000},
		{"herokuish", 32767},
		{"packeto", 2000},
		{"paketo", 2000},
		{"root", 0},
	};

	for (size_t i = 0; i < sizeof(owners) / sizeof(owners[0]); i++) {
		if (!strcmp(owners[i].name, text)) {
			*owner = owners[i].owner;
			return 0;
		}
	}
	if (number_parse(text, 0, FOLDER_OWNER_MAX, owner) == 0)
		return 0;
	return err_set(err, ERR_USAGE,
		"--chown %.40s: it is herokuish, heroku, paketo, root, a number up to "
		"%d, or false to leave the owner as it is",
		text, FOLDER_OWNER_MAX);
}

int run_storage_ensure_directory(struct request *r, struct err *err)
{
	char parent[PATH_TEXT_MAX], path[PATH_TEXT_MAX + VOLUME_NAME_SIZE];
	const char *chown = "herokuish";
	const struct command_option options[] = {{"--chown", NULL, NULL, &chown}};
	int64_t owner = -1;
	int rc = command_options(r, options, 1, 1, 1, err);

	if (!rc)
		rc = volume_check_name(r->argv[1], err);
	if (!rc)
		rc = read_owner(chown, &owner, err);
	if (rc)
		return rc;
	(void)snprintf(path, sizeof(path), "%s/%s", path_storage(r->settings, parent),
		r->argv[1]);
	command_say(r, "-----> Ensuring %s exists\n", path);
	rc = io_make_dir(parent, 0755, err);
	/* One that is there may be somebody else's by now. */
	if (!rc && mkdir(path, 0755) < 0 && errno != EEXIST)
		rc = err_errno(err, "%s", path);
	if (!rc && owner >= 0)
		command_say(r, "       Setting directory ownership to %d:%d\n",
			(int)owner, (int)owner);
	if (!rc && owner >= 0)
		rc = folder_give(&r->server, parent, r->argv[1], owner, err);
	if (!rc)
		command_say(r, "       Directory ready for mounting\n");
	return rc;
}

/* ---- showing ---- */

static int add_use(void *ctx, const struct mount_use *u)
{
	cJSON *entry, *uses = ctx;

	cJSON_ArrayForEach(entry, uses)
	{
		const char *app = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(entry, "app"));
		const char *target = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(entry, "container_path"));

		if (!strcmp(app, u->app) && !strcmp(target, u->target))
			break;
	}
	if (!entry) {
		entry = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(entry, "app", u->app);
		(void)cJSON_AddStringToObject(entry, "container_path", u->target);
		(void)cJSON_AddArrayToObject(entry, "lives");
		(void)cJSON_AddItemToArray(uses, entry);
	}
	storage_add_life(entry, u->life);
	return 0;
}

static int describe(
	struct request *r, const struct volume *v, cJSON *out, struct err *err)
{
	struct app app = {0};

	if (*v->handle)
		(void)app_find_handle(r->server.store, v->handle, &app, NULL);
	(void)cJSON_AddStringToObject(out, "name", v->name);
	(void)cJSON_AddStringToObject(out, "app", app.name);
	(void)cJSON_AddStringToObject(out, "host_path", v->path);
	(void)cJSON_AddStringToObject(out, "created_at", v->created_at);
	return mounts_each_use(r->server.store, 0, v->name, add_use,
		cJSON_AddArrayToObject(out, "uses"), err);
}

static const char *text_of(const cJSON *entry, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, name));
}

static void print_volume(const struct request *r, const cJSON *v)
{
	const char *app = text_of(v, "app"), *path = text_of(v, "host_path");
	const cJSON *use;

	command_say(r, "=====> %s volume information\n", text_of(v, "name"));
	(void)printf("       App:                           %s\n", app);
	(void)printf("       Host path:                     %s\n", path);
	(void)printf(
		"       Created at:                    %s\n", text_of(v, "created_at"));
	cJSON_ArrayForEach(use, cJSON_GetObjectItemCaseSensitive(v, "uses"))
	{
		char lives[LIVES_TEXT_SIZE];

		storage_lives_text(use, lives, sizeof(lives));
		(void)printf("       Used by:                       %s:%s, lives %s\n",
			text_of(use, "app"), text_of(use, "container_path"), lives);
	}
}

int run_storage_info(struct request *r, struct err *err)
{
	struct volume v;
	bool json = false;
	cJSON *out;
	int rc = command_only_format(r, 1, 1, &json, err);

	if (!rc)
		rc = volume_check_name(r->argv[1], err);
	if (!rc)
		rc = storage_find_volume(r, r->argv[1], &v, err);
	if (rc)
		return rc;
	out = cJSON_CreateObject();
	rc = describe(r, &v, out, err);
	if (!rc && json)
		command_print_json(out);
	else if (!rc)
		print_volume(r, out);
	cJSON_Delete(out);
	return rc;
}

struct listing {
	struct request *request;
	cJSON *list; /* NULL: text */
	struct err *err;
};

static int list_volume(void *ctx, const struct volume *v)
{
	struct listing *l = ctx;
	cJSON *one;

	if (storage_check_volume(l->request, v, NULL) < 0)
		return 0;
	if (!l->list)
		return printf("%s\n", v->name) < 0 ? ERR_FAILED : 0;
	one = cJSON_CreateObject();
	(void)cJSON_AddItemToArray(l->list, one);
	return describe(l->request, v, one, l->err);
}

int storage_list_all(struct request *r, bool json, struct err *err)
{
	struct listing l = {.request = r, .err = err};
	int rc;

	if (json)
		l.list = cJSON_CreateArray();
	else
		command_say(r, "=====> Volumes\n");
	rc = volumes_each_ours(&r->server, list_volume, &l, err);
	if (!rc && json)
		command_print_json(l.list);
	cJSON_Delete(l.list);
	return rc;
}

int run_storage_list_entries(struct request *r, struct err *err)
{
	const char *format = NULL, *scheduler = NULL;
	const struct command_option options[] = {{"--format", NULL, NULL, &format},
		{"--scheduler", NULL, NULL, &scheduler}};
	bool json = false;
	int rc = command_options(r, options, 2, 0, 0, err);

	if (!rc)
		rc = check_scheduler(scheduler, err);
	if (!rc)
		rc = command_format(format, &json, err);
	return rc ? rc : storage_list_all(r, json, err);
}

/* ---- taking away ---- */

int run_storage_destroy(struct request *r, struct err *err)
{
	char what[VOLUME_NAME_SIZE + 64];
	struct volume v;
	int rc = command_options(r, NULL, 0, 1, 1, err);

	if (!rc)
		rc = volume_check_name(r->argv[1], err);
	if (!rc)
		rc = storage_find_volume(r, r->argv[1], &v, err);
	if (!rc)
		rc = volume_check_unused(&r->server, v.name, NULL, err);
	if (rc)
		return rc;
	(void)snprintf(what, sizeof(what), "destroy the volume %s and all that is in it",
		v.name);
	rc = command_confirm(r, v.name, what, err);
	if (!rc)
		rc = volume_remove(&r->server, v.name, err);
	if (rc == ERR_EXISTS)
		rc = err_set(err, ERR_BUSY, "a container still has %s: %s", v.name,
			"try again when it has ended");
	if (!rc)
		command_say(r, "-----> Destroying volume %s\n", v.name);
	return rc;
}
