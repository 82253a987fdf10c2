#include "config/app/checks.h"

#include "config/base/err.h"
#include "config/base/number.h"
#include "config/settings.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000

/* Where the type stands among the list's, NULL if it doesn't. */
static const char *find(const char *list, const char *process)
{
	size_t len = strlen(process);

	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == len && !strncmp(list, process, n))
			return list;
		list += n + (list[n] == ',');
	}
	return NULL;
}

bool checks_has(const char *list, const char *process)
{
	return find(list, process) != NULL;
}

int checks_add(char list[PROPERTY_VALUE_SIZE], const char *process, struct err *err)
{
	size_t len = strlen(list);

	if (find(list, process))
		return 0;
	if (len + strlen(process) + 2 > PROPERTY_VALUE_SIZE)
		return err_set(err, ERR_USAGE, "these are too many process types");
	(void)snprintf(
		list + len, PROPERTY_VALUE_SIZE - len, "%s%s", len ? "," : "", process);
	return 0;
}

void checks_remove(char list[PROPERTY_VALUE_SIZE], const char *process)
{
	const char *at = find(list, process);
	size_t from, n;

	if (!at)
		return;
	from = (size_t)(at - list);
	n = strlen(process);
	if (list[from + n] == ',')
		n++;
	else if (from > 0) {
		from--;
		n++;
	}
	memmove(list + from, list + from + n, strlen(list + from + n) + 1);
}

static int64_t seconds(
	struct store *s, int64_t app_id, const char *name, int64_t otherwise)
{
	char value[PROPERTY_VALUE_SIZE];
	int64_t n;

	if (property_get(s, app_id, CHECKS_FAMILY, name, value, NULL) ||
		number_parse(value, 0, CHECKS_SECONDS_MAX, &n) < 0)
		return otherwise;
	return n * SECOND;
}

int64_t checks_drain(struct store *s, int64_t app_id, const struct settings *set)
{
	return seconds(s, app_id, CHECKS_WAIT_TO_RETIRE, set->deploy_drain);
}

int64_t checks_timeout(struct store *s, int64_t app_id, const struct settings *set)
{
	return seconds(s, app_id, CHECKS_STARTUP_TIMEOUT, set->check_timeout);
}
