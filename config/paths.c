#include "config/paths.h"

#include "config/base/io.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *under_data(const struct settings *s, char *out, const char *rest)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s/%s", s->server_data, rest);
	return out;
}

char *path_database(const struct settings *s, char *out)
{
	return under_data(s, out, "bardo.db");
}

char *path_repository(const struct settings *s, const struct app *app, char *out)
{
	(void)snprintf(
		out, PATH_TEXT_MAX, "%s/repos/%s.git", s->server_data, app->handle);
	return out;
}

char *path_life_logs(const struct settings *s, const struct app *app, char *out)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s/logs/%s", s->server_data, app->handle);
	return out;
}

char *path_life_log(const struct settings *s, const struct app *app, int life, char *out)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s/logs/%s/%d.log", s->server_data,
		app->handle, life);
	return out;
}

char *path_app_lock(const struct settings *s, const struct app *app, char *out)
{
	(void)snprintf(
		out, PATH_TEXT_MAX, "%s/locks/%s.lock", s->server_data, app->handle);
	return out;
}

char *path_app_runs(const struct settings *s, const struct app *app, char *out)
{
	(void)snprintf(
		out, PATH_TEXT_MAX, "%s/locks/%s.runs", s->server_data, app->handle);
	return out;
}

char *path_commands_lock(const struct settings *s, char *out)
{
	return under_data(s, out, "locks/commands");
}

char *path_app_pushes(const struct settings *s, const char *name, char *out)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s/locks/%s.pushes", s->server_data, name);
	return out;
}

char *path_host_keys(const struct settings *s, char *out)
{
	return under_data(s, out, "keys");
}

char *path_key_snapshot(const struct settings *s, char *out)
{
	return under_data(s, out, "keys/authorized");
}

char *path_door(const struct settings *s, char *out)
{
	return under_data(s, out, "run/door");
}

char *path_maintenance_page(const struct settings *s, const char *handle, char *out)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s/pages/%s.html", s->server_data, handle);
	return out;
}

char *path_certificate(const struct settings *s, const char *handle, char *out)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s/certs/%s.pem", s->server_data, handle);
	return out;
}

char *path_storage(const struct settings *s, char *out)
{
	return under_data(s, out, "storage");
}

char *path_certificate_changed(const struct settings *s, const char *handle, char *out)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s/certs/%s.pem" PATH_CHANGED, s->server_data,
		handle);
	return out;
}

char *path_run(const struct settings *s, const char *name, char *out)
{
	(void)snprintf(out, PATH_TEXT_MAX, "%s/run/%s", s->server_data, name);
	return out;
}

char *path_beside_us(const char *name, char *out)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n < 0 ? 0 : n] = '\0';
	slash = strrchr(self, '/');
	(void)snprintf(out, PATH_TEXT_MAX, "%.*s/%s", slash ? (int)(slash - self) : 0,
		self, name);
	return out;
}

int paths_prepare(const struct settings *s, struct err *err)
{
	/* bardo-net goes through the first and reads the keys, and nothing else. */
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {
		{"repos", 0700},
		{"certs", 0700},
		{"pages", 0700},
		{"logs", 0700},
		{"keys", 0755},
		{"locks", 0700},
		{"run", 0711},
	};
	char path[PATH_TEXT_MAX];
	int rc = io_make_dir(s->server_data, 0711, err);

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !rc; i++)
		rc = io_make_dir(
			under_data(s, path, folders[i].name), folders[i].mode, err);
	return rc;
}
