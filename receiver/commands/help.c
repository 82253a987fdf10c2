#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define FAMILY_WIDTH 20
#define SYNOPSIS_WIDTH 48
#define OPTION_WIDTH 28

int run_version(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 0, err);

	if (!rc)
		(void)printf("bardo %s\n", BARDO_VERSION);
	return rc;
}

/* ---- which rows ---- */

static bool is_in_family(const char *verb, const char *family, size_t len)
{
	return !strncasecmp(verb, family, len) && (!verb[len] || verb[len] == ':');
}

/* A verb, or all of a family: "lives" is lives and lives:…, as "lives:help" is. NULL is
 * everything; what people don't type is only shown with `hidden`. */
struct selection {
	const char *word;
	bool hidden;
};

static bool is_selected(const struct command *c, const struct selection *s)
{
	size_t len = s->word ? strcspn(s->word, ":") : 0;

	if (!c->purpose && !s->hidden)
		return false;
	if (!s->word)
		return true;
	if (!s->word[len] || !s->word[len + 1] || !strcasecmp(s->word + len, ":help"))
		return len && is_in_family(c->verb, s->word, len);
	return !strcasecmp(c->verb, s->word);
}

static const struct command *next_selected(
	const struct command *c, const struct selection *s)
{
	while (c->verb && !is_selected(c, s))
		c++;
	return c->verb ? c : NULL;
}

/* ---- for people ---- */

static void print_row(const struct command *c)
{
	char synopsis[256];

	(void)snprintf(synopsis, sizeof(synopsis), "%s %s", c->verb, c->arguments);
	if (strlen(synopsis) > SYNOPSIS_WIDTH)
		(void)printf("    %s\n    %-*s %s\n", synopsis, SYNOPSIS_WIDTH, "",
			c->purpose ? c->purpose : "");
	else
		(void)printf("    %-*s %s\n", SYNOPSIS_WIDTH, synopsis,
			c->purpose ? c->purpose : "");
}

static void print_how(void)
{
	(void)printf("Usage: ssh deploy@HOST VERB …, or bardo VERB … on the host\n\n"
		     "`git push HOST main` deploys. ");
}

static void print_families(void)
{
	print_how();
	(void)printf("What else there is:\n\n");
	for (const struct command_family *f = command_families; f->name; f++) {
		const struct selection s = {.word = f->name};

		if (next_selected(command_table, &s))
			(void)printf("    %-*s %s\n", FAMILY_WIDTH, f->name, f->purpose);
	}
	(void)printf("\n`help FAMILY` shows its verbs, `help VERB` what one takes, "
		     "`help --all` everything.\n");
}

static void print_all(const struct selection *s)
{
	const struct command *c = command_table;

	print_how();
	(void)printf("All verbs:\n\n");
	while ((c = next_selected(c, s)))
		print_row(c++);
}

/* Whether the text is about this option of this row, which names it in its arguments. */
static bool is_about(const struct command_option_text *t, const struct command *c)
{
	char wanted[64];
	const char *at;

	(void)snprintf(
		wanted, sizeof(wanted), "%.*s", (int)strcspn(t->option, " "), t->option);
	if (t->verb && strcmp(t->verb, c->verb))
		return false;
	at = strstr(c->arguments, wanted);
	return at && strchr(" ]|=", at[strlen(wanted)]);
}

/* A verb's own text is better than the one for everywhere. */
static bool has_own(const struct command_option_text *t, const struct command *c)
{
	size_t len = strcspn(t->option, " ");

	for (const struct command_option_text *o = command_option_texts;
		!t->verb && o->option; o++) {
		if (o->verb && !strcmp(o->verb, c->verb) &&
			len == strcspn(o->option, " ") &&
			!strncmp(o->option, t->option, len))
			return true;
	}
	return false;
}

static void print_options(const struct command *c, bool alone)
{
	for (const struct command_option_text *t = command_option_texts; t->option; t++) {
		if (is_about(t, c) && !has_own(t, c) && (alone || t->verb))
			(void)printf(
				"        %-*s %s\n", OPTION_WIDTH, t->option, t->meaning);
	}
}

