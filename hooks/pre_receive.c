#include "hooks/push.h"

#include "config/base/err.h"
#include "config/base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PUSH_OPTIONS_MAX 16

/*
 * pre-receive judges while the objects are still in quarantine, so that a push of which
 * nothing can be taken leaves nothing behind. A push of which something can be taken goes
 * on to proc-receive, which answers for each ref.
 */

static int read_commands(struct push *p, struct err *err)
{
	char line[2 * COMMIT_SIZE + BRANCH_SIZE + 8];
	int rc = 0;

	while (!rc && fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		rc = push_add_command(p, line, err);
	}
	return rc;
}

/* Push options come in the environment here (githooks(5)). */
static int read_options(struct push *p, struct err *err)
{
	const char *text = getenv("GIT_PUSH_OPTION_COUNT");
	int64_t count = 0;
	int rc = 0;

	if (text && number_parse(text, 0, PUSH_OPTIONS_MAX, &count) < 0)
		return err_set(
			err, ERR_USAGE, "more than %d push options", PUSH_OPTIONS_MAX);
	for (int i = 0; i < count && !rc; i++) {
		char name[48];

		(void)snprintf(name, sizeof(name), "GIT_PUSH_OPTION_%d", i);
		text = getenv(name);
		rc = push_option(p, text ? text : "", err);
	}
	return rc;
}

/* Whether anything of it can be taken. */
static bool is_welcome(struct push *p)
{
	push_judge(p, true);
	for (size_t i = 0; i < p->len; i++) {
		if (!*p->commands[i].reason)
			return true;
	}
	return false;
}

int hook_pre_receive(void)
{
	struct err err = {0};
	struct push p;
	int rc = push_open(&p, &err);

	if (!rc)
		rc = read_commands(&p, &err);
	if (!rc)
		rc = read_options(&p, &err);
	if (!rc && !is_welcome(&p)) {
		for (size_t i = 0; i < p.len; i++)
			push_explain(&p, &p.commands[i]);
		rc = 1;
	}
	if (rc < 0)
		push_complain(&p, &err);
	push_close(&p);
	return rc ? 1 : 0;
}
