#include "builder/check/ports.h"

#include "config/base/buf.h"
#include "config/base/io.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)
#define STATE_LISTEN 0x0a
#define RESOLVER "0B00007F" /* 127.0.0.11, as the file writes it on little-endian */
#define V4_LEN 8
#define V6_LEN 32
#define V6_LOOPBACK "00000000000000000000000001000000"
#define V6_MAPPED "0000000000000000FFFF0000"
#define LIST_SIZE 128

/* Each 32 bits of an address are written in the machine's order: 0100007F is 127.0.0.1.
 */
static bool is_loopback(const char *address)
{
	const char *v4 = address;

	if (strlen(address) == V6_LEN) {
		if (!strcmp(address, V6_LOOPBACK))
			return true;
		if (strncmp(address, V6_MAPPED, strlen(V6_MAPPED)) != 0)
			return false;
		v4 = address + strlen(V6_MAPPED);
	}
	return !strcmp(v4 + V4_LEN - 2, "7F");
}

static void add(struct check_ports *p, int port, bool loopback)
{
	for (size_t i = 0; i < p->len; i++) {
		if (p->items[i].port != port)
			continue;
		p->items[i].loopback = p->items[i].loopback && loopback;
		return;
	}
	if (p->len == CHECK_PORTS_MAX)
		return;
	p->items[p->len].port = port;
	p->items[p->len++].loopback = loopback;
}

void check_ports_parse(struct check_ports *p, const char *text)
{
	const char *line = strchr(text, '\n'); /* behind the heading */

	for (; line; line = strchr(line, '\n')) {
		char address[V6_LEN + 1];
		unsigned port, state;

		line++;
		if (sscanf(line, " %*u: %32[0-9A-F]:%4X %*[0-9A-F]:%*4X %2X", address,
			    &port, &state) != 3 ||
			state != STATE_LISTEN || !strcmp(address, RESOLVER))
			continue;
		if (strlen(address) == V4_LEN || strlen(address) == V6_LEN)
			add(p, (int)port, is_loopback(address));
	}
}

/* With an Engine in a machine or a process namespace of its own, the number means another
 * process here, or none. */
static bool belongs_to(pid_t pid, const char *container_id)
{
	struct buf b;
	char path[64];
	bool found;

	buf_init(&b, FILE_MAX);
	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	found = io_read_file(path, &b, NULL) == 0 && container_id[0] &&
		strstr(buf_text(&b), container_id);
	buf_finish(&b);
	return found;
}

int check_ports_read(struct check_ports *p, pid_t pid, const char *container_id)
{
	static const char *const files[] = {"tcp", "tcp6"};
	int rc = -1;

	if (pid <= 0 || !belongs_to(pid, container_id))
		return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct buf b;
		char path[64];

		buf_init(&b, FILE_MAX);
		(void)snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, files[i]);
		if (io_read_file(path, &b, NULL) == 0) {
			check_ports_parse(p, buf_text(&b));
			rc = 0;
		}
		buf_finish(&b);
	}
	return rc;
}

static void list(const struct check_ports *p, bool loopback, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->len && len + 24 < size; i++) {
		if (p->items[i].loopback == loopback)
			len += (size_t)snprintf(out + len, size - len, "%s%s%d",
				len ? ", " : "", loopback ? "127.0.0.1:" : "",
				p->items[i].port);
	}
}

void check_ports_hint(const struct check_ports *p, int expected, char *out, size_t size)
{
	char reachable[LIST_SIZE], local[LIST_SIZE];

	for (size_t i = 0; i < p->len; i++) {
		if (p->items[i].port != expected || !p->items[i].loopback)
			continue;
		(void)snprintf(out, size,
			"it listens on 127.0.0.1:%d only: bind to 0.0.0.0", expected);
		return;
	}
	list(p, false, reachable, sizeof(reachable));
	list(p, true, local, sizeof(local));
	if (reachable[0] && strchr(reachable, ','))
		(void)snprintf(out, size,
			"it listens on ports %s: let it listen on $PORT (%d), or EXPOSE "
			"one of them in the Dockerfile",
			reachable, expected);
	else if (reachable[0])
		(void)snprintf(out, size,
			"it listens on port %s: let it listen on $PORT (%d), or write "
			"EXPOSE %s into the Dockerfile",
			reachable, expected, reachable);
	else if (local[0])
		(void)snprintf(out, size,
			"it listens on %s only: bind to 0.0.0.0, on $PORT (%d)", local,
			expected);
	else
		(void)snprintf(out, size,
			"it listens on no port at all: is it still starting? "
			"(check.timeout), or is it no server? (then EXPOSE no port)");
}
