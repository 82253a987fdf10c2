#include "receiver/commands/command.h"
#include "receiver/commands/families.h"

#include "builder/life/logs.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/record/apps.h"

#define LINES_DEFAULT 100
#define LINES_MAX 100000

int run_logs(struct request *r, struct err *err)
{
	const char *lines = NULL;
	struct logs_options o = {.lines = LINES_DEFAULT};
	const struct command_option options[] = {
		{"--tail", "-t", &o.follow, NULL},
		{"--num", "-n", NULL, &lines},
	};
	struct app app;
	int rc = command_options(r, options, 2, 1, 1, err);

	if (!rc && lines && number_parse(lines, 0, LINES_MAX, &o.lines) < 0)
		rc = err_set(err, ERR_USAGE, "-n %.40s: it is a number from 0 to %d",
			lines, LINES_MAX);
	if (!rc)
		rc = command_app(r, &app, err);
	return rc ? rc : logs_print(&r->server, &app, &o, err);
}
