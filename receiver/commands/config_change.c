#include "receiver/commands/config.h"
#include "receiver/commands/families.h"
#include "receiver/commands/passages.h"
#include "receiver/dispatch/command.h"

#include "builder/secrets.h"
#include "config/app/envfile.h"
#include "config/app/variables.h"
#include "config/base/array.h"
#include "config/base/base64.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* config: what changes it. A change of a live app is a new life with the same image. */

#define STDIN_MAX (8 * 1024 * 1024)

struct change {
	bool global, no_restart;
	struct config_target target;
	struct variables set;
	const char *const *unset; /* names */
	size_t unset_len;
};

static void change_finish(struct change *c)
{
	variables_finish(&c->set);
}

/* ---- the new life ---- */

static void complain(struct request *r, const struct app *app, struct err *why)
{
	secrets_hide(&r->server, why->msg, sizeof(why->msg));
	if (*why->msg)
		(void)printf(" !     %s: %s\n", app->name, why->msg);
}

/* What is set stays set: the mistake may be elsewhere, and one after the other may be
 * needed. */
static void tell_of_failure(struct request *r, const struct app *app, struct err *why)
{
	complain(r, app, why);
	(void)printf(" !     The variables are changed all the same: the next life of %s "
		     "has them.\n",
		app->name);
}

static int check_may_renew(const struct app *app, struct err *err)
{
	if (!app->locked_at)
		return 0;
	return err_set(err, ERR_BUSY,
		"%s is locked, and nothing was changed: apps:unlock %s, or --no-restart "
		"to change its variables alone",
		app->name, app->name);
}

static int renew(struct request *r, struct app *app, int lock)
{
	struct err why = {0};
	int rc;

	command_say(r, "-----> Restarting app %s\n", app->name);
	(void)fflush(stdout);
	rc = passage_renew(r, app, lock, "config", &why);
	if (rc)
		tell_of_failure(r, app, &why);
	return rc < 0 ? err_exit_status(rc) : rc;
}

/* ---- one app ---- */

static void tell(const struct request *r, const struct change *c)
{
	size_t width = 0;

	for (size_t i = 0; i < c->unset_len; i++)
		command_say(r, "-----> Unsetting %s\n", c->unset[i]);
	if (!c->set.len)
		return;
	command_say(r, "-----> Setting config vars\n");
	for (size_t i = 0; i < c->set.len; i++) {
		size_t len = strlen(c->set.items[i].name);

		width = len > width ? len : width;
	}
	/* Dokku shows the values here. */
	for (size_t i = 0; i < c->set.len; i++)
		(void)printf("       %s:%*s********\n", c->set.items[i].name,
			(int)(width - strlen(c->set.items[i].name)) + 2, "");
}

static int write_change(
	struct request *r, struct change *c, int *changed, struct err *err)
{
	int rc = variables_change(r->server.store, c->target.app.id, &c->set, c->unset,
		c->unset_len, changed, err);

	if (!rc && !r->quiet)
		tell(r, c);
	if (!rc && !*changed)
		command_say(r, "       Nothing is different from before.\n");
	return rc;
}

static int change_app(struct request *r, struct change *c, struct err *err)
{
	struct app *app = &c->target.app;
	int changed, lock, rc;

	if (c->no_restart || !app->live)
		return write_change(r, c, &changed, err);
	rc = passage_wait_lock(r, app, &lock, err);
	if (rc)
		return rc;
	rc = check_may_renew(app, err);
	if (!rc)
		rc = write_change(r, c, &changed, err);
	if (!rc && changed && app->live && !app->stopped)
		return renew(r, app, lock);
	if (!rc && changed && app->stopped)
		(void)printf(
			"       %s is stopped: its next life has them.\n", app->name);
	(void)close(lock);
	return rc;
}

/* ---- every app ---- */

struct affected {
	struct request *request;
	const struct change *change;
	const struct variables *before; /* the global ones */
	struct app *apps;
	size_t len, cap;
	struct err *err;
};

/* Whether a variable that the change makes another is one that the app doesn't have of
 * its own. */
static bool is_affected(const struct affected *a, const struct variables *own)
{
	const struct change *c = a->change;

	for (size_t i = 0; i < c->unset_len; i++) {
		if (variables_get(a->before, c->unset[i]) &&
			!variables_get(own, c->unset[i]))
			return true;
	}
	for (size_t i = 0; i < c->set.len; i++) {
		const struct variable *v = &c->set.items[i];
		const char *old = variables_get(a->before, v->name);

		if ((!old || strcmp(old, v->value)) && !variables_get(own, v->name))
			return true;
	}
	return false;
}

static int add_app(struct affected *a, const struct app *app)
{
	if (array_reserve(&a->apps, a->len, &a->cap, sizeof(*a->apps)))
		return err_set(a->err, ERR_FAILED, "out of memory");
	a->apps[a->len++] = *app;
	return 0;
}

