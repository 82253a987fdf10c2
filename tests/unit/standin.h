#ifndef BARDO_TESTS_UNIT_STANDIN_H
#define BARDO_TESTS_UNIT_STANDIN_H

/*
 * A stand-in for the Docker Engine that fails on purpose, in ways that a real one can't
 * be brought to: a process on a unix socket that answers /_ping by itself and gives every
 * other request, each on a connection and in a process of its own, to the test's
 * function.
 */

#include "builder/engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define STANDIN_HEAD_MAX 16384
#define STANDIN_PING "HTTP/1.1 200 OK\r\nApi-Version: %s\r\nContent-Length: 2\r\n\r\nOK"

/* cmocka.h must be included before this is used. */
#define assert_contains(text, part)                                                      \
	do {                                                                             \
		if (!strstr((text), (part)))                                             \
			fail_msg("\"%s\" has no \"%s\"", (text), (part));                \
	} while (0)

struct standin {
	pid_t pid;
	char dir[64];
	char host[128];
};

/* Gets the request's head; what it returns from closes the connection. */
typedef void standin_serve(int fd, const char *head);

static void standin_write(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* One chunk of a chunked answer. */
static inline void standin_chunk(int fd, const char *text)
{
	char size[32];

	(void)snprintf(size, sizeof(size), "%zx\r\n", strlen(text));
	standin_write(fd, size);
	standin_write(fd, text);
	standin_write(fd, "\r\n");
}

/* Byte by byte, so that nothing of the body is taken. */
static bool standin_read_head(int fd, char head[STANDIN_HEAD_MAX])
{
	size_t len = 0;

	while (len + 1 < STANDIN_HEAD_MAX && read(fd, head + len, 1) == 1) {
		head[++len] = '\0';
		if (len >= 4 && !strcmp(head + len - 4, "\r\n\r\n"))
			return true;
	}
	return false;
}

static void standin_connection(int fd, const char *version, standin_serve *serve)
{
	char head[STANDIN_HEAD_MAX], ping[256];

	while (standin_read_head(fd, head)) {
		if (strncmp(head, "GET /_ping", 10) != 0) {
			serve(fd, head);
			return;
		}
		(void)snprintf(ping, sizeof(ping), STANDIN_PING, version);
		standin_write(fd, ping);
	}
}

static void standin_accept(int listener, const char *version, standin_serve *serve)
{
	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			continue;
		if (fork() == 0) {
			(void)close(listener);
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			standin_connection(fd, version, serve);
			_exit(0);
		}
		(void)close(fd);
	}
}

static void standin_start(struct standin *s, const char *version, standin_serve *serve)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/bardo-standin-XXXXXX");
	if (listener < 0 || !mkdtemp(s->dir))
		abort();
	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/sock", s->dir);
	(void)snprintf(s->host, sizeof(s->host), "unix://%s/sock", s->dir);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		listen(listener, 16) < 0)
		abort();
	s->pid = fork();
	if (s->pid == 0) {
		/* A test may stop all of its processes at once. */
		(void)setpgid(0, 0);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		standin_accept(listener, version, serve);
	}
	(void)close(listener);
}

/* What connects from now on finds a socket that nobody listens on. */
static void standin_stop(struct standin *s)
{
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0);
	}
	s->pid = 0;
}

static void standin_finish(struct standin *s)
{
	char path[128];

	standin_stop(s);
	(void)snprintf(path, sizeof(path), "%s/sock", s->dir);
	(void)unlink(path);
	(void)rmdir(s->dir);
}

/* A client of a stand-in that speaks API 1.41, and the end of both. */
static inline struct engine *standin_engine(struct standin *s, standin_serve *serve)
{
	struct engine *e = NULL;

	standin_start(s, "1.41", serve);
	if (engine_open(&e, s->host, NULL))
		abort();
	return e;
}

static inline void standin_end(struct standin *s, struct engine *e)
{
	engine_close(e);
	standin_finish(s);
}

#endif
