#include "receiver/bardod/listen.h"

#include "config/base/err.h"
#include "config/base/log.h"
#include "config/base/number.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_SIZE 256
#define PORT_SIZE 8
/* Connections that wait for accept(2): a burst of a whole team, no more. */
#define LISTEN_BACKLOG 128

static int refuse_text(const char *where, struct err *err)
{
	return err_set(err, ERR_USAGE,
		"ssh.listen = %.200s: it must be ADDRESS:PORT, like 127.0.0.1:2222, "
		"[::1]:2222 or *:2222",
		where);
}

/* Splits at the last colon; an IPv6 address needs its brackets. */
static int split(const char *where, char *host, char *port, struct err *err)
{
	const char *colon = strrchr(where, ':');
	const char *from = where;
	size_t len = colon ? (size_t)(colon - where) : 0;
	int64_t number;

	if (!len || len >= HOST_SIZE || strlen(colon + 1) >= PORT_SIZE ||
		number_parse(colon + 1, 0, 65535, &number) < 0)
		return refuse_text(where, err);
	if (from[0] == '[' && from[len - 1] == ']') {
		from++;
		len -= 2;
	} else if (memchr(from, ':', len)) {
		return refuse_text(where, err);
	}
	(void)snprintf(host, HOST_SIZE, "%.*s", (int)len, from);
	(void)snprintf(port, PORT_SIZE, "%d", (int)number);
	return 0;
}

/* Numbers first: looking a name up would load what the C library needs for that. */
static int resolve(
	const char *host, const char *port, struct addrinfo **out, struct err *err)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	};
	int rc = getaddrinfo(host, port, &hints, out);

	if (rc == EAI_NONAME) {
		hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
		rc = getaddrinfo(host, port, &hints, out);
	}
	if (rc)
		return err_set(
			err, ERR_USAGE, "ssh.listen: %s: %s", host, gai_strerror(rc));
	return 0;
}

static int explain_bind(const char *where, const char *port, struct err *err)
{
	if (errno == EADDRINUSE)
		return err_set(err, ERR_BUSY,
			"ssh.listen = %s: another program listens there (`ss -ltnp "
			"'sport = :%s'` names it): stop it, or set another ssh.listen",
			where, port);
	if (errno == EACCES)
		return err_set(err, ERR_DENIED,
			"ssh.listen = %s: only root may listen there: start bardod as "
			"root, or set a port above 1023",
			where);
	if (errno == EADDRNOTAVAIL)
		return err_set(err, ERR_FAILED,
			"ssh.listen = %s: this machine has no such address (`ip address` "
			"lists them)",
			where);
	return err_errno(err, "ssh.listen = %s", where);
}

static int bind_one(const struct addrinfo *a)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;
	int saved;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->ai_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	saved = errno;
	(void)close(fd);
	errno = saved;
	return -1;
}

static int bind_first(
	const char *where, const char *host, const char *port, struct err *err)
{
	struct addrinfo *list = NULL;
	int fd = -1;
	int rc = resolve(host, port, &list, err);

	if (rc)
		return rc;
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = bind_one(a);
	if (fd < 0)
		fd = explain_bind(where, port, err);
	freeaddrinfo(list);
	return fd;
}

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || errno != EAFNOSUPPORT;
}

int listen_open(const char *where, struct err *err)
{
	char host[HOST_SIZE], port[PORT_SIZE];
	int rc = split(where, host, port, err);

	if (rc)
		return rc;
	if (!strcmp(host, "*"))
		(void)strncpy(host, "::", sizeof(host));
	if (!strcmp(host, "::") && !has_ipv6()) {
		log_warn("this machine has no IPv6: listening on 0.0.0.0 instead");
		(void)strncpy(host, "0.0.0.0", sizeof(host));
	}
	return bind_first(where, host, port, err);
}

static void format(const struct sockaddr *a, char *host, char *port)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)a;
	struct sockaddr_in four = {.sin_family = AF_INET};
	socklen_t len = a->sa_family == AF_INET6 ? sizeof(*six) : sizeof(four);

	if (a->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		memcpy(&four.sin_addr, six->sin6_addr.s6_addr + 12, 4);
		four.sin_port = six->sin6_port;
		a = (const struct sockaddr *)&four;
		len = sizeof(four);
	}
	if (getnameinfo(a, len, host, ADDRESS_TEXT_MAX - PORT_SIZE - 3, port, PORT_SIZE,
		    NI_NUMERICHOST | NI_NUMERICSERV)) {
		(void)strncpy(host, "?", 2);
		(void)strncpy(port, "0", 2);
	}
}

void address_format(const struct sockaddr *a, char out[ADDRESS_TEXT_MAX])
{
	char host[ADDRESS_TEXT_MAX], port[PORT_SIZE];
	bool is_six;

	format(a, host, port);
	is_six = strchr(host, ':');
	(void)snprintf(out, ADDRESS_TEXT_MAX, "%s%.*s%s:%s", is_six ? "[" : "",
		ADDRESS_TEXT_MAX - PORT_SIZE - 4, host, is_six ? "]" : "", port);
}

void address_format_host(const struct sockaddr *a, char out[ADDRESS_TEXT_MAX])
{
	char port[PORT_SIZE];

	format(a, out, port);
}
