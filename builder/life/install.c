#include "builder/life/install.h"

#include "builder/certificate/certificate.h"
#include "builder/life/names.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/record/apps.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Whoever dies behind this leaves a mark by which the next one knows that the proxy has
 * still to read the file. */
static int replace_file(const struct settings *set, const struct app *app,
	const struct buf *pem, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = io_replace_file(
		path_certificate_changed(set, app->handle, path), 0600, "", 0, err);

	return rc ? rc
		  : io_replace_file(path_certificate(set, app->handle, path), 0600,
			    pem->data, pem->len, err);
}

int certificate_install(
	struct server *s, const struct app *app, const struct buf *pem, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct buf old;
	bool had;
	int rc;

	(void)path_certificate(s->settings, app->handle, path);
	buf_init(&old, CERTIFICATE_PEM_MAX);
	had = io_read_file(path, &old, NULL) == 0;
	rc = replace_file(s->settings, app, pem, err);
	if (!rc)
		rc = names_route(s, app, err);
	if (rc && rc != ERR_AWAY) {
		if (had)
			(void)replace_file(s->settings, app, &old, NULL);
		else
			(void)unlink(path);
		(void)names_route(s, NULL, NULL);
	}
	if (old.data)
		explicit_bzero(old.data, old.len);
	buf_finish(&old);
	return rc;
}

static int remove_file(struct server *s, const struct app *app, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = unlink(path_certificate(s->settings, app->handle, path)) < 0
		? err_errno(err, "%s", path)
		: 0;

	(void)unlink(path_certificate_changed(s->settings, app->handle, path));
	return rc;
}

static bool has_file(const struct server *s, const struct app *app)
{
	char path[PATH_TEXT_MAX];

	return access(path_certificate(s->settings, app->handle, path), F_OK) == 0;
}

int certificate_uninstall(struct server *s, const struct app *app, struct err *err)
{
	int rc;

	if (!has_file(s, app))
		return err_set(err, ERR_NOTFOUND, "%s has no certificate", app->name);
	rc = names_route_without(s, app, false, err);
	if (rc && rc != ERR_AWAY) {
		(void)names_route(s, NULL, NULL);
		return rc;
	}
	return remove_file(s, app, rc ? NULL : err) && !rc ? ERR_FAILED : rc;
}

int certificate_forget(struct server *s, const struct app *app, struct err *err)
{
	int rc;

	if (!has_file(s, app))
		return 0;
	rc = names_route_without(s, app, true, err);
	return rc ? rc : remove_file(s, app, err);
}