static int collect(void *ctx, const struct app *app)
{
	struct affected *a = ctx;
	struct variables own = {0};
	bool affected;
	int rc;

	if (!app->live)
		return 0;
	rc = variables_read(a->request->server.store, app->id, &own, a->err);
	affected = !rc && is_affected(a, &own);
	variables_finish(&own);
	return affected ? add_app(a, app) : rc;
}

static int renew_one(struct request *r, struct app *app)
{
	struct err why = {0};
	int lock, rc = passage_wait_lock(r, app, &lock, &why);

	if (rc) {
		complain(r, app, &why);
		return rc;
	}
	if (app->live && !app->stopped)
		return renew(r, app, lock);
	(void)close(lock);
	return 0;
}

/* One that fails stops no other. */
static int renew_all(struct request *r, struct affected *a, struct err *err)
{
	size_t failed = 0;

	for (size_t i = 0; i < a->len; i++)
		failed += renew_one(r, &a->apps[i]) != 0;
	if (!failed)
		return 0;
	return err_set(err, ERR_FAILED,
		"%zu of %zu apps go on with the life before, and what was said above is "
		"why",
		failed, a->len);
}

static int change_global(struct request *r, struct change *c, struct err *err)
{
	struct variables before = {0};
	struct affected a = {.request = r, .change = c, .before = &before, .err = err};
	int changed, rc = variables_read(r->server.store, EVERY_APP, &before, err);

	if (!rc)
		rc = write_change(r, c, &changed, err);
	if (!rc && changed && !c->no_restart)
		rc = apps_each(r->server.store, collect, &a, err);
	if (!rc)
		rc = renew_all(r, &a, err);
	free(a.apps);
	variables_finish(&before);
	return rc;
}

static int carry_out(struct request *r, struct change *c, struct err *err)
{
	return c->target.global ? change_global(r, c, err) : change_app(r, c, err);
}

/* ---- standard input ---- */

static int read_stdin(
	struct request *r, const char *what, struct buf *out, struct err *err)
{
	int rc;

	if (isatty(STDIN_FILENO) && !r->quiet)
		(void)fprintf(stderr, "       %s, please; Ctrl-D ends it\n", what);
	buf_init(out, STDIN_MAX);
	rc = io_read_all(STDIN_FILENO, out, err);
	if (rc)
		rc = err_set(err, ERR_USAGE, "more than %d MiB on standard input",
			STDIN_MAX / 1024 / 1024);
	return rc;
}

/* ---- config:set ---- */

/* A value as it was given; in base64 it may hold what no word can. */
static int put(struct change *c, const char *name, const char *value, size_t len,
	bool encoded, struct err *err)
{
	char *text = malloc(len + 4);
	ssize_t n = (ssize_t)len;
	int rc = 0;

	if (!text)
		return err_set(err, ERR_FAILED, "out of memory");
	if (encoded)
		n = base64_decode(value, len, text);
	else
		memcpy(text, value, len);
	if (n < 0)
		rc = err_set(err, ERR_USAGE, "the value of %.60s is not base64", name);
	else if (memchr(text, '\0', (size_t)n))
		rc = err_set(err, ERR_USAGE,
			"the value of %.60s has a NUL in it, which no environment "
			"variable "
			"can have",
			name);
	if (!rc) {
		text[n] = '\0';
		rc = variables_put(&c->set, name, text, err);
	}
	free(text);
	return rc;
}

/* A word that is no KEY=VALUE may be a part of a secret: it is told by its place, and the
 * record of this command gets none such. */
static void forget_words(struct request *r, int from)
{
	for (int i = from; i < r->argc; i++) {
		if (!strchr(r->argv[i], '='))
			r->argv[i][0] = '\0';
	}
}

static int put_word(
	struct change *c, char *word, int place, bool encoded, struct err *err)
{
	char *equals = strchr(word, '=');

	if (!equals)
		return err_set(err, ERR_USAGE,
			"word %d is not KEY=VALUE: quote a value that has blanks, or "
			"give "
			"it by --stdin KEY on standard input",
			place);
	*equals = '\0';
	return put(c, word, equals + 1, strlen(equals + 1), encoded, err);
}

/* One newline at the end is echo's, not the secret's. */
static int put_from_stdin(struct request *r, struct change *c, const char *name,
	bool encoded, struct err *err)
{
	struct buf in;
	int rc = read_stdin(r, "The value", &in, err);

	if (in.len && in.data[in.len - 1] == '\n')
		in.len--;
	if (in.len && in.data[in.len - 1] == '\r')
		in.len--;
	if (!rc)
		rc = put(c, name, buf_text(&in), in.len, encoded, err);
	buf_finish(&in);
	return rc;
}

