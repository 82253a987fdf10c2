#include "receiver/commands/config.h"
#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/app/variables.h"
#include "config/app/variables_write.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <archive.h>
#include <archive_entry.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* config: what is set. Secrets are shown here, to those who may set them. */

int config_find(struct request *r, bool global, int min, int max,
	struct config_target *out, struct err *err)
{
	int words;

	*out = (struct config_target){
		.global = global, .app = {.id = EVERY_APP, .name = "global"}, .first = 1};
	if (!global)
		out->first = 2;
	words = r->argc - out->first;
	if (words < min || words > max)
		return err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	return global ? command_check_global(r, err) : command_app(r, &out->app, err);
}

/* The options that reading verbs have. */
struct look {
	bool global, merged, quoted;
	const char *format;
	struct config_target target;
	struct variables set;
};

static int open_look(struct request *r, struct look *l, int min, int max, struct err *err)
{
	const struct command_option options[] = {
		{"--global", NULL, &l->global, NULL},
		{"--merged", NULL, &l->merged, NULL},
		{"--format", NULL, NULL, &l->format},
		{"--quoted", NULL, &l->quoted, NULL},
	};
	int rc = command_options(r, options, 4, 0, max + 1, err);

	if (!rc)
		rc = config_find(r, l->global, min, max, &l->target, err);
	if (rc)
		return rc;
	return l->merged
		? variables_read_merged(r->server.store, l->target.app.id, &l->set, err)
		: variables_read(r->server.store, l->target.app.id, &l->set, err);
}

static int print_as(const struct variables *v, const char *format, struct err *err)
{
	struct buf out;
	int rc;

	buf_init(&out, VARIABLES_TEXT_MAX);
	rc = variables_write(&out, v, format, err);
	if (!rc)
		(void)fwrite(buf_text(&out), 1, out.len, stdout);
	buf_finish(&out);
	return rc;
}

int run_config_show(struct request *r, struct err *err)
{
	struct look l = {0};
	bool json = false;
	int rc = open_look(r, &l, 0, 0, err);

	if (!rc)
		rc = command_format(l.format, &json, err);
	if (!rc && !json)
		command_say(r, "=====> %s env vars\n", l.target.app.name);
	if (!rc)
		rc = print_as(&l.set, json ? "json" : "pretty", err);
	variables_finish(&l.set);
	return rc;
}

int run_config_get(struct request *r, struct err *err)
{
	struct look l = {0};
	const char *name, *value;
	struct buf out;
	int rc = open_look(r, &l, 1, 1, err);

	if (rc) {
		variables_finish(&l.set);
		return rc;
	}
	name = r->argv[l.target.first];
	value = variables_get(&l.set, name);
	buf_init(&out, VARIABLES_TEXT_MAX);
	if (!value)
		rc = err_set(
			err, ERR_NOTFOUND, "%s has no %.60s", l.target.app.name, name);
	else if (l.quoted)
		variables_write_quoted(&out, value);
	if (!rc)
		(void)printf("%s\n", l.quoted ? buf_text(&out) : value);
	buf_finish(&out);
	variables_finish(&l.set);
	return rc;
}

int run_config_keys(struct request *r, struct err *err)
{
	struct look l = {0};
	cJSON *names = NULL;
	bool json = false;
	int rc = open_look(r, &l, 0, 0, err);

	if (!rc)
		rc = command_format(l.format, &json, err);
	if (json)
		names = cJSON_CreateArray();
	for (size_t i = 0; i < l.set.len && !rc; i++) {
		if (json)
			(void)cJSON_AddItemToArray(
				names, cJSON_CreateString(l.set.items[i].name));
		else
			(void)printf("%s\n", l.set.items[i].name);
	}
	if (!rc && json)
		command_print_json(names);
	cJSON_Delete(names);
	variables_finish(&l.set);
	return rc;
}

int run_config_export(struct request *r, struct err *err)
{
	struct look l = {.format = "exports"};
	int rc = open_look(r, &l, 0, 0, err);

	if (!rc)
		rc = print_as(&l.set, l.format, err);
	variables_finish(&l.set);
	return rc;
}

/* ---- config:bundle: a file for each variable ---- */

static int add_file(struct archive *a, struct archive_entry *e, const struct variable *v)
{
	size_t len = strlen(v->value);

	(void)archive_entry_clear(e);
	archive_entry_set_pathname(e, v->name);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0600);
	archive_entry_set_size(e, (la_int64_t)len);
	if (archive_write_header(a, e) < ARCHIVE_OK)
		return -1;
	return archive_write_data(a, v->value, len) == (la_ssize_t)len ? 0 : -1;
}

static int write_bundle(const struct variables *v, struct err *err)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	int rc = a && e ? 0 : -1;

	(void)fflush(stdout);
	if (!rc &&
		(archive_write_set_format_pax_restricted(a) < ARCHIVE_OK ||
			archive_write_open_fd(a, STDOUT_FILENO) < ARCHIVE_OK))
		rc = -1;
	for (size_t i = 0; i < v->len && !rc; i++)
		rc = add_file(a, e, &v->items[i]);
	if (!rc)
		rc = archive_write_close(a) < ARCHIVE_OK ? -1 : 0;
	if (rc)
		rc = err_set(err, ERR_FAILED, "the tar: %s",
			a && archive_error_string(a) ? archive_error_string(a)
						     : "out of memory");
	archive_entry_free(e);
	(void)archive_write_free(a);
	return rc;
}

int run_config_bundle(struct request *r, struct err *err)
{
	struct look l = {0};
	int rc = open_look(r, &l, 0, 0, err);

	if (!rc)
		rc = write_bundle(&l.set, err);
	variables_finish(&l.set);
	return rc;
}
