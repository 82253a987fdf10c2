/* Apart from settings.c, so that bardod can export settings without linking libgit2. */

#include "config/settings.h"

#include "config/base/buf.h"
#include "config/base/err.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One environment variable may have 128 KiB (MAX_ARG_STRLEN in execve(2)). */
#define OVERRIDES_TEXT_MAX (64 * 1024)

static int join_lines(
	struct buf *lines, const char *const *overrides, size_t len, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		if (strchr(overrides[i], '\n'))
			return err_set(err, ERR_USAGE, "-c %.100s: a setting is one line",
				overrides[i]);
		if (buf_addf(lines, "%s\n", overrides[i]) < 0)
			return err_set(err, ERR_USAGE,
				"the -c settings are longer than %d bytes in all",
				OVERRIDES_TEXT_MAX);
	}
	return 0;
}

int settings_export(const char *file, const char *const *overrides, size_t overrides_len,
	struct err *err)
{
	struct buf lines;
	char *absolute = NULL;
	int rc;

	buf_init(&lines, OVERRIDES_TEXT_MAX);
	rc = join_lines(&lines, overrides, overrides_len, err);
	if (!rc && file) {
		absolute = realpath(file, NULL);
		if (!absolute)
			rc = err_set(
				err, ERR_USAGE, "--config %s: %s", file, strerror(errno));
	}
	if (!rc &&
		(setenv("BARDO_CONFIG", absolute ? absolute : "", 1) < 0 ||
			setenv("BARDO_OVERRIDES", buf_text(&lines), 1) < 0 ||
			unsetenv("BARDO_SETTINGS") < 0))
		rc = err_errno(err, "the environment");
	free(absolute);
	buf_finish(&lines);
	return rc;
}