int run_config_set(struct request *r, struct err *err)
{
	struct change c = {0};
	bool encoded = false;
	const char *from_stdin = NULL;
	const struct command_option options[] = {
		{"--encoded", NULL, &encoded, NULL},
		{"--no-restart", NULL, &c.no_restart, NULL},
		{"--global", NULL, &c.global, NULL},
		{"--stdin", NULL, NULL, &from_stdin},
	};
	int rc = command_options(r, options, 4, 0, VARIABLES_MAX, err);

	if (!rc)
		rc = config_find(
			r, c.global, from_stdin ? 0 : 1, VARIABLES_MAX, &c.target, err);
	for (int i = c.target.first; i < r->argc && !rc; i++) {
		rc = put_word(&c, r->argv[i], i, encoded, err);
		if (rc)
			forget_words(r, i);
	}
	if (!rc && from_stdin)
		rc = put_from_stdin(r, &c, from_stdin, encoded, err);
	if (!rc)
		rc = carry_out(r, &c, err);
	change_finish(&c);
	return rc;
}

int run_config_unset(struct request *r, struct err *err)
{
	struct change c = {0};
	const struct command_option options[] = {
		{"--no-restart", NULL, &c.no_restart, NULL},
		{"--global", NULL, &c.global, NULL},
	};
	int rc = command_options(r, options, 2, 1, VARIABLES_MAX, err);

	if (!rc)
		rc = config_find(r, c.global, 1, VARIABLES_MAX, &c.target, err);
	if (rc)
		return rc;
	c.unset = (const char *const *)r->argv + c.target.first;
	c.unset_len = (size_t)(r->argc - c.target.first);
	return carry_out(r, &c, err);
}

/* ---- all at once ---- */

/* The names of those that are set and don't come in c->set; free *names, not the texts.
 */
static int unset_others(struct change *c, const struct variables *is, const char ***names,
	struct err *err)
{
	*names = calloc(is->len + 1, sizeof(**names));
	if (!*names)
		return err_set(err, ERR_FAILED, "out of memory");
	for (size_t i = 0; i < is->len; i++) {
		if (!variables_get(&c->set, is->items[i].name))
			(*names)[c->unset_len++] = is->items[i].name;
	}
	c->unset = *names;
	return 0;
}

/* Makes c->set all that there is. */
static int replace_all(struct request *r, struct change *c, struct err *err)
{
	struct variables is = {0};
	const char **names = NULL;
	int rc = variables_read(r->server.store, c->target.app.id, &is, err);

	if (!rc)
		rc = unset_others(c, &is, &names, err);
	if (!rc)
		rc = carry_out(r, c, err);
	free(names);
	variables_finish(&is);
	return rc;
}

int run_config_clear(struct request *r, struct err *err)
{
	struct change c = {0};
	const struct command_option options[] = {
		{"--no-restart", NULL, &c.no_restart, NULL},
		{"--global", NULL, &c.global, NULL},
	};
	int rc = command_options(r, options, 2, 0, 1, err);

	if (!rc)
		rc = config_find(r, c.global, 0, 0, &c.target, err);
	return rc ? rc : replace_all(r, &c, err);
}

static int parse(
	struct change *c, const char *format, const struct buf *in, struct err *err)
{
	if (!format || !strcmp(format, "envfile"))
		return envfile_parse(&c->set, buf_text(in), in->len, err);
	if (!strcmp(format, "json"))
		return variables_parse_json(&c->set, buf_text(in), in->len, err);
	return err_set(err, ERR_USAGE, "--format %.40s: it is envfile or json", format);
}

static int import(struct request *r, struct change *c, const char *format, bool replace,
	struct err *err)
{
	struct buf in;
	int rc = read_stdin(r, "The variables, NAME=VALUE", &in, err);

	if (!rc)
		rc = parse(c, format, &in, err);
	buf_finish(&in);
	/* What was to be piped in may have been forgotten. */
	if (!rc && !c->set.len)
		rc = err_set(err, ERR_USAGE,
			"there are no variables on standard input: config:clear takes "
			"all "
			"away");
	if (rc)
		return rc;
	return replace ? replace_all(r, c, err) : carry_out(r, c, err);
}

/* "config:import APP < .env"; "-" is standard input, too. */
int run_config_import(struct request *r, struct err *err)
{
	struct change c = {0};
	const char *format = NULL;
	bool replace = false;
	const struct command_option options[] = {
		{"--format", NULL, NULL, &format},
		{"--replace", NULL, &replace, NULL},
		{"--no-restart", NULL, &c.no_restart, NULL},
		{"--global", NULL, &c.global, NULL},
	};
	int rc = command_options(r, options, 4, 0, 2, err);

	if (!rc)
		rc = config_find(r, c.global, 0, 1, &c.target, err);
	if (!rc && r->argc > c.target.first && strcmp(r->argv[c.target.first], "-") != 0)
		rc = err_set(err, ERR_USAGE, "the file is on your side: %s %s < FILE",
			r->argv[0], c.global ? "--global" : c.target.app.name);
	if (!rc)
		rc = import(r, &c, format, replace, err);
	change_finish(&c);
	return rc;
}
