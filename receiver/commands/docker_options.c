#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "builder/options/docker_options.h"
#include "config/app/listed.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/words.h"
#include "config/names.h"
#include "config/record/apps.h"
#include "config/store.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* docker-options: what only docker's own words can say. */

#define PROCESSES_MAX 16
#define PHASES_MAX 3
#define REPORT_MAX (LISTED_MAX * (LISTED_TEXT_MAX + 1))

static const char *const phases[PHASES_MAX] = {"build", "deploy", "run"};

/* What a command is about. */
struct scope {
	struct request *request;
	struct app app;
	const char *phases[PHASES_MAX];
	size_t phases_len;
	const char *processes[PROCESSES_MAX];
	size_t processes_len;
	/* While it goes through the options: */
	const char *phase, *process;
	cJSON *list; /* NULL: text */
	struct err *err;
};

/* ---- the words ---- */

/* Takes "--process PROC" out, wherever it stands: docker has no such option. */
static int take_processes(struct request *r, struct scope *s, struct err *err)
{
	static const char name[] = "--process";
	size_t len = strlen(name);
	int words = 1, rc = 0;

	for (int i = 1; i < r->argc && !rc; i++) {
		const char *value;

		if (strncmp(r->argv[i], name, len) || !strchr("=", r->argv[i][len])) {
			r->argv[words++] = r->argv[i];
			continue;
		}
		value = r->argv[i][len] ? r->argv[i] + len + 1 : NULL;
		if (!value && i + 1 == r->argc)
			return err_set(err, ERR_USAGE, "--process needs a value");
		if (!value)
			value = r->argv[++i];
		rc = command_process(value, err);
		if (!rc && s->processes_len == PROCESSES_MAX)
			rc = err_set(err, ERR_USAGE, "more than %d process types",
				PROCESSES_MAX);
		if (!rc)
			s->processes[s->processes_len++] = value;
	}
	r->argc = words;
	r->argv[words] = NULL;
	return rc;
}

static int take_phase(struct scope *s, const char *name, size_t len, struct err *err)
{
	for (size_t i = 0; i < PHASES_MAX; i++) {
		if (strlen(phases[i]) != len || strncmp(phases[i], name, len) != 0)
			continue;
		if (s->processes_len && strcmp(phases[i], "deploy") != 0)
			return err_set(err, ERR_USAGE,
				"--process is for the phase deploy alone: %s has no "
				"process types",
				phases[i]);
		if (s->phases_len < PHASES_MAX)
			s->phases[s->phases_len++] = phases[i];
		return 0;
	}
	return err_set(err, ERR_USAGE,
		"%.*s is no phase: there is build, deploy and run, with commas between",
		(int)(len > 60 ? 60 : len), name);
}

static int take_phases(struct scope *s, const char *list, struct err *err)
{
	int rc = 0;

	while (!rc) {
		size_t len = strcspn(list, ",");

		rc = take_phase(s, list, len, err);
		if (!list[len])
			break;
		list += len + 1;
	}
	return rc;
}

/* A word with a blank is a whole option that a shell kept together: "--shm-size 64m". */
static int join_options(const struct request *r, struct buf *line)
{
	int rc = 0;

	for (int i = 3; i < r->argc; i++) {
		const char *word = r->argv[i];
		bool whole = word[0] == '-' && strpbrk(word, " \t");

		rc |= line->len ? buf_adds(line, " ") : 0;
		if (whole) {
			rc |= buf_adds(line, word);
			continue;
		}
		rc |= buf_adds(line, "'");
		for (; *word; word++)
			rc |= *word == '\'' ? buf_adds(line, "'\\''")
					    : buf_add(line, word, 1);
		rc |= buf_adds(line, "'");
	}
	return rc;
}

static int open_scope(struct request *r, struct scope *s, int min, struct err *err)
{
	int rc;

	s->request = r;
	s->err = err;
	rc = take_processes(r, s, err);
	if (!rc)
		rc = command_leading_options(r, NULL, 0, 2, min, err);
	if (!rc)
		rc = command_app(r, &s->app, err);
	if (!rc && r->command->does == DOES_CHANGE)
		rc = command_root(r, "docker options", err);
	if (!rc && r->argc > 2)
		rc = take_phases(s, r->argv[2], err);
	return rc;
}

/* ---- adding and removing ---- */

static int add_one(void *ctx, const char *text)
{
	const struct scope *s = ctx;
	const struct listed l = {s->phase, s->process, text};
	int rc = listed_add(
		s->request->server.store, s->app.id, LISTED_OPTION, &l, s->err);

	return rc == ERR_EXISTS ? 0 : rc;
}

static int remove_one(void *ctx, const char *text)
{
	const struct scope *s = ctx;
	const struct listed l = {s->phase, s->process, text};

	return listed_remove(
		s->request->server.store, s->app.id, LISTED_OPTION, &l, s->err);
}

static int go_through(struct scope *s, const struct words *words,
	int (*each)(void *ctx, const char *text), struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->phases_len && !rc; i++) {
		s->phase = s->phases[i];
		for (size_t p = 0; p < (s->processes_len ? s->processes_len : 1) && !rc;
			p++) {
			s->process = s->processes_len ? s->processes[p] : "";
			rc = docker_options_each(s->phase,
				(const char *const *)words->argv, words->argc, each, s,
				err);
		}
	}
	return rc;
}

