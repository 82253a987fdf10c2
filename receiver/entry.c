#include "receiver/entry.h"

#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/base/message.h"
#include "config/base/words.h"
#include "config/door.h"
#include "config/privilege.h"
#include "config/settings.h"
#include "receiver/commands/command.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CONFIG_DEFAULT "/etc/bardo.conf"
#define OVERRIDES_MAX 64
#define FIRST_FREE_FD 16

/* ---- what both ways have in common ---- */

static const struct command *find_command(const char *verb, struct err *err)
{
	const struct command *c = command_find(verb);
	const char *near;

	if (c)
		return c;
	near = command_suggest(verb);
	(void)err_set(err, ERR_USAGE, "there is no command %.60s%s%s: `help` lists all",
		verb, near ? ", did you mean " : "", near ? near : "");
	return NULL;
}

static int check_rights(const struct request *r, const struct command *c, struct err *err)
{
	bool may = c->needs <= NEEDS_USER || (c->needs == NEEDS_ADMIN && r->user.admin) ||
		r->as_server || r->on_host;

	if (may)
		return 0;
	return err_set(err, ERR_DENIED,
		"%s is for server admins, and %s is none: ask one", c->verb,
		r->user.name);
}

/* A deploy ends as it would have, whoever hangs up; what only prints ends with its
 * reader. bardod starts us with SIGHUP held back, so that none is lost before we know
 * which. */
static void settle_hangup(const struct command *c)
{
	sigset_t hup;

	(void)signal(SIGHUP, c->on_hangup == ON_HANGUP_FINISH ? SIG_IGN : SIG_DFL);
	(void)sigemptyset(&hup);
	(void)sigaddset(&hup, SIGHUP);
	(void)sigprocmask(SIG_UNBLOCK, &hup, NULL);
}

/* Runs it and says what went wrong, once. */
static int finish(struct request *r, const struct command *c, struct err *err)
{
	int rc = check_rights(r, c, err);

	if (!rc) {
		settle_hangup(c);
		rc = c->run(r, err);
	}
	if (fflush(stdout) && rc == 0)
		rc = ERR_FAILED;
	if (rc >= 0)
		return rc;
	if (*err->msg)
		(void)fprintf(stderr, " !     %s\n", err->msg);
	return err_exit_status(rc);
}

static int complain(const struct err *err)
{
	(void)fprintf(stderr, " !     %s\n", err->msg);
	return err_exit_status(err->code);
}

/* ---- the door ---- */

struct visit {
	struct message login, run;
	struct door_request who, what;
	int status; /* where the exit status goes; -1 nobody wants it */
};

static int receive(struct message *m, struct door_request *r, struct err *err)
{
	int rc = message_receive(DOOR_REQUEST_FD, m, err);

	return rc ? rc : door_decode(r, m, err);
}

static int take_descriptors(struct visit *v, struct err *err)
{
	/* Our standard error is bardod's log: it stays that, beside the client's
	 * terminal. */
	int log = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FIRST_FREE_FD);

	if (log >= 0)
		log_to(log);
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (dup2(v->run.fds[DOOR_STDIN + fd], fd) < 0)
			return err_errno(err, "standard input and output");
	}
	v->status = v->run.fds[DOOR_STATUS];
	v->run.fds[DOOR_STATUS] = -1;
	if (v->what.tty && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		return err_errno(err, "controlling terminal");
	return 0;
}

/* A job comes alone; a run comes behind who asks for it. */
static int read_visit(struct visit *v, struct err *err)
{
	int rc = receive(&v->login, &v->who, err);

	if (rc || v->who.kind == DOOR_JOB) {
		v->what = v->who;
		return rc;
	}
	if (v->who.kind != DOOR_LOGIN)
		return err_set(err, ERR_USAGE, "a request without a login");
	rc = receive(&v->run, &v->what, err);
	if (!rc && v->what.kind != DOOR_RUN)
		rc = err_set(err, ERR_USAGE, "a login without a command");
	return rc ? rc : take_descriptors(v, err);
}

static const char *find_env(const struct door_request *d, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < d->env_len; i++) {
		if (!strncmp(d->env[i], name, n) && d->env[i][n] == '=')
			return d->env[i] + n + 1;
	}
	return "";
}

static int identify(struct request *r, const struct visit *v, struct err *err)
{
	int rc;

	if (v->what.kind == DOOR_JOB) {
		r->as_server = true;
		(void)snprintf(r->user.name, sizeof(r->user.name), "bardod");
		return 0;
	}
	r->key = v->who.fingerprint;
	r->peer = v->what.peer;
	r->client_side = v->what.local;
	r->git_protocol = find_env(&v->what, "GIT_PROTOCOL");
	/* At every command: a key that was removed is out at once. */
	rc = users_find_by_key(r->server.store, r->key, &r->user, err);
	if (rc == ERR_NOTFOUND)
		return err_set(err, ERR_DENIED,
			"the key %s was removed: ask a server admin", r->key);
	return rc;
}

