#include "config/app/build_settings.h"

#include "config/app/properties.h"
#include "config/base/err.h"
#include "config/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define BUILDKIT "buildkit"
#define CLASSIC "classic"
#define DOCKERFILE "dockerfile" /* Dokku's word for what bardo always builds */

/* What the property says, else the server's setting. */
static int read_one(struct store *s, int64_t app_id, const char *family, const char *name,
	const char *setting, char out[BUILD_PATH_MAX + 1], struct err *err)
{
	char value[PROPERTY_VALUE_SIZE];
	const char *text;
	int rc = property_get(s, app_id, family, name, value, err);

	if (rc)
		return rc;
	text = *value ? value : setting;
	if (strlen(text) > BUILD_PATH_MAX)
		return err_set(err, ERR_FAILED, "%s %.40s… is longer than %d bytes", name,
			text, BUILD_PATH_MAX);
	(void)snprintf(out, BUILD_PATH_MAX + 1, "%s", text);
	return 0;
}

int build_settings_read(struct build_settings *out, struct store *s,
	const struct settings *set, int64_t app_id, struct err *err)
{
	char builder[BUILD_PATH_MAX + 1] = "";
	int rc = read_one(
		s, app_id, "builder", "build-dir", set->build_dir, out->dir, err);

	if (!rc)
		rc = read_one(s, app_id, "builder-dockerfile", "dockerfile-path",
			set->build_dockerfile, out->dockerfile, err);
	if (!rc)
		rc = read_one(s, app_id, "builder", "target", "", out->target, err);
	if (!rc)
		rc = read_one(s, app_id, "builder", "selected", set->build_builder,
			builder, err);
	out->classic = !rc &&
		!strcmp(strcmp(builder, DOCKERFILE) ? builder : set->build_builder,
			CLASSIC);
	return rc;
}

const char *build_settings_builder(const struct build_settings *b)
{
	return b->classic ? CLASSIC : BUILDKIT;
}

/* Whether a part of the path is ".." */
static bool leaves_tree(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += len + (path[len] == '/');
	}
	return false;
}

int build_settings_check_path(const char *value, struct err *err)
{
	if (value[0] != '/' && !leaves_tree(value) && strlen(value) <= BUILD_PATH_MAX)
		return 0;
	return err_set(err, ERR_USAGE,
		"%.80s is not a path in the repository: it begins neither with / nor "
		"goes up by .., and has %d bytes at most",
		value, BUILD_PATH_MAX);
}

int build_settings_check_builder(const char *value, struct err *err)
{
	if (!strcmp(value, BUILDKIT) || !strcmp(value, CLASSIC) ||
		!strcmp(value, DOCKERFILE))
		return 0;
	return err_set(err, ERR_USAGE,
		"there is no builder %.60s: bardo builds Dockerfiles, with " BUILDKIT
		" or with " CLASSIC ", the Engine's old builder",
		value);
}

int build_settings_check_target(const char *value, struct err *err)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)value[i]) && !strchr("._-", value[i]))
			len = 0;
	}
	if (len && len <= BUILD_PATH_MAX)
		return 0;
	return err_set(err, ERR_USAGE,
		"%.80s can't be the name of a stage: it is letters, digits, ., _ and -",
		value);
}
