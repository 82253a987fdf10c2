#include "receiver/ssh/options.h"

#include "config/base/err.h"
#include "config/base/number.h"

#include <stddef.h>
#include <string.h>

#define GRACE_MAX_MS (24 * 60 * 60 * 1000)
#define TRIES_MAX 1000

static const struct option_row {
	const char *name;
	size_t text; /* where in struct options, or */
	size_t number;
	int64_t max;
} rows[] = {
	{"--make-host-keys", offsetof(struct options, make_host_keys), 0, 0},
	{"--peer", offsetof(struct options, peer), 0, 0},
	{"--local", offsetof(struct options, local), 0, 0},
	{"--keys", offsetof(struct options, keys), 0, 0},
	{"--grace", 0, offsetof(struct options, grace_ms), GRACE_MAX_MS},
	{"--max-tries", 0, offsetof(struct options, max_tries), TRIES_MAX},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int set_option(
	struct options *o, const char *name, const char *value, struct err *err)
{
	size_t i = 0;

	while (i < ROWS && strcmp(name, rows[i].name))
		i++;
	if (i == ROWS)
		return err_set(err, ERR_USAGE, "%s: no such option", name);
	if (!value)
		return err_set(err, ERR_USAGE, "%s needs a value", name);
	if (!rows[i].max) {
		memcpy((char *)o + rows[i].text, &value, sizeof(value));
		return 0;
	}
	if (number_parse(value, 1, rows[i].max,
		    (int64_t *)(void *)((char *)o + rows[i].number)) < 0)
		return err_set(err, ERR_USAGE, "%s: %s is not a number from 1 to %lld",
			name, value, (long long)rows[i].max);
	return 0;
}

int options_parse(struct options *o, int argc, const char *const *argv, struct err *err)
{
	int rc = 0;

	*o = (struct options){0};
	for (int i = 1; i < argc && !rc; i += 2)
		rc = set_option(o, argv[i], argv[i + 1], err);
	if (rc || o->make_host_keys)
		return rc;
	if (!o->peer || !o->local || !o->keys || !o->grace_ms || !o->max_tries)
		return err_set(err, ERR_USAGE,
			"bardod starts this program with --peer, --local, --keys, "
			"--grace and --max-tries; run bardod instead");
	return 0;
}
