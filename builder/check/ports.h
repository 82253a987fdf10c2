#ifndef BARDO_BUILDER_CHECK_PORTS_H
#define BARDO_BUILDER_CHECK_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* On which ports a container listens, read from its network namespace: the hint that a
 * failed connect needs most. proc_pid_net(5). */

#define CHECK_PORTS_MAX 32

struct check_ports {
	struct {
		int port;
		bool loopback; /* nobody outside the container reaches it */
	} items[CHECK_PORTS_MAX];
	size_t len;
};

/* Adds the listening sockets of a file like /proc/net/tcp or tcp6. Docker's own resolver
 * (127.0.0.11) is left out. A port that is reachable counts as reachable, however often
 * it is listened on. */
void check_ports_parse(struct check_ports *p, const char *text);

/* Reads those of the process, if it is this container's: 0, or -1 when it can't be told.
 */
int check_ports_read(struct check_ports *p, pid_t pid, const char *container_id);

/* What to do when nothing answers on the port that is expected; "" if nothing is known.
 */
void check_ports_hint(const struct check_ports *p, int expected, char *out, size_t size);

#endif
