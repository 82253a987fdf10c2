#include "receiver/dispatch/record.h"

#include "builder/secrets.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/record/apps.h"
#include "config/record/events.h"
#include "config/settings.h"
#include "config/store.h"
#include "receiver/dispatch/command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Trimming looks at every kind: once in a while is enough. */
#define TRIM_EVERY 32
#define WORD_LEN_MAX 64

/* What a row that is told of may show of its words beside the app: nothing, unless its
 * verb stands here. "*:set" is the set of every family. */
static const struct shown {
	const char *verb;
	enum { SHOW_ALL, SHOW_NAMES /* of NAME=VALUE */, SHOW_FIRST } words;
} shown[] = {
	{"acl:grant", SHOW_ALL},
	{"acl:revoke", SHOW_ALL},
	{"apps:clone", SHOW_ALL},
	{"apps:rename", SHOW_ALL},
	{"certs:generate", SHOW_ALL},
	{"checks:disable", SHOW_ALL},
	{"checks:enable", SHOW_ALL},
	{"checks:skip", SHOW_ALL},
	{"config:clear", SHOW_NAMES},
	{"config:set", SHOW_NAMES},
	{"config:unset", SHOW_NAMES},
	{"domains:add", SHOW_ALL},
	{"domains:add-global", SHOW_ALL},
	{"domains:remove", SHOW_ALL},
	{"domains:remove-global", SHOW_ALL},
	{"domains:set", SHOW_ALL},
	{"domains:set-global", SHOW_ALL},
	{"lives:revive", SHOW_ALL},
	{"lives:stable", SHOW_ALL},
	{"network:create", SHOW_ALL},
	{"network:destroy", SHOW_ALL},
	{"ports:add", SHOW_ALL},
	{"ports:remove", SHOW_ALL},
	{"ports:set", SHOW_ALL},
	{"proxy:set", SHOW_ALL},
	{"ps:scale", SHOW_ALL},
	{"ssh-keys:add", SHOW_FIRST},
	{"ssh-keys:remove", SHOW_FIRST},
	{"storage:create", SHOW_ALL},
	{"storage:destroy", SHOW_ALL},
	{"storage:ensure-directory", SHOW_ALL},
	{"storage:mount", SHOW_ALL},
	{"storage:unmount", SHOW_ALL},
	{"users:add", SHOW_FIRST},
	{"users:remove", SHOW_FIRST},
	{"users:set", SHOW_ALL},
	{"*:set", SHOW_FIRST},
};

static const struct shown *find_shown(const char *verb)
{
	const char *colon = strrchr(verb, ':');

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (!strcmp(shown[i].verb, verb) ||
			(shown[i].verb[0] == '*' && colon &&
				!strcmp(shown[i].verb + 1, colon)))
			return &shown[i];
	}
	return NULL;
}

/* [A-Za-z_][A-Za-z0-9_]*, as variables are called. */
static bool is_name(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)word[i]) && word[i] != '_')
			return false;
	}
	return len && !isdigit((unsigned char)*word);
}

static bool is_plain(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)word[i]) && !strchr("._:/=@+,-", word[i]))
			return false;
	}
	return len && len <= WORD_LEN_MAX;
}

static void add_word(struct event *e, const char *word, size_t len)
{
	size_t used = strlen(e->what);

	if (!is_plain(word, len)) {
		word = "…";
		len = strlen(word);
	}
	(void)snprintf(e->what + used, sizeof(e->what) - used, " %.*s", (int)len, word);
}

/* Words are only known apart from options and their values once these were taken out. */
static void describe(const struct request *r, struct event *e)
{
	const struct shown *s = find_shown(r->command->verb);
	int at = 1;

	(void)snprintf(e->what, sizeof(e->what), "%s", r->command->verb);
	if (!s || !r->options_taken)
		return;
	if (r->argc > 1 && !strcmp(r->argv[1], e->app))
		at++;
	for (int i = at; i < r->argc; i++) {
		size_t len = strlen(r->argv[i]);

		if (s->words == SHOW_NAMES)
			len = strcspn(r->argv[i], "=");
		if (s->words == SHOW_NAMES && !is_name(r->argv[i], len))
			len = 0;
		if (s->words != SHOW_FIRST || i == at)
			add_word(e, r->argv[i], len);
	}
}

