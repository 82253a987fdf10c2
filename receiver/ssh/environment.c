#include "receiver/ssh/environment.h"

#include "config/base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define LOCALE LOWER UPPER DIGIT "_.@-"

static const struct allowed {
	const char *name;
	const char *characters; /* of its value */
} allowed[] = {
	{"GIT_PROTOCOL", LOWER DIGIT "=:.-"},
	{"TERM", LOWER UPPER DIGIT "_.+-"},
	{"LANG", LOCALE},
	{"LC_ADDRESS", LOCALE},
	{"LC_ALL", LOCALE},
	{"LC_COLLATE", LOCALE},
	{"LC_CTYPE", LOCALE},
	{"LC_IDENTIFICATION", LOCALE},
	{"LC_MEASUREMENT", LOCALE},
	{"LC_MESSAGES", LOCALE},
	{"LC_MONETARY", LOCALE},
	{"LC_NAME", LOCALE},
	{"LC_NUMERIC", LOCALE},
	{"LC_PAPER", LOCALE},
	{"LC_TELEPHONE", LOCALE},
	{"LC_TIME", LOCALE},
};

#define ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

_Static_assert(ALLOWED <= DOOR_ENV_MAX, "each name is set once, and the door takes all");

void environment_finish(struct environment *e)
{
	for (size_t i = 0; i < e->len; i++)
		free(e->entries[i]);
	*e = (struct environment){0};
}

static int check(const char *name, const char *value, struct err *err)
{
	size_t i = 0;

	while (i < ALLOWED && strcmp(name, allowed[i].name))
		i++;
	if (i == ALLOWED)
		return err_set(err, ERR_DENIED, "%.64s is not let through", name);
	if (strlen(value) > ENVIRONMENT_VALUE_MAX ||
		value[strspn(value, allowed[i].characters)])
		return err_set(err, ERR_DENIED, "not a value for %s", name);
	return 0;
}

/* The place of a name, or the first free one. */
static size_t find(const struct environment *e, const char *name)
{
	size_t len = strlen(name);
	size_t i = 0;

	while (i < e->len &&
		(strncmp(e->entries[i], name, len) || e->entries[i][len] != '='))
		i++;
	return i;
}

int environment_set(
	struct environment *e, const char *name, const char *value, struct err *err)
{
	int rc = check(name, value, err);
	char *entry;
	size_t i;

	if (rc)
		return rc;
	if (asprintf(&entry, "%s=%s", name, value) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	i = find(e, name);
	if (i == e->len)
		e->len++;
	else
		free(e->entries[i]);
	e->entries[i] = entry;
	return 0;
}
