#include "receiver/dispatch/command.h"

#include "config/base/err.h"
#include "config/base/number.h"
#include "config/base/utf8.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command_option *find(const struct command_option *options, size_t len,
	const char *word, const char **value)
{
	for (size_t i = 0; i < len; i++) {
		size_t n = strlen(options[i].name);

		*value = NULL;
		if (!strcmp(word, options[i].name) ||
			(options[i].letter && !strcmp(word, options[i].letter)))
			return &options[i];
		*value = word + n + 1;
		if (options[i].value && !strncmp(word, options[i].name, n) &&
			word[n] == '=')
			return &options[i];
	}
	return NULL;
}

static int no_option(const struct request *r, const char *word, struct err *err)
{
	const char *instead = command_elsewhere(r->argv[0], word);

	if (instead)
		return err_set(err, ERR_USAGE, "bardo has no %s %.60s: %s", r->argv[0],
			word, instead);
	return err_set(err, ERR_USAGE, "%s has no option %.100s: `help %s` shows them",
		r->argv[0], word, r->argv[0]);
}

static int take(struct request *r, int *at, const struct command_option *options,
	size_t len, struct err *err)
{
	const struct command_option everywhere[] = {
		{"--app", NULL, NULL, &r->app_name},
		{"--quiet", NULL, &r->quiet, NULL},
		{"--force", NULL, &r->force, NULL},
	};
	const char *word = r->argv[*at], *value;
	const struct command_option *o = find(options, len, word, &value);

	if (!o)
		o = find(everywhere, sizeof(everywhere) / sizeof(everywhere[0]), word,
			&value);
	if (!o)
		return no_option(r, word, err);
	if (o->flag)
		*o->flag = true;
	if (!o->value)
		return 0;
	if (!value && *at + 1 == r->argc)
		return err_set(err, ERR_USAGE, "%s needs a value", word);
	*o->value = value ? value : r->argv[++*at];
	return 0;
}

/* What --app says stands where the app would. There is room: its own words are gone. */
static void insert_app(struct request *r)
{
	char *name = (char *)(uintptr_t)r->app_name;

	memmove(r->argv + 2, r->argv + 1, (size_t)r->argc * sizeof(*r->argv));
	r->argv[1] = name;
	r->argc++;
	r->app_name = NULL;
	r->app_by_option = true;
}

static int check_count(const struct request *r, int min, int max, struct err *err)
{
	if (r->argc - 1 >= min && r->argc - 1 <= max)
		return 0;
	return err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
		r->command ? r->command->arguments : "");
}

/* Behind `own` plain words (negative: never) everything is left as it is. */
static int take_all(struct request *r, const struct command_option *options, size_t len,
	int own, struct err *err)
{
	int words = 1;
	bool more = true, dashes = true;

	for (int i = 1; i < r->argc; i++) {
		/* Where the app was an option, somebody else's first word ends them. */
		int ours = own - (r->app_name ? 1 : 0);

		if (dashes && !strcmp(r->argv[i], "--")) {
			more = dashes = false;
			continue;
		}
		if (more && r->argv[i][0] == '-' && r->argv[i][1]) {
			int rc = take(r, &i, options, len, err);

			if (rc)
				return rc;
			continue;
		}
		dashes = dashes && more;
		r->argv[words++] = r->argv[i];
		if (own >= 0 && words > (ours > 1 ? ours : 1))
			more = false;
	}
	r->argc = words;
	r->argv[words] = NULL;
	r->options_taken = true;
	if (r->app_name)
		insert_app(r);
	return 0;
}

int command_options(struct request *r, const struct command_option *options, size_t len,
	int min, int max, struct err *err)
{
	int rc = take_all(r, options, len, -1, err);

	return rc ? rc : check_count(r, min, max, err);
}

int command_leading_options(struct request *r, const struct command_option *options,
	size_t len, int words, int min, struct err *err)
{
	int rc = take_all(r, options, len, words, err);

	return rc ? rc : check_count(r, min, INT_MAX, err);
}

int command_format(const char *value, bool *json, struct err *err)
{
	*json = value && !strcmp(value, "json");
	/* "stdout" is Dokku's other word for text. */
	if (value && !*json && strcmp(value, "text") && strcmp(value, "stdout"))
		return err_set(
			err, ERR_USAGE, "--format %.40s: it is text or json", value);
	return 0;
}

int command_only_format(struct request *r, int min, int max, bool *json, struct err *err)
{
	const char *format = NULL;
	const struct command_option options[] = {{"--format", NULL, NULL, &format}};
	int rc = command_options(r, options, 1, min, max, err);

	return rc ? rc : command_format(format, json, err);
}

void command_say(const struct request *r, const char *format, ...)
{
	va_list args;

	if (r->quiet)
		return;
	va_start(args, format);
	(void)vprintf(format, args);
	va_end(args);
}

/* A commit's summary or a tag may be in any encoding, and JSON is UTF-8. */
static void print_utf8(const char *text)
{
	size_t len = strlen(text);

	while (len) {
		size_t good = utf8_valid_length(text, len);

		(void)fwrite(text, 1, good, stdout);
		text += good;
		len -= good;
		if (!len)
			break;
		(void)fputs("\xef\xbf\xbd", stdout);
		text++;
		len--;
	}
}

void command_print_json(const cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);

	print_utf8(text ? text : "");
	(void)putchar('\n');
	free(text);
}

int command_life_number(const char *text, int *out, struct err *err)
{
	int64_t n;

	if (number_parse(text, 1, INT_MAX, &n) < 0)
		return err_set(err, ERR_USAGE,
			"%.40s is not the number of a life: it is 1, 2, 3 …", text);
	*out = (int)n;
	return 0;
}