static int serve(const struct visit *v)
{
	struct request r = {.key = "", .peer = "", .client_side = "", .git_protocol = ""};
	const struct command *c = NULL;
	struct words words = {0};
	struct settings settings;
	struct err err = {0};
	int rc = settings_load_exported(&settings, &err);

	r.settings = &settings;
	if (!rc)
		rc = server_open(&r.server, &settings, &err);
	if (!rc)
		rc = identify(&r, v, &err);
	if (!rc)
		rc = words_split(&words, v->what.command, &err);
	if (!rc) {
		r.argc = (int)words.argc;
		r.argv = words.argv;
		c = find_command(words.argc ? words.argv[0] : "", &err);
	}
	rc = c ? finish(&r, c, &err) : complain(&err);
	words_finish(&words);
	server_close(&r.server);
	return rc;
}

int entry_from_door(void)
{
	struct visit v = {.status = -1};
	struct err err = {0};
	char text[16];
	int rc;

	(void)io_set_cloexec(DOOR_REQUEST_FD, true);
	rc = read_visit(&v, &err) ? complain(&err) : serve(&v);
	if (v.status >= 0) {
		int n = snprintf(text, sizeof(text), "%d\n", rc);

		if (io_write_all(v.status, text, (size_t)n) < 0)
			log_warn("nobody took the status %d", rc);
	}
	message_finish(&v.run);
	message_finish(&v.login);
	return rc;
}

/* ---- the host's shell ---- */

struct shell_options {
	const char *config;
	const char *overrides[OVERRIDES_MAX];
	size_t overrides_len;
};

/* Takes the options before the verb; the index of the verb, or negative. */
static int read_options(struct shell_options *o, int argc, char **argv, struct err *err)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		bool is_config = !strcmp(argv[i], "--config");

		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "--version"))
			return i;
		if (!is_config && strcmp(argv[i], "-c"))
			return err_set(err, ERR_USAGE,
				"unknown option %.60s: bardo [--config FILE] [-c "
				"section.key=value] "
				"VERB …",
				argv[i]);
		if (++i == argc)
			return err_set(err, ERR_USAGE, "%s needs a value", argv[i - 1]);
		if (is_config)
			o->config = argv[i];
		else if (o->overrides_len < OVERRIDES_MAX)
			o->overrides[o->overrides_len++] = argv[i];
		else
			return err_set(err, ERR_USAGE, "more than %d -c", OVERRIDES_MAX);
	}
	return i;
}

static int load_settings(
	struct settings *s, const struct shell_options *o, struct err *err)
{
	const char *config = o->config;

	if (!config && !o->overrides_len && getenv("BARDO_CONFIG"))
		return settings_load_exported(s, err);
	if (!config && access(CONFIG_DEFAULT, R_OK) == 0)
		config = CONFIG_DEFAULT;
	if (settings_export(config, o->overrides, o->overrides_len, err) < 0)
		return err ? err->code : ERR_FAILED;
	return settings_load_exported(s, err);
}

/* The name that the record keeps: sudo's user, else ours. */
static void name_user(struct user *u)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());
	const char *name = sudo ? sudo : pw ? pw->pw_name : "";

	(void)snprintf(
		u->name, sizeof(u->name), "%.*s", NAME_LEN_MAX, *name ? name : "host");
	u->admin = true;
}

static int run_from_shell(const struct shell_options *o, int argc, char **argv)
{
	char word[] = "help", *help[] = {word, NULL};
	struct request r = {.key = "",
		.peer = "",
		.client_side = "",
		.git_protocol = "",
		.on_host = true,
		.argc = argc,
		.argv = argv};
	const struct command *c;
	struct settings settings;
	struct err err = {0};
	int rc;

	if (argc == 0 || !strcmp(argv[0], "--help")) {
		r.argv = help;
		r.argc = 1;
	} else if (!strcmp(argv[0], "--version")) {
		argv[0] = argv[0] + 2;
	}
	c = find_command(r.argv[0], &err);
	rc = c ? load_settings(&settings, o, &err) : err.code;
	r.settings = &settings;
	name_user(&r.user);
	if (!rc && c->needs != NEEDS_NOTHING) {
		rc = privilege_become(&settings, &err);
		if (!rc)
			rc = server_open(&r.server, &settings, &err);
	}
	rc = rc ? complain(&err) : finish(&r, c, &err);
	server_close(&r.server);
	return rc;
}

int entry_from_shell(int argc, char **argv)
{
	struct shell_options o = {0};
	struct err err = {0};
	int verb = read_options(&o, argc, argv, &err);

	if (verb < 0)
		return complain(&err);
	return run_from_shell(&o, argc - verb, argv + verb);
}
