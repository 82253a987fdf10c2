#include "receiver/dispatch/entry.h"

#include "builder/engine/engine.h"
#include "builder/secrets.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/door.h"
#include "receiver/dispatch/command.h"
#include "receiver/dispatch/record.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct command *find_command(
	const char *verb, const char *next, struct err *err)
{
	const struct command *c = command_find(verb);
	const char *near, *instead = command_elsewhere(verb, NULL);

	if (c)
		return c;
	if (instead) {
		(void)err_set(err, ERR_USAGE, "bardo has no %.60s: %s", verb, instead);
		return NULL;
	}
	near = command_suggest(verb, next);
	if (near)
		(void)err_set(err, ERR_USAGE,
			"there is no command %.60s: did you mean %s? `help` shows what "
			"there is",
			verb, near);
	else
		(void)err_set(err, ERR_USAGE,
			"there is no command %.60s: `help` shows what there is", verb);
	return NULL;
}

/* For CI: whoever steals such a key learns nothing and takes nothing away. */
static int check_key(const struct request *r, const struct command *c, struct err *err)
{
	if (!r->user.deploy_only || !strcmp(c->verb, "git-receive-pack"))
		return 0;
	return err_set(err, ERR_DENIED,
		"the key %s of %s is deploy-only: it can push and nothing else", r->key,
		r->user.name);
}

/* Roles for an app are checked when it is known which one (command_app). */
static int check_rights(const struct request *r, const struct command *c, struct err *err)
{
	int rc = check_key(r, c, err);

	if (rc || r->as_server || r->on_host || c->needs < NEEDS_CREATE)
		return rc;
	if (c->needs == NEEDS_SERVER)
		return err_set(err, ERR_DENIED, "%s is for bardod and the host's shell",
			c->verb);
	if (r->user.admin || (c->needs == NEEDS_CREATE && r->user.may_create))
		return 0;
	return err_set(err, ERR_DENIED,
		"%s is for server admins%s, and %s is none: ask one", c->verb,
		c->needs == NEEDS_CREATE ? " and users who may make apps" : "",
		r->user.name);
}

static bool take_leading_option(struct request *r, int *at)
{
	const char *word = r->argv[*at];

	if (!strcmp(word, "--quiet"))
		r->quiet = true;
	else if (!strcmp(word, "--force"))
		r->force = true;
	else if (!strcmp(word, "--app") && *at + 1 < r->argc)
		r->app_name = r->argv[++*at];
	else
		return false;
	return true;
}

/* "--quiet --app shop VERB …": takes what stands before the verb. */
static int take_leading_options(struct request *r, struct err *err)
{
	int at = 0, words = 0;

	while (at < r->argc && r->argv[at][0] == '-' && take_leading_option(r, &at))
		at++;
	while (at < r->argc)
		r->argv[words++] = r->argv[at++];
	r->argc = words;
	r->argv[words] = NULL;
	if (!words || r->argv[0][0] != '-')
		return 0;
	if (!strcmp(r->argv[0], "--help") || !strcmp(r->argv[0], "--version")) {
		r->argv[0] += 2;
		return 0;
	}
	return err_set(err, ERR_USAGE,
		"unknown option %.60s: before the verb there are --app APP, --quiet, "
		"--force, --help and --version",
		r->argv[0]);
}

/* "apps", where no verb is called so. */
static bool is_family(const char *word)
{
	for (const struct command_family *f = command_families; f->name; f++) {
		if (!strcmp(f->name, word))
			return !command_find(word);
	}
	return false;
}

/* "apps:help", "apps" and "apps:create --help" are `help`. */
static void turn_to_help(struct request *r)
{
	static char help[] = "help";
	static char *words[] = {help, NULL, NULL};
	size_t len = strlen(r->argv[0]);
	bool of_family = len > 5 && !strcasecmp(r->argv[0] + len - 5, ":help");

	of_family = of_family || (r->argc == 1 && is_family(r->argv[0]));
	if (!of_family && !(r->argc == 2 && !strcmp(r->argv[1], "--help")))
		return;
	words[1] = r->argv[0];
	r->argv = words;
	r->argc = 2;
	/* There is no room for it among these words, and nothing that it could say. */
	r->app_name = NULL;
}

const struct command *entry_find(struct request *r, struct err *err)
{
	static char nothing[] = "";
	static char *welcome[] = {nothing, NULL};

	if (take_leading_options(r, err) < 0)
		return NULL;
	if (r->argc == 0) {
		r->argv = welcome;
		r->argc = 1;
	}
	turn_to_help(r);
	r->command = find_command(r->argv[0], r->argv[1], err);
	return r->command;
}

/* A deploy ends as it would have, whoever hangs up or stops reading; what only prints
 * ends with its reader. bardod starts us with SIGHUP held back, so that none is lost
 * before we know which. */
static void settle_hangup(const struct request *r)
{
	bool finishes = r->command->on_hangup == ON_HANGUP_FINISH;
	sigset_t hup;

	(void)signal(SIGHUP, finishes ? SIG_IGN : SIG_DFL);
	if (finishes && r->status_fd >= 0)
		(void)io_write_all(r->status_fd, DOOR_FINISHES, strlen(DOOR_FINISHES));
	(void)sigemptyset(&hup);
	(void)sigaddset(&hup, SIGHUP);
	(void)sigprocmask(SIG_UNBLOCK, &hup, NULL);
}

static void say_silence(void *ctx, const char *text)
{
	(void)ctx;
	(void)fprintf(stderr, "       %s\n", text);
}

/* Runs it and says what went wrong, once. */
int entry_run(struct request *r, struct err *err)
{
	const struct command *c = r->command;
	int rc = check_rights(r, c, err);

	if (!rc) {
		settle_hangup(r);
		if (!r->as_server && r->server.engine)
			(void)engine_on_silence(r->server.engine,
				(struct engine_listener){say_silence, NULL});
		record_begin(r);
		rc = c->run(r, err);
	}
	if (fflush(stdout) && rc == 0)
		rc = ERR_FAILED;
	if (rc < 0)
		secrets_hide(&r->server, err->msg, sizeof(err->msg));
	record_command(r, rc, err);
	if (rc >= 0)
		return rc;
	if (*err->msg)
		(void)fprintf(stderr, " !     %s\n", err->msg);
	return err_exit_status(rc);
}

int entry_complain(const struct err *err)
{
	(void)fprintf(stderr, " !     %s\n", err->msg);
	return err_exit_status(err->code);
}
