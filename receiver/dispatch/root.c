#include "receiver/dispatch/command.h"

#include "config/base/err.h"
#include "config/record/places.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What the settings share that decide how containers are made. */

bool command_is_admin(const struct request *r)
{
	return r->user.admin || r->on_host || r->as_server;
}

int command_check_global(const struct request *r, struct err *err)
{
	if (command_is_admin(r))
		return 0;
	return err_set(err, ERR_DENIED,
		"%s --global is for server admins, and %s is none: ask one", r->argv[0],
		r->user.name);
}

int command_root(const struct request *r, const char *what, struct err *err)
{
	if (command_is_admin(r))
		return 0;
	return err_set(err, ERR_DENIED,
		"%s are for server admins, and %s is none: whoever sets them can become "
		"root on this machine",
		what, r->user.name);
}

void command_say_later(const struct request *r, const struct app *app, bool build)
{
	if (r->quiet || !app->live)
		return;
	(void)printf("       %s goes on as it is: %s %s makes it so\n", app->name,
		build ? "ps:rebuild" : "ps:restart", app->name);
}

int command_process(const char *name, struct err *err)
{
	size_t len = strlen(name);
	bool fine = len > 0 && len < PROCESS_SIZE;

	for (const char *c = name; *c && fine; c++)
		fine = isascii(*c) &&
			(isalnum((unsigned char)*c) || *c == '-' || *c == '_');
	return fine ? 0
		    : err_set(err, ERR_USAGE,
			      "%.60s can't be a process type: letters, digits, - and _",
			      name);
}
