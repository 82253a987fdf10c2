#include "receiver/entry.h"

#include "config/base/err.h"
#include "receiver/commands/command.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const struct command *entry_find_command(const char *verb, struct err *err)
{
	const struct command *c = command_find(verb);
	const char *near;

	if (c)
		return c;
	near = command_suggest(verb);
	if (near)
		(void)err_set(err, ERR_USAGE,
			"there is no command %.60s: did you mean %s? `help` lists all",
			verb, near);
	else
		(void)err_set(err, ERR_USAGE,
			"there is no command %.60s: `help` lists all", verb);
	return NULL;
}

static int check_rights(const struct request *r, const struct command *c, struct err *err)
{
	bool may = c->needs <= NEEDS_USER || (c->needs == NEEDS_ADMIN && r->user.admin) ||
		r->as_server || r->on_host;

	if (may)
		return 0;
	if (c->needs == NEEDS_SERVER)
		return err_set(err, ERR_DENIED, "%s is for bardod and the host's shell",
			c->verb);
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
int entry_run(struct request *r, const struct command *c, struct err *err)
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

int entry_complain(const struct err *err)
{
	(void)fprintf(stderr, " !     %s\n", err->msg);
	return err_exit_status(err->code);
}
