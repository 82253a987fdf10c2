#include "builder/check/private.h"

#include "builder/check/ports.h"
#include "builder/engine/engine.h"
#include "builder/say.h"
#include "config/base/err.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* How a connect that is under way ends: a check_wake, READY with its *error. */
static int await_connect(
	struct check *c, int fd, int64_t until, int *error, struct err *err)
{
	socklen_t len = sizeof(*error);
	int rc = check_watch_wait(&c->watch, fd, POLLOUT, until, err);

	*error = ETIMEDOUT;
	if (rc == CHECK_WAKE_READY)
		(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &len);
	return rc;
}

static int try_connect(struct check *c, void *probe, int64_t until, struct err *err)
{
	const struct addrinfo *to = probe;
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0, rc = CHECK_WAKE_READY;

	if (fd < 0)
		return err_errno(err, "socket");
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0)
		error = errno;
	if (error == EINPROGRESS)
		rc = await_connect(c, fd, until, &error, err);
	(void)close(fd);
	if (rc < 0)
		return rc;
	if (rc == CHECK_WAKE_DIED)
		return check_tell_death(c, err);
	if (!error)
		return 1;
	(void)snprintf(
		c->failure->answer, sizeof(c->failure->answer), "%s", strerror(error));
	return 0;
}

void check_add_port_hint(struct check *c, int port)
{
	struct check_ports ports = {0};

	if (!engine_is_local(c->engine) || check_read_state(c, NULL) || !c->state.running)
		return;
	if (check_ports_read(&ports, c->state.pid, c->state.id) == 0)
		check_ports_hint(
			&ports, port, c->failure->hint, sizeof(c->failure->hint));
}

int check_port(struct check *c, int port, const struct check_pace *pace, int64_t tried,
	struct err *err)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *to = NULL;
	char number[16], text[SAY_DURATION_SIZE];
	int rc;

	(void)snprintf(number, sizeof(number), "%d", port);
	(void)snprintf(c->failure->probed, sizeof(c->failure->probed), "TCP %s:%s",
		c->options->address, number);
	if (getaddrinfo(c->options->address, number, &hints, &to) != 0)
		return err_set(err, ERR_USAGE, "%s: no address", c->options->address);
	rc = check_try_until(c, pace, try_connect, to, err);
	freeaddrinfo(to);
	if (rc <= 0)
		return rc;
	check_add_port_hint(c, port);
	return err_set(err, ERR_FAILED, "nothing accepts connections on port %d after %s",
		port, say_duration(tried, text));
}
