#include "builder/proxy/map.h"

#include "builder/proxy/haproxy.h"
#include "builder/proxy/socket.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/number.h"
#include "config/lock.h"
#include "config/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *haproxy_map_path(const struct settings *s, const char *name, char *out)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "proxy/%s.map", name);
	return path_run(s, file, out);
}

/* A new version of the map, "New version created: N". ERR_NOTFOUND: no rule of the
 * running configuration looks into it, since the ports that would are off. */
static int prepare_map(
	const struct settings *s, const char *map, int64_t *version, struct err *err)
{
	static const char created[] = "New version created: ";
	static const char unknown[] = "Unknown map identifier";
	char command[PATH_TEXT_MAX + 32];
	struct buf reply;
	int rc;

	(void)snprintf(command, sizeof(command), "prepare map %s", map);
	buf_init(&reply, HAPROXY_REPLY_MAX);
	rc = haproxy_ask(s, command, &reply, err);
	if (!rc && !strncmp(buf_text(&reply), unknown, strlen(unknown)))
		rc = err_set(err, ERR_NOTFOUND, "HAProxy has no map %s", map);
	else if (!rc &&
		(strncmp(buf_text(&reply), created, strlen(created)) != 0 ||
			number_parse(buf_text(&reply) + strlen(created), 0, INT64_MAX,
				version) < 0))
		rc = err_set(err, ERR_FAILED, "HAProxy refused \"%s\": %s", command,
			buf_text(&reply));
	buf_finish(&reply);
	return rc;
}

/* As many whole lines as one command takes; returns what is left. */
static const char *add_lines(struct buf *command, const char *text)
{
	while (*text) {
		const char *end = strchr(text, '\n');
		size_t len = end ? (size_t)(end - text) + 1 : strlen(text);

		if (buf_add(command, text, len) < 0)
			break;
		text += len;
	}
	return text;
}

/* The empty line that ends a payload is the command's own end. */
static int fill_map(const struct settings *s, const char *map, int64_t version,
	const char *text, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_COMMAND_MAX);
	while (*text && !rc) {
		const char *rest;

		buf_reset(&b);
		rc = buf_addf(&b, "add map @%" PRId64 " %s <<\n", version, map);
		rest = rc ? text : add_lines(&b, text);
		rc = rest == text ? err_set(err, ERR_FAILED,
					    "a line of the map %s is too long", map)
				  : haproxy_tell(s, b.data, NULL, err);
		text = rest;
	}
	buf_finish(&b);
	return rc;
}

static int replace_running(
	const struct settings *s, const char *map, const char *text, struct err *err)
{
	char commit[PATH_TEXT_MAX + 64];
	int64_t version = 0;
	int rc = prepare_map(s, map, &version, err);

	if (!rc)
		rc = fill_map(s, map, version, text, err);
	(void)snprintf(
		commit, sizeof(commit), "commit map @%" PRId64 " %s", version, map);
	return rc ? rc : haproxy_tell(s, commit, NULL, err);
}

int haproxy_replace_map(
	const struct settings *s, const char *name, const char *text, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = io_replace_file(
		haproxy_map_path(s, name, path), 0600, text, strlen(text), err);

	if (!rc && haproxy_is_there(s))
		rc = haproxy_must_follow(replace_running(s, path, text, err), err);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

int haproxy_make_map(const struct settings *s, const char *name, struct err *err)
{
	char path[PATH_TEXT_MAX];

	if (access(haproxy_map_path(s, name, path), F_OK) == 0)
		return 0;
	return io_replace_file(path, 0600, "", 0, err);
}

int haproxy_lock_map(const struct settings *s, const char *name, struct err *err)
{
	char file[64], path[PATH_TEXT_MAX];
	int fd, rc;

	/* A command may come before the proxy was ever started. */
	rc = io_make_dir(path_run(s, "proxy", path), 0700, err);
	if (rc)
		return rc;
	(void)snprintf(file, sizeof(file), "proxy/%s.lock", name);
	fd = lock_open(path_run(s, file, path), err);
	rc = fd < 0 ? fd : lock_wait(fd, err);
	if (rc && fd >= 0)
		(void)close(fd);
	return rc ? rc : fd;
}
