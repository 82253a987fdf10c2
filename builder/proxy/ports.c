#include "builder/proxy/haproxy.h"

#include "builder/proxy/config.h"
#include "builder/proxy/socket.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/lock.h"
#include "config/paths.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Map entries a command, within HAPROXY_COMMAND_MAX. */
#define MAP_ENTRIES 400

/* A new version of the map, "New version created: N". */
static int prepare_map(
	const struct settings *s, const char *map, int64_t *version, struct err *err)
{
	static const char created[] = "New version created: ";
	char command[PATH_TEXT_MAX + 32];
	struct buf reply;
	int rc;

	(void)snprintf(command, sizeof(command), "prepare map %s", map);
	buf_init(&reply, HAPROXY_REPLY_MAX);
	rc = haproxy_ask(s, command, &reply, err);
	if (!rc &&
		(strncmp(buf_text(&reply), created, strlen(created)) != 0 ||
			number_parse(buf_text(&reply) + strlen(created), 0, INT64_MAX,
				version) < 0))
		rc = err_set(err, ERR_FAILED, "HAProxy refused \"%s\": %s", command,
			buf_text(&reply));
	buf_finish(&reply);
	return rc;
}

static int fill_map(const struct settings *s, const char *map, int64_t version,
	const struct haproxy_port *ports, size_t len, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_COMMAND_MAX);
	for (size_t i = 0; i < len && !rc;) {
		buf_reset(&b);
		rc = buf_addf(&b, "add map @%" PRId64 " %s <<\n", version, map);
		/* The empty line that ends the payload is the command's own end. */
		for (size_t n = 0; n < MAP_ENTRIES && i < len; n++, i++)
			rc |= buf_addf(
				&b, "%d " SLOT_FORMAT "\n", ports[i].port, ports[i].slot);
		rc = rc ? err_set(err, ERR_FAILED, "the map's entries are too long")
			: haproxy_tell(s, b.data, NULL, err);
	}
	buf_finish(&b);
	return rc;
}

/* Visitors see the map before or after, nothing between. */
static int replace_map(const struct settings *s, const struct haproxy_port *ports,
	size_t len, struct err *err)
{
	char map[PATH_TEXT_MAX], commit[PATH_TEXT_MAX + 64];
	int64_t version = 0;
	int rc = prepare_map(s, haproxy_map_path(s, map), &version, err);

	if (!rc)
		rc = fill_map(s, map, version, ports, len, err);
	(void)snprintf(
		commit, sizeof(commit), "commit map @%" PRId64 " %s", version, map);
	return rc ? rc : haproxy_tell(s, commit, NULL, err);
}

static int check_ports(const struct haproxy_port *ports, size_t len, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		if (ports[i].port < 1 || ports[i].port > 65535 || ports[i].slot < 0 ||
			ports[i].slot >= HAPROXY_SLOTS_MAX)
			return err_set(err, ERR_USAGE, "port %d can't lead to slot %d",
				ports[i].port, ports[i].slot);
	}
	return 0;
}

int haproxy_map_ports(const struct settings *s, const struct haproxy_port *ports,
	size_t len, struct err *err)
{
	int rc = check_ports(ports, len, err);

	if (!rc)
		rc = haproxy_write_ports(s, ports, len, err);
	if (!rc && haproxy_ping(s, NULL) != ERR_AWAY)
		rc = replace_map(s, ports, len, err);
	return rc;
}

int haproxy_lock_ports(const struct settings *s, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int fd = lock_open(path_run(s, "proxy/ports.lock", path), err);
	int rc = fd < 0 ? fd : lock_wait(fd, err);

	if (rc && fd >= 0)
		(void)close(fd);
	return rc ? rc : fd;
}
