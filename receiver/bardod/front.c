#include "receiver/bardod/front.h"

#include "config/base/err.h"
#include "config/base/io.h"
#include "config/door.h"
#include "receiver/bardod/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a shell gives for a program that it can't start. */
#define STATUS_NOT_STARTED 127

struct front_child {
	struct child child;
	struct front *front;
	int status; /* where its exit status goes; ours to close */
};

void front_init(struct front *f, struct server *server)
{
	*f = (struct front){.server = server};
}

/* A pipe takes this much at once, whoever reads it or not. */
static void tell_status(int fd, int status)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d\n", status);
	(void)io_write_all(fd, text, strlen(text));
	(void)close(fd);
}

static void on_end(void *data, int status)
{
	struct front_child *c = data;

	tell_status(c->status,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	c->front->len--;
	free(c);
}

static const char *const *find_arguments(const char *action)
{
	static const char *const test[] = {"-T", NULL};
	static const char *const reload[] = {"-s", "reload", NULL};

	if (!strcmp(action, DOOR_FRONT_TEST))
		return test;
	return strcmp(action, DOOR_FRONT_RELOAD) ? NULL : reload;
}

static int start(struct front *f, const char *action, const int *fds, struct err *err)
{
	const char *const *arguments = find_arguments(action);
	struct front_child *c;
	pid_t pid;

	if (!arguments)
		return err_set(err, ERR_USAGE, "nobody asks nginx to %.40s", action);
	if (f->len == FRONT_RUNS_MAX)
		return err_set(err, ERR_BUSY, "%d of it run already", FRONT_RUNS_MAX);
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, ERR_FAILED, "out of memory");
	pid = programs_start_front(f->server->settings.proxy_front_command, arguments,
		fds[DOOR_FRONT_OUTPUT], err);
	if (pid < 0) {
		free(c);
		return (int)pid;
	}
	*c = (struct front_child){
		.child = {.pid = pid, .ended = on_end, .data = c},
		.front = f,
		.status = fds[DOOR_FRONT_STATUS],
	};
	f->len++;
	children_add(&f->server->children, &c->child);
	return 0;
}

void front_run(struct front *f, const char *action, int *fds)
{
	struct err e = {0};
	char line[ERR_MSG_MAX + 16];

	if (start(f, action, fds, &e)) {
		(void)snprintf(line, sizeof(line), "%s\n", e.msg);
		(void)io_set_nonblocking(fds[DOOR_FRONT_OUTPUT], true);
		(void)io_write_all(fds[DOOR_FRONT_OUTPUT], line, strlen(line));
		tell_status(fds[DOOR_FRONT_STATUS], STATUS_NOT_STARTED);
	}
	(void)close(fds[DOOR_FRONT_OUTPUT]);
	fds[DOOR_FRONT_OUTPUT] = fds[DOOR_FRONT_STATUS] = -1;
}