static int clear_phase(struct scope *s, const char *phase, struct err *err)
{
	int rc = 0;

	for (size_t p = 0; p < (s->processes_len ? s->processes_len : 1) && !rc; p++)
		rc = listed_clear_process(s->request->server.store, s->app.id,
			LISTED_OPTION, phase, s->processes_len ? s->processes[p] : "",
			err);
	return rc;
}

static int clear_phases(struct scope *s, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < s->phases_len && !rc; i++)
		rc = clear_phase(s, s->phases[i], err);
	return rc;
}

/* All of them, or none; anew: instead of what the phases had. */
static int change(struct request *r, int (*each)(void *ctx, const char *text), bool anew,
	struct err *err)
{
	struct scope s = {0};
	struct words words = {0};
	struct buf line;
	int rc = open_scope(r, &s, 3, err);

	if (rc)
		return rc;
	buf_init(&line, REPORT_MAX);
	rc = join_options(r, &line) ? err_set(err, ERR_USAGE, "the options are too long")
				    : words_split(&words, buf_text(&line), err);
	buf_finish(&line);
	if (rc)
		return rc;
	rc = store_begin(r->server.store, err);
	if (!rc) {
		rc = anew ? clear_phases(&s, err) : 0;
		if (!rc)
			rc = go_through(&s, &words, each, err);
		rc = store_end(r->server.store, rc, err);
	}
	words_finish(&words);
	if (!rc && !r->quiet)
		command_say_later(
			r, &s.app, s.phases_len == 1 && !strcmp(s.phases[0], "build"));
	return rc;
}

int run_docker_options_add(struct request *r, struct err *err)
{
	return change(r, add_one, false, err);
}

int run_docker_options_set(struct request *r, struct err *err)
{
	return change(r, add_one, true, err);
}

int run_docker_options_remove(struct request *r, struct err *err)
{
	return change(r, remove_one, false, err);
}

int run_docker_options_clear(struct request *r, struct err *err)
{
	struct scope s = {0};
	int rc = open_scope(r, &s, 1, err);

	if (!rc && r->argc == 2)
		command_say(r, "-----> Clearing docker-options for %s on all phases\n",
			s.app.name);
	for (size_t i = 0; i < PHASES_MAX && !rc && r->argc == 2; i++)
		rc = clear_phase(&s, phases[i], err);
	for (size_t i = 0; i < s.phases_len && !rc; i++) {
		command_say(r, "-----> Clearing docker-options for %s on phase %s\n",
			s.app.name, s.phases[i]);
		rc = clear_phase(&s, s.phases[i], err);
	}
	return rc;
}

/* ---- showing ---- */

/* Adds an option to the text of its phase and process: "docker-options-deploy.web". */
static int add_to_report(void *ctx, const struct listed *l)
{
	cJSON *report = ctx, *row;
	char key[96 + NAME_SIZE], *text;
	const char *before;
	struct buf b;

	(void)snprintf(key, sizeof(key), "docker-options-%s%s%.64s", l->part,
		*l->process ? "." : "", l->process);
	row = cJSON_GetObjectItemCaseSensitive(report, key);
	before = row ? cJSON_GetStringValue(row) : "";
	buf_init(&b, REPORT_MAX);
	text = buf_addf(&b, "%s%s%s", before, *before ? " " : "", l->text) ? NULL
									   : b.data;
	if (text && row)
		(void)cJSON_SetValuestring(row, text);
	else if (text)
		(void)cJSON_AddStringToObject(report, key, text);
	buf_finish(&b);
	return text ? 0 : ERR_FAILED;
}

static int fill(struct request *r, const struct app *app, cJSON *out, struct err *err)
{
	for (size_t i = 0; i < PHASES_MAX; i++) {
		char key[64];

		(void)snprintf(key, sizeof(key), "docker-options-%s", phases[i]);
		(void)cJSON_AddStringToObject(out, key, "");
	}
	return listed_each(
		r->server.store, app->id, LISTED_OPTION, add_to_report, out, err);
}

int run_docker_options_report(struct request *r, struct err *err)
{
	return command_report(r, "docker options", fill, false, err);
}

static int list_one(void *ctx, const struct listed *l)
{
	const struct scope *s = ctx;

	if (strcmp(l->part, s->phase) != 0 || strcmp(l->process, s->process) != 0)
		return 0;
	if (s->list)
		(void)cJSON_AddItemToArray(s->list, cJSON_CreateString(l->text));
	else
		(void)printf("%s\n", l->text);
	return 0;
}

int run_docker_options_list(struct request *r, struct err *err)
{
	struct scope s = {.process = ""};
	const char *phase = NULL, *format = NULL;
	const struct command_option options[] = {
		{"--phase", NULL, NULL, &phase},
		{"--process", NULL, NULL, &s.process},
		{"--format", NULL, NULL, &format},
	};
	bool json = false;
	int rc = command_options(r, options, 3, 1, 1, err);

	if (!rc)
		rc = command_format(format, &json, err);
	if (!rc && !phase)
		rc = err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	if (!rc)
		rc = command_app(r, &s.app, err);
	if (!rc)
		rc = take_phases(&s, phase, err);
	s.list = json ? cJSON_CreateArray() : NULL;
	for (size_t i = 0; i < s.phases_len && !rc; i++) {
		s.phase = s.phases[i];
		rc = listed_each(
			r->server.store, s.app.id, LISTED_OPTION, list_one, &s, err);
	}
	if (!rc && json)
		command_print_json(s.list);
	cJSON_Delete(s.list);
	return rc;
}
