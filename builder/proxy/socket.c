#include "builder/proxy/socket.h"

#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MS 5000
#define READ_CHUNK 16384

static int away(const char *why, struct err *err)
{
	return err_set(err, ERR_AWAY,
		"HAProxy doesn't answer: %s; bardod starts it, and says in its log why "
		"it could not",
		why);
}

/* A descriptor, or -1 with errno. */
static int dial(const struct settings *s)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char path[PATH_TEXT_MAX];
	int fd;

	(void)path_run(s, "proxy/proxy.sock", path);
	if (strlen(path) > HAPROXY_SOCKET_PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		int why = errno;

		(void)close(fd);
		errno = why;
		return -1;
	}
	return fd;
}

/* EAGAIN is a full queue: a proxy that is there and doesn't come round to us. */
bool haproxy_is_there(const struct settings *s)
{
	int fd = dial(s);

	if (fd < 0)
		return errno == EAGAIN;
	(void)close(fd);
	return true;
}

static int wait_for(int fd, short events, int64_t deadline, struct err *err)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left = deadline - clock_monotonic_ms();
	int n = poll(&p, 1, left > 0 ? (int)left : 0);

	if (n < 0 && errno != EINTR)
		return err_errno(err, "poll");
	if (clock_monotonic_ms() >= deadline)
		return err_set(err, ERR_AWAY,
			"HAProxy doesn't answer: it was silent for 5 s and seems to "
			"hang; "
			"once its process (run/proxy/haproxy.pid) is ended, bardod "
			"starts another");
	return 0;
}

static int send_line(int fd, const char *commands, int64_t deadline, struct err *err)
{
	struct buf line;
	int rc = 0;

	buf_init(&line, HAPROXY_COMMAND_MAX);
	if (buf_adds(&line, commands) || buf_adds(&line, "\n"))
		rc = err_set(err, ERR_FAILED, "more than %d bytes of commands",
			HAPROXY_COMMAND_MAX);
	while (!rc && line.len) {
		ssize_t n = send(fd, line.data, line.len, MSG_NOSIGNAL);

		if (n >= 0)
			buf_consume(&line, (size_t)n);
		else if (errno == EAGAIN)
			rc = wait_for(fd, POLLOUT, deadline, err);
		else if (errno != EINTR)
			rc = away(strerror(errno), err);
	}
	buf_finish(&line);
	return rc;
}

static int read_answer(int fd, struct buf *reply, int64_t deadline, struct err *err)
{
	for (;;) {
		char *to = buf_reserve(reply, READ_CHUNK);
		ssize_t n;
		int rc;

		if (!to)
			return err_set(err, ERR_FAILED,
				"HAProxy's answer exceeds %zu bytes", reply->max);
		n = read(fd, to, READ_CHUNK);
		if (n == 0)
			return 0;
		if (n > 0) {
			reply->len += (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return away(strerror(errno), err);
		rc = wait_for(fd, POLLIN, deadline, err);
		if (rc)
			return rc;
	}
}

int haproxy_ask(const struct settings *s, const char *commands, struct buf *reply,
	struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + ANSWER_MS;
	int fd = dial(s), rc;

	if (fd < 0)
		return away(strerror(errno), err);
	buf_reset(reply);
	rc = send_line(fd, commands, deadline, err);
	if (!rc)
		rc = read_answer(fd, reply, deadline, err);
	(void)close(fd);
	if (rc)
		return rc;
	/* Even the answer to a command that says nothing is an empty line. */
	if (!reply->len || memchr(reply->data, '\0', reply->len))
		return away("it closed the connection without an answer", err);
	while (reply->len && reply->data[reply->len - 1] == '\n')
		reply->len--;
	reply->data[reply->len] = '\0';
	return 0;
}

int haproxy_must_follow(int rc, struct err *err)
{
	struct err why = {0};

	if (rc != ERR_AWAY)
		return rc;
	if (err)
		why = *err;
	return err_set(err, ERR_FAILED, "%s", why.msg);
}

/* The first line that is neither empty nor what success looks like; NULL if all are. */
static const char *complaint(const char *reply, const char *done, size_t *len)
{
	while (*reply) {
		*len = strcspn(reply, "\n");
		if (*len &&
			!(done && *len == strlen(done) && !strncmp(reply, done, *len)))
			return reply;
		reply += *len + (reply[*len] == '\n');
	}
	return NULL;
}

int haproxy_tell(
	const struct settings *s, const char *commands, const char *done, struct err *err)
{
	struct buf reply;
	const char *said;
	size_t len = 0;
	int rc;

	buf_init(&reply, HAPROXY_REPLY_MAX);
	rc = haproxy_ask(s, commands, &reply, err);
	said = rc ? NULL : complaint(buf_text(&reply), done, &len);
	if (said)
		rc = err_set(err, ERR_FAILED, "HAProxy refused \"%.*s\": %.*s",
			(int)strcspn(commands, "\n;"), commands, (int)len, said);
	buf_finish(&reply);
	return rc;
}
