#include "receiver/dispatch/command.h"

#include "config/app/properties.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define LABEL_WIDTH 30
#define KEY_MAX 96

/* FAMILY:report in Dokku's form. */

struct reporting {
	struct request *request;
	const char *family;
	report_fill *fill;
	bool global;	  /* fill knows of --global */
	const char *only; /* the one key that is asked for; NULL all */
	bool json;
	cJSON *all; /* of several apps; NULL one */
	struct err *err;
};

/* "ps-restart-policy" is "restart-policy" in Dokku's JSON. */
static const char *short_key(const struct reporting *p, const char *key)
{
	const char *f = p->family, *k = key;

	while (*f && (*k == *f || (*k == '-' && *f == ' '))) {
		f++;
		k++;
	}
	return !*f && *k == '-' ? k + 1 : key;
}

static void add_short_keys(const struct reporting *p, cJSON *report)
{
	const cJSON *row, *last = report->child ? report->child->prev : NULL;

	for (row = report->child; row; row = row == last ? NULL : row->next) {
		const char *key = short_key(p, row->string);

		if (!cJSON_GetObjectItemCaseSensitive(report, key))
			(void)cJSON_AddStringToObject(
				report, key, cJSON_GetStringValue(row));
	}
}

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
	const cJSON *other;

	cJSON_ArrayForEach(other, report)
	{
		if (!row && !strcmp(short_key(p, other->string), p->only))
			row = other;
	}
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

	command_say(p->request, "=====> %s %s information\n", app ? app->name : "Global",
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
	int rc = app || p->global ? p->fill(p->request, app, report, p->err) : 0;

	if (!rc && p->json)
		add_short_keys(p, report);
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
	struct reporting p = {.request = r,
		.family = family,
		.fill = fill,
		.global = global,
		.err = err};
	const char *format = NULL;
	bool of_all = false;
	const struct command_option options[] = {
		{"--format", NULL, NULL, &format}, {"--global", NULL, &of_all, NULL}};
	int rc;

	take_key(&p);
	rc = command_options(r, options, 2, 0, 1, err);
	if (!rc)
		rc = command_format(format, &p.json, err);
	if (rc)
		return rc;
	if (of_all && r->argc > 1)
		return err_set(err, ERR_USAGE, "--global is for every app, not for %.60s",
			r->argv[1]);
	return of_all ? report_one(&p, NULL) : report_apps(&p, err);
}

static void add_row(cJSON *out, const char *family, const char *kind, const char *name,
	const char *value)
{
	char key[KEY_MAX];

	(void)snprintf(key, sizeof(key), "%s-%s%s", family, kind, name);
	(void)cJSON_AddStringToObject(out, key, value);
}

int command_report_property(struct request *r, const struct app *app, const char *family,
	const char *name, const char *otherwise, cJSON *out, struct err *err)
{
	char own[PROPERTY_VALUE_SIZE] = "", of_all[PROPERTY_VALUE_SIZE];
	struct store *s = r->server.store;
	int rc = property_get_own(s, EVERY_APP, family, name, of_all, err);

	if (!rc && app)
		rc = property_get_own(s, app->id, family, name, own, err);
	if (rc)
		return rc;
	add_row(out, family, "computed-", name,
		*own		  ? own
			: *of_all ? of_all
				  : otherwise);
	add_row(out, family, "global-", name, of_all);
	if (app)
		add_row(out, family, "", name, own);
	return 0;
}