/* The app that the command was about: the one that it looked up, else its first word, if
 * that is one: with --global it is something else. */
static void find_app(const struct request *r, struct event *e)
{
	const char *name = r->about;
	struct app app;

	if (!*name && r->options_taken && r->argc > 1 &&
		!strncmp(r->command->arguments, "APP", 3) &&
		app_find_ever(r->server.store, r->argv[1], &app, NULL) == 0)
		name = app.name;
	(void)snprintf(e->app, sizeof(e->app), "%s", name);
	e->app_id = r->about_id;
	if (*name && !e->app_id && app_find_ever(r->server.store, name, &app, NULL) == 0)
		e->app_id = app.id;
}

/* Cut where no character is torn. */
static void set_text(struct event *e, const char *text)
{
	size_t len = strnlen(text, sizeof(e->text) - 1);

	while (text[len] && len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(e->text, text, len);
	e->text[len] = '\0';
}

static void set_user(const struct request *r, struct event *e)
{
	(void)snprintf(e->user, sizeof(e->user), "%s", r->user.name);
	(void)snprintf(e->key, sizeof(e->key), "%s", r->key);
	(void)snprintf(e->peer, sizeof(e->peer), "%s", r->peer);
}

static void add(struct request *r, struct event *e)
{
	struct err err = {0};
	int rc;

	set_user(r, e);
	secrets_hide(&r->server, e->what, sizeof(e->what));
	store_relax(r->server.store);
	rc = underway_end(r->server.store, &r->underway, e, &err);
	if (!rc && (e->id % TRIM_EVERY == 0 || r->settings->events_keep < TRIM_EVERY))
		rc = events_trim(r->server.store, r->settings->events_keep, &err);
	store_be_durable(r->server.store);
	if (rc)
		log_warn("no event of %s by %s: %s", e->what, e->user, err.msg);
}

/* Options aren't known from words yet: an app that stands first, or with --app, and may
 * be none. */
static void guess_app(const struct request *r, struct event *e)
{
	const char *name = r->app_name ? r->app_name : r->argc > 1 ? r->argv[1] : "";
	struct app app;

	if (*name == '/')
		name++;
	if (app_find(r->server.store, name, &app, NULL) < 0)
		return;
	e->app_id = app.id;
	(void)snprintf(e->app, sizeof(e->app), "%s", app.name);
}

void record_begin(struct request *r)
{
	struct event e = {.kind = EVENT_COMMAND};
	struct err err = {0};

	if (!r->server.store || r->as_server || r->command->does != DOES_CHANGE)
		return;
	set_user(r, &e);
	guess_app(r, &e);
	(void)snprintf(e.what, sizeof(e.what), "%s", r->command->verb);
	store_relax(r->server.store);
	if (underway_begin(r->server.store, r->settings, &e, &r->underway, &err) < 0)
		log_warn("no note that %s by %s began: %s", e.what, e.user, err.msg);
	store_be_durable(r->server.store);
}

/* It changed nothing after all. */
static void end_quietly(struct request *r)
{
	struct err err = {0};

	if (!r->underway.id)
		return;
	store_relax(r->server.store);
	if (underway_end(r->server.store, &r->underway, NULL, &err) < 0)
		log_warn("%s: %s", r->command->verb, err.msg);
	store_be_durable(r->server.store);
}

void record_login(struct request *r)
{
	struct event e = {.kind = EVENT_LOGIN, .what = "login"};

	add(r, &e);
}

void record_unknown_key(struct request *r, const struct err *err)
{
	struct event e = {.kind = EVENT_REFUSAL, .status = err_exit_status(err->code)};

	set_text(&e, err->msg);
	add(r, &e);
}

void record_command(struct request *r, int status, const struct err *err)
{
	bool refused = status == ERR_DENIED;
	struct event e = {.kind = refused ? EVENT_REFUSAL : EVENT_COMMAND};

	bool changes = r->command->does == DOES_CHANGE && !r->only_shows;

	if (!r->server.store || r->as_server)
		return;
	if (status == ERR_USAGE || (!refused && !changes)) {
		end_quietly(r);
		return;
	}
	e.status = status < 0 ? err_exit_status(status) : status;
	if (status < 0)
		set_text(&e, err->msg);
	find_app(r, &e);
	describe(r, &e);
	add(r, &e);
}
