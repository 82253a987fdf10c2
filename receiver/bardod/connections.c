#include "receiver/bardod/connections.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "receiver/bardod/doorkeeper.h"
#include "receiver/bardod/limits.h"
#include "receiver/bardod/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* When the machine is out of descriptors or memory, trying again at once is a busy loop.
 */
#define ACCEPT_PAUSE_MS 500

union address {
	struct sockaddr any;
	struct sockaddr_storage storage;
};

static void on_listener(void *data);
static void on_pause_over(void *data);

int connections_init(struct connections *c, struct server *server, struct err *err)
{
	const struct settings *s = &server->settings;
	const struct limits_settings limits = {
		.connections = s->ssh_max_connections,
		.per_address = s->ssh_max_per_address,
		.per_minute = s->ssh_logins_per_minute,
	};
	int rc;

	*c = (struct connections){
		.server = server,
		.listener = {.fd = -1, .ready = on_listener, .data = c},
		.pause = {.due = on_pause_over, .data = c},
	};
	rc = limits_create(&c->limits, &limits, err);
	if (rc)
		return rc;
	c->listener.fd = listen_open(s->ssh_listen, err);
	return c->listener.fd < 0 ? c->listener.fd : 0;
}

int connections_serve(struct connections *c, struct err *err)
{
	return loop_watch(&c->server->loop, &c->listener, err);
}

void connections_address(const struct connections *c, char out[ADDRESS_TEXT_MAX])
{
	union address a = {0};
	socklen_t len = sizeof(a);

	(void)getsockname(c->listener.fd, &a.any, &len);
	address_format(&a.any, out);
}

static void forget(struct connection *c)
{
	struct connections *all = &c->server->connections;

	if (c->prev)
		c->prev->next = c->next;
	else
		all->list = c->next;
	if (c->next)
		c->next->prev = c->prev;
	limits_release(all->limits, c->address);
	free(c);
}

static void on_ssh_end(void *data, int status)
{
	struct connection *c = data;
	char text[CHILD_TEXT_MAX];

	if (child_is_abnormal(status))
		log_warn("bardo-ssh for %s ended %s", c->peer,
			child_describe(status, text));
	else if (WIFEXITED(status) && WEXITSTATUS(status) == err_exit_status(ERR_DENIED))
		strangers_count(&c->server->strangers, c->from, STRANGERS_LOGIN);
	doorkeeper_close(c);
	forget(c);
}

/* A line before the SSH version is allowed to a server (RFC 4253, 4.2), and clients show
 * it. What the client sent already is read away: closing over it would reset the
 * connection, and the line with it. */
static void refuse(int fd, const char *why)
{
	char line[LIMITS_TEXT_MAX];
	char unread[256];
	int n = snprintf(line, sizeof(line), "bardo: %s\r\n", why);

	(void)send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)recv(fd, unread, sizeof(unread), MSG_DONTWAIT);
}

static struct connection *create(
	struct connections *all, const union address *from, int fd)
{
	struct connection *c = calloc(1, sizeof(*c));
	union address local = {0};
	socklen_t len = sizeof(local);

	if (!c)
		return NULL;
	*c = (struct connection){
		.server = all->server,
		.door = {.fd = -1, .ready = doorkeeper_answer, .data = c},
		.ssh = {.ended = on_ssh_end, .data = c},
		.next = all->list,
	};
	if (getsockname(fd, &local.any, &len) < 0)
		local.any.sa_family = AF_UNSPEC;
	address_format(&from->any, c->peer);
	limits_address_format(&from->any, c->from);
	address_format_host(&local.any, c->local);
	if (all->list)
		all->list->prev = c;
	all->list = c;
	return c;
}

/* A door of its own, and a bardo-ssh that has the connection and the door's other end. */
static int start_ssh(struct connection *c, int fd, struct err *err)
{
	struct server *s = c->server;
	char keys[PATH_TEXT_MAX];
	struct programs_ssh start = {
		.connection = fd,
		.peer = c->peer,
		.local = c->local,
		.keys = path_host_keys(&s->settings, keys),
	};
	int ends[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, "socketpair");
	c->door.fd = ends[0];
	start.door = ends[1];
	rc = io_set_nonblocking(c->door.fd, true);
	if (rc < 0)
		rc = err_errno(err, "the door");
	if (!rc)
		rc = loop_watch(&s->loop, &c->door, err);
	if (!rc)
		rc = c->ssh.pid =
			programs_start_ssh(&s->programs, &s->settings, &start, err);
	(void)close(ends[1]);
	if (rc < 0)
		return rc;
	children_add(&s->children, &c->ssh);
	return 0;
}

static void take(struct connections *all, const union address *from, int fd)
{
	struct limits_address *address;
	struct connection *c;
	struct err e = {0};
	char line[LIMITS_TEXT_MAX];
	enum limits_verdict v = limits_admit(
		all->limits, &from->any, clock_monotonic_ms(), &address, line);

	if (v != LIMITS_ADMIT) {
		char who[LIMITS_ADDRESS_MAX];

		limits_address_format(&from->any, who);
		strangers_count(&all->server->strangers, who, STRANGERS_CONNECTION);
		if (line[0])
			log_warn("%s", line);
		refuse(fd, limits_explain(v));
		return;
	}
	c = create(all, from, fd);
	if (!c) {
		limits_release(all->limits, address);
		refuse(fd, "out of memory: try again later");
		return;
	}
	c->address = address;
	if (start_ssh(c, fd, &e)) {
		log_warn("connection from %s: %s", c->peer, e.msg);
		refuse(fd, "the server can't take you now: its log says why");
		doorkeeper_close(c);
		forget(c);
	}
}

static void on_pause_over(void *data)
{
	struct connections *all = data;
	struct err e = {0};

	if (loop_watch(&all->server->loop, &all->listener, &e))
		loop_set_timer(&all->server->loop, &all->pause, ACCEPT_PAUSE_MS);
}

static void on_listener(void *data)
{
	struct connections *all = data;
	union address from = {0};
	socklen_t len = sizeof(from);
	int fd = accept4(all->listener.fd, &from.any, &len, SOCK_CLOEXEC);

	if (fd >= 0) {
		take(all, &from, fd);
		(void)close(fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		errno == ENOMEM) {
		log_warn("cannot take connections for a moment: %s", strerror(errno));
		loop_unwatch(&all->server->loop, &all->listener);
		loop_set_timer(&all->server->loop, &all->pause, ACCEPT_PAUSE_MS);
	}
}

void connections_finish(struct connections *c)
{
	if (c->listener.fd >= 0)
		(void)close(c->listener.fd);
	while (c->list) {
		doorkeeper_abandon(c->list);
		forget(c->list);
	}
	limits_destroy(c->limits);
	*c = (struct connections){.listener.fd = -1};
}
