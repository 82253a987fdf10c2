#include "builder/proxy/config.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/number.h"
#include "config/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNPRIVILEGED_FILE "/proc/sys/net/ipv4/ip_unprivileged_port_start"

/* proxy.bind and a port as an address: "127.0.0.1", "[::1]". False for what only HAProxy
 * understands. */
static bool make_address(const char *bind, int port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
	char host[INET6_ADDRSTRLEN];
	size_t len = strlen(bind);

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, bind, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return true;
	}
	if (len < 3 || len - 2 >= sizeof(host) || bind[0] != '[' || bind[len - 1] != ']')
		return false;
	memcpy(host, bind + 1, len - 2);
	host[len - 2] = '\0';
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
}

/* Only a port that somebody listens on counts: HAProxy may bind what we may not. */
static bool is_taken(const struct sockaddr_storage *at)
{
	socklen_t len = at->ss_family == AF_INET ? sizeof(struct sockaddr_in)
						 : sizeof(struct sockaddr_in6);
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1, off = 0;
	bool taken;

	if (fd < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (at->ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	taken = bind(fd, (const struct sockaddr *)at, len) < 0 && errno == EADDRINUSE;
	(void)close(fd);
	return taken;
}

int haproxy_check_ports(const struct settings *s, struct err *err)
{
	struct sockaddr_storage at;

	for (int64_t port = s->proxy_port_first; port <= s->proxy_port_last; port++) {
		if (make_address(s->proxy_bind, (int)port, &at) && is_taken(&at))
			return err_set(err, ERR_FAILED,
				"port %d of proxy.ports = %s is taken by another program "
				"(`ss -ltnp sport = :%d` shows which), and HAProxy "
				"starts "
				"with all of them or not at all: end that program, or "
				"set "
				"other proxy.ports",
				(int)port, s->proxy_ports, (int)port);
	}
	return 0;
}

/* "ADDRESS:PORT" as make_address wants it. */
static bool split_listen(const char *listen, char host[64], int *port)
{
	const char *colon = strrchr(listen, ':');
	int64_t n;

	if (!colon || (size_t)(colon - listen) >= 64 ||
		number_parse(colon + 1, 1, 65535, &n) < 0)
		return false;
	(void)snprintf(host, 64, "%.*s", (int)(colon - listen), listen);
	*port = (int)n;
	return true;
}

/* From which port on everybody may listen. */
static int unprivileged_ports(void)
{
	struct buf text;
	int64_t first = 1024;

	buf_init(&text, 64);
	if (io_read_file(UNPRIVILEGED_FILE, &text, NULL) == 0) {
		text.data[strcspn(text.data, "\n")] = '\0';
		if (number_parse(text.data, 0, 65536, &first) < 0)
			first = 1024;
	}
	buf_finish(&text);
	return (int)first;
}

bool haproxy_can_bind(
	const struct settings *s, const char *listen, char why[HAPROXY_WHY_SIZE])
{
	struct sockaddr_storage at;
	char host[64];
	int port;

	if (!split_listen(listen, host, &port))
		return true;
	if (port < unprivileged_ports() && !haproxy_starts_as_root(s)) {
		(void)snprintf(why, HAPROXY_WHY_SIZE,
			"needs bardod to be started by root, or a port from %d on",
			unprivileged_ports());
		return false;
	}
	if (!make_address(host, port, &at) || !is_taken(&at))
		return true;
	(void)snprintf(why, HAPROXY_WHY_SIZE,
		"is taken by another program (`ss -ltnp sport = :%d` shows which)", port);
	return false;
}
