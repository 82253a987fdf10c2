#include "builder/recipe/procfile.h"

#include "builder/recipe/text.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#define RELEASE "release"

/* What one-off containers are called. */
static const char *const reserved[] = {"run", "predeploy", "postdeploy", "verify"};

struct line {
	const char *text;
	size_t len;
	size_t number;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static void trim(struct line *l)
{
	while (l->len && is_blank(l->text[0])) {
		l->text++;
		l->len--;
	}
	while (l->len && is_blank(l->text[l->len - 1]))
		l->len--;
}

static bool is_comment(const char *text, size_t len)
{
	return (len >= 1 && text[0] == '#') || (len >= 2 && !memcmp(text, "//", 2));
}

/* Takes a comment at the end away: it has a blank before it, so that http:// is none. */
static void cut_comment(struct line *l)
{
	for (size_t i = 1; i < l->len; i++) {
		if (is_blank(l->text[i - 1]) && is_comment(l->text + i, l->len - i)) {
			l->len = i;
			break;
		}
	}
	trim(l);
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_name(const char *name, size_t len)
{
	if (!len || len > PROCFILE_NAME_MAX || !is_lower_alnum(name[0]) ||
		!is_lower_alnum(name[len - 1]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_lower_alnum(name[i]) && name[i] != '-')
			return false;
	}
	return true;
}

static bool is_reserved(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (strlen(reserved[i]) == len && !memcmp(reserved[i], name, len))
			return true;
	}
	return false;
}

bool process_name_is_valid(const char *name)
{
	return is_name(name, strlen(name)) && !is_reserved(name, strlen(name));
}

static int check_name(const struct line *l, size_t len, struct err *err)
{
	const char *name = len ? l->text : "(nothing)";
	const int shown = !len ? 9 : len > 60 ? 60 : (int)len;

	if (is_reserved(l->text, len))
		return err_set(err, ERR_FAILED,
			"line %zu: the name %.*s is taken by bardo itself: choose "
			"another",
			l->number, shown, name);
	if (is_name(l->text, len))
		return 0;
	return err_set(err, ERR_FAILED,
		"line %zu: %.*s is no name for a process: use 1 to %d of a-z, 0-9 and "
		"-, not - first or last",
		l->number, shown, name, PROCFILE_NAME_MAX);
}

static const cJSON *find(const cJSON *list, const char *name)
{
	const cJSON *process;

	cJSON_ArrayForEach(process, list)
	{
		if (!strcmp(cJSON_GetStringValue(
				    cJSON_GetObjectItemCaseSensitive(process, "name")),
			    name))
			return process;
	}
	return NULL;
}

static int add(cJSON *list, const char *name, const struct line *command, struct err *err)
{
	char text[TEXT_LINE_MAX + 1];
	cJSON *process = cJSON_CreateObject();

	(void)snprintf(text, sizeof(text), "%.*s", (int)command->len, command->text);
	if (!cJSON_AddStringToObject(process, "name", name) ||
		!cJSON_AddStringToObject(process, "command", text) ||
		!cJSON_AddItemToArray(list, process)) {
		cJSON_Delete(process);
		return err_set(err, ERR_FAILED, "out of memory");
	}
	return 0;
}

static int add_process(
	cJSON *list, const struct line *l, size_t name_len, struct err *err)
{
	struct line command = {l->text + name_len + 1, l->len - name_len - 1, l->number};
	char name[PROCFILE_NAME_MAX + 1];
	int rc = check_name(l, name_len, err);

	if (rc)
		return rc;
	(void)snprintf(name, sizeof(name), "%.*s", (int)name_len, l->text);
	cut_comment(&command);
	if (!command.len || is_comment(command.text, command.len))
		return err_set(
			err, ERR_FAILED, "line %zu: %s has no command", l->number, name);
	if (find(list, name))
		return err_set(err, ERR_FAILED,
			"line %zu: %s stands there twice: a process type has one command",
			l->number, name);
	if (strcmp(name, RELEASE) &&
		cJSON_GetArraySize(list) - (find(list, RELEASE) ? 1 : 0) >=
			PROCFILE_PROCESSES_MAX)
		return err_set(err, ERR_FAILED, "line %zu: more than %d process types",
			l->number, PROCFILE_PROCESSES_MAX);
	return add(list, name, &command, err);
}

static int parse_line(cJSON *list, struct line l, struct err *err)
{
	const char *colon;

	trim(&l);
	if (!l.len || is_comment(l.text, l.len))
		return 0;
	if (l.len > TEXT_LINE_MAX)
		return err_set(err, ERR_FAILED, "line %zu: longer than %d bytes",
			l.number, TEXT_LINE_MAX);
	colon = memchr(l.text, ':', l.len);
	if (!colon)
		return err_set(err, ERR_FAILED,
			"line %zu: expected NAME: COMMAND and found %.*s", l.number,
			l.len > 60 ? 60 : (int)l.len, l.text);
	return add_process(list, &l, (size_t)(colon - l.text), err);
}

int procfile_parse(const char *text, size_t len, cJSON **out, struct err *err)
{
	cJSON *list = cJSON_CreateArray();
	struct line l = {text, 0, 1};
	int rc = text_check(text, len, err);

	for (; !rc && l.text < text + len; l.number++) {
		const char *end = memchr(l.text, '\n', (size_t)(text + len - l.text));

		l.len = (size_t)((end ? end : text + len) - l.text);
		rc = parse_line(list, l, err);
		l.text += l.len + 1;
	}
	if (!rc && !cJSON_GetArraySize(list))
		rc = err_set(err, ERR_FAILED,
			"there is no process in it: write one as web: COMMAND, or remove "
			"the file");
	if (rc)
		cJSON_Delete(list);
	else
		*out = list;
	return rc;
}