/* Rows with their options; those that are the same everywhere only beside a single row.
 */
static int print_matching(const struct selection *s, struct err *err)
{
	const struct command *c = next_selected(command_table, s);
	const char *near;
	bool alone;

	if (!c && command_elsewhere(s->word, NULL))
		return err_set(err, ERR_USAGE, "bardo has no %.60s: %s", s->word,
			command_elsewhere(s->word, NULL));
	if (!c) {
		near = command_suggest(s->word, NULL);
		return err_set(err, ERR_USAGE,
			"there is no command %.60s%s%s: `help` "
			"shows what there is",
			s->word, near ? "; did you mean " : "", near ? near : "");
	}
	alone = !next_selected(c + 1, s);
	for (; c; c = next_selected(c + 1, s)) {
		print_row(c);
		print_options(c, alone);
	}
	return 0;
}

/* ---- for programs ---- */

static const char *needs_text(enum command_needs needs)
{
	static const char *const texts[] = {
		[NEEDS_NOTHING] = "nothing",
		[NEEDS_USER] = "user",
		[NEEDS_READ] = "read",
		[NEEDS_DEPLOY] = "deploy",
		[NEEDS_OWNER] = "owner",
		[NEEDS_CREATE] = "create",
		[NEEDS_ADMIN] = "admin",
		[NEEDS_SERVER] = "server",
	};

	return texts[needs];
}

static void add_options(cJSON *to, const struct command *c)
{
	cJSON *options = cJSON_AddArrayToObject(to, "options");

	for (const struct command_option_text *t = command_option_texts; t->option; t++) {
		cJSON *one;

		if (!is_about(t, c) || has_own(t, c))
			continue;
		one = cJSON_CreateObject();
		(void)cJSON_AddStringToObject(one, "option", t->option);
		(void)cJSON_AddStringToObject(one, "meaning", t->meaning);
		(void)cJSON_AddItemToArray(options, one);
	}
}

static const char *family_purpose(const char *verb)
{
	for (const struct command_family *f = command_families; f->name; f++) {
		if (is_in_family(verb, f->name, strlen(f->name)))
			return f->purpose;
	}
	return "";
}

static cJSON *row_to_json(const struct command *c)
{
	cJSON *o = cJSON_CreateObject();
	char family[64];

	(void)snprintf(
		family, sizeof(family), "%.*s", (int)strcspn(c->verb, ":"), c->verb);
	(void)cJSON_AddStringToObject(o, "verb", c->verb);
	(void)cJSON_AddStringToObject(o, "family", family);
	(void)cJSON_AddStringToObject(
		o, "family_purpose", c->purpose ? family_purpose(c->verb) : "");
	(void)cJSON_AddStringToObject(o, "arguments", c->arguments);
	(void)cJSON_AddStringToObject(o, "purpose", c->purpose ? c->purpose : "");
	(void)cJSON_AddStringToObject(o, "needs", needs_text(c->needs));
	(void)cJSON_AddBoolToObject(o, "changes", c->does == DOES_CHANGE);
	add_options(o, c);
	return o;
}

static void print_json(const struct selection *s)
{
	const struct command *c = command_table;
	cJSON *all = cJSON_CreateArray();

	while ((c = next_selected(c, s)))
		(void)cJSON_AddItemToArray(all, row_to_json(c++));
	command_print_json(all);
	cJSON_Delete(all);
}

int run_help(struct request *r, struct err *err)
{
	const char *format = NULL;
	bool all = false, json;
	const struct command_option options[] = {
		{"--all", NULL, &all, NULL},
		{"--format", NULL, NULL, &format},
	};
	struct selection s = {0};
	int rc = command_options(r, options, 2, 0, 1, err);

	if (!rc)
		rc = command_format(format, &json, err);
	if (rc)
		return rc;
	s.word = r->argc > 1 ? r->argv[1] : NULL;
	s.hidden = all && json;
	if (json)
		print_json(&s);
	else if (s.word)
		return print_matching(&s, err);
	else if (all)
		print_all(&s);
	else
		print_families();
	return 0;
}
