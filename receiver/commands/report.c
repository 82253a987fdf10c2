#include "receiver/commands/command.h"

#include "config/base/err.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_WIDTH 30

/* FAMILY:report in Dokku's form. */

struct reporting {
	struct request *request;
	const char *family;
	report_fill *fill;
	const char *only; /* the one key that is asked for; NULL all */
	bool json;
	cJSON *all; /* of several apps; NULL one */
	struct err *err;
};

/* "ps-restart-policy" is labelled "Ps restart policy:". */
static void print_row(const cJSON *row)
{
	char label[64];

	(void)snprintf(label, sizeof(label), "%s:", row->string);
	for (char *c = label; *c; c++)
		*c = *c == '-' ? ' ' : *c;
	label[0] = (char)toupper((unsigned char)label[0]);
	(void)printf("       %-*s %s\n", LABEL_WIDTH, label, cJSON_GetStringValue(row));
}

static int print_only(const struct reporting *p, const cJSON *report, struct err *err)
{
	const cJSON *row = cJSON_GetObjectItemCaseSensitive(report, p->only);

	if (!row)
		return err_set(err, ERR_USAGE, "%s has no --%.60s", p->request->argv[0],
			p->only);
	(void)printf("%s\n", cJSON_GetStringValue(row));
	return 0;
}

static void print_text(
	const struct reporting *p, const struct app *app, const cJSON *report)
{
	const cJSON *row;

	if (!p->request->quiet)
		(void)printf("=====> %s %s information\n", app ? app->name : "Global",
			p->family);
	cJSON_ArrayForEach(row, report)
	{
		print_row(row);
	}
}

static int report_one(void *ctx, const struct app *app)
{
	struct reporting *p = ctx;
	cJSON *report = cJSON_CreateObject();
	int rc = p->fill(p->request, app, report, p->err);

	if (!rc && p->only)
		rc = print_only(p, report, p->err);
	else if (!rc && p->all)
		return cJSON_AddItemToObject(p->all, app->name, report) ? 0 : ERR_FAILED;
	else if (!rc && p->json)
		command_print_json(report);
	else if (!rc)
		print_text(p, app, report);
	cJSON_Delete(report);
	return rc;
}

/* Takes "--KEY" out of the words: keys are the report's own, not known before. */
static void take_key(struct reporting *p)
{
	static const char *const known[] = {
		"--app", "--quiet", "--force", "--format", "--global"};
	struct request *r = p->request;
	int words = 1;

	for (int i = 1; i < r->argc; i++) {
		bool is_key = !strncmp(r->argv[i], "--", 2) && r->argv[i][2];

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]) && is_key; k++)
			is_key = strncmp(r->argv[i], known[k], strlen(known[k])) ||
				!strchr("=", r->argv[i][strlen(known[k])]);
		if (is_key)
			p->only = r->argv[i] + 2;
		else
			r->argv[words++] = r->argv[i];
	}
	r->argc = words;
	r->argv[words] = NULL;
}

static int report_apps(struct reporting *p, struct err *err)
{
	struct app app;
	int rc;

	if (p->request->argc > 1) {
		rc = command_app(p->request, &app, err);
		return rc ? rc : report_one(p, &app);
	}
	if (p->json)
		p->all = cJSON_CreateObject();
	rc = command_each_app(p->request, report_one, p, err);
	if (!rc && p->all)
		command_print_json(p->all);
	cJSON_Delete(p->all);
	return rc;
}

int command_report(struct request *r, const char *family, report_fill *fill, bool global,
	struct err *err)
{
	struct reporting p = {.request = r, .family = family, .fill = fill, .err = err};
	const char *format = NULL;
	bool of_all = false;
	const struct command_option options[] = {
		{"--format", NULL, NULL, &format}, {"--global", NULL, &of_all, NULL}};
	int rc;

	take_key(&p);
	rc = command_options(r, options, global ? 2 : 1, 0, 1, err);
	if (!rc)
		rc = command_format(format, &p.json, err);
	if (rc)
		return rc;
	return of_all ? report_one(&p, NULL) : report_apps(&p, err);
}
