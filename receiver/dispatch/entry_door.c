#include "receiver/dispatch/entry.h"

#include "builder/secrets.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/base/message.h"
#include "config/base/words.h"
#include "config/door.h"
#include "config/settings.h"
#include "receiver/dispatch/command.h"
#include "receiver/dispatch/record.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FIRST_FREE_FD 16

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
	r->term = find_env(&v->what, "TERM");
	/* At every command: a key that was removed is out at once. */
	rc = users_find_by_key(r->server.store, r->key, &r->user, err);
	if (rc == ERR_NOTFOUND) {
		rc = err_set(err, ERR_DENIED,
			"the key %s was removed: ask a server admin", r->key);
		record_unknown_key(r, err);
	} else if (!rc && v->what.id == 0) {
		record_login(r);
	}
	return rc;
}

/* *of_program: the status is a container's program's, and says nothing of us. */
static int serve(const struct visit *v, bool *of_program)
{
	struct request r = {.key = "",
		.peer = "",
		.client_side = "",
		.git_protocol = "",
		.term = "",
		.status_fd = v->status};
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
		r.has_terminal = v->what.tty;
		c = entry_find(&r, &err);
	}
	if (!c)
		secrets_hide(&r.server, err.msg, sizeof(err.msg));
	rc = c ? entry_run(&r, &err) : entry_complain(&err);
	*of_program = r.is_status_of_program;
	words_finish(&words);
	server_close(&r.server);
	return rc;
}

int entry_from_door(void)
{
	struct visit v = {.status = -1};
	struct err err = {0};
	bool of_program = false;
	char text[16];
	int rc;

	(void)io_set_cloexec(DOOR_REQUEST_FD, true);
	rc = read_visit(&v, &err) ? entry_complain(&err) : serve(&v, &of_program);
	if (v.status >= 0) {
		int n = snprintf(text, sizeof(text), "%d\n", rc);

		if (io_write_all(v.status, text, (size_t)n) < 0)
			log_warn("nobody took the status %d", rc);
	}
	message_finish(&v.run);
	message_finish(&v.login);
	/* bardod looks at how we end for traces of a crash. */
	return of_program ? 0 : rc;
}
