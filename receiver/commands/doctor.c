#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/doctor/doctor.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>

struct listing {
	struct request *request;
	cJSON *json; /* NULL: text */
	int problems, warnings;
};

static void print_finding(const struct request *r, const struct doctor_finding *f)
{
	if (f->level == DOCTOR_OK && r->quiet)
		return;
	(void)printf("%s %-8s %-17s %s\n", f->level == DOCTOR_OK ? "      " : " !    ",
		doctor_level_name(f->level), f->check, f->text);
	if (*f->todo)
		(void)printf("%*s%s\n", 34, "-> ", f->todo);
	(void)fflush(stdout);
}

static void show(void *ctx, const struct doctor_finding *f)
{
	struct listing *l = ctx;
	cJSON *o;

	l->problems += f->level == DOCTOR_PROBLEM;
	l->warnings += f->level == DOCTOR_WARNING;
	if (!l->json) {
		print_finding(l->request, f);
		return;
	}
	o = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(o, "check", f->check);
	(void)cJSON_AddStringToObject(o, "level", doctor_level_name(f->level));
	(void)cJSON_AddStringToObject(o, "text", f->text);
	(void)cJSON_AddStringToObject(o, "todo", f->todo);
	(void)cJSON_AddItemToArray(l->json, o);
}

/* Exit status 1 when there is a problem, as for what watches servers. */
int run_doctor(struct request *r, struct err *err)
{
	struct listing l = {.request = r};
	bool json = false;
	int rc = command_only_format(r, 0, 0, &json, err);

	if (rc)
		return rc;
	l.json = json ? cJSON_CreateArray() : NULL;
	doctor_run(&r->server, show, &l);
	if (json)
		command_print_json(l.json);
	else
		command_say(r, "=====> %d problem%s, %d warning%s\n", l.problems,
			l.problems == 1 ? "" : "s", l.warnings,
			l.warnings == 1 ? "" : "s");
	cJSON_Delete(l.json);
	return l.problems ? 1 : 0;
}
