#include "receiver/dispatch/several.h"
#include "receiver/dispatch/command.h"

#include "config/base/array.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/message.h"
#include "config/base/number.h"
#include "config/base/spawn.h"
#include "config/door.h"
#include "config/paths.h"
#include "config/record/apps.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_SIZE 256
#define COPY_SIZE 65536

extern char **environ;

struct job {
	char app[NAME_SIZE];
	pid_t pid;  /* 0: not started, or ended */
	int output; /* what it printed; -1: it prints to our output */
};

struct several {
	struct request *request;
	struct job *jobs;
	size_t len, cap, started, failed;
	int parallel, running;
};

int several_parallel(const char *text, int *out, struct err *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int64_t n = 1;

	if (text && strcmp(text, "-1") != 0 &&
		number_parse(text, 1, SEVERAL_PARALLEL_MAX, &n) < 0)
		return err_set(err, ERR_USAGE,
			"--parallel %.20s: expected 1 to %d, or -1 for as many as there "
			"are processors",
			text, SEVERAL_PARALLEL_MAX);
	if (text && !strcmp(text, "-1"))
		n = processors < 1			    ? 1
			: processors > SEVERAL_PARALLEL_MAX ? SEVERAL_PARALLEL_MAX
							    : processors;
	*out = (int)n;
	return 0;
}

static int add_app(void *ctx, const struct app *app)
{
	struct several *s = ctx;

	if (array_reserve(&s->jobs, s->len, &s->cap, sizeof(*s->jobs)))
		return ERR_FAILED;
	s->jobs[s->len] = (struct job){.output = -1};
	(void)snprintf(s->jobs[s->len].app, NAME_SIZE, "%s", app->name);
	s->len++;
	return 0;
}

/* ---- one of them ---- */

/* Ourselves, as bardod starts us, for whoever has our key: no right is asked for that the
 * user hasn't. Gives the socket for DOOR_REQUEST_FD. */
static int knock(const struct request *r, const char *line, int output, struct err *err)
{
	const struct door_request login = {.kind = DOOR_LOGIN, .fingerprint = r->key};
	const struct door_request run = {
		.kind = DOOR_RUN,
		.id = 1, /* not the connection's first: no login of its own */
		.peer = r->peer,
		.local = r->client_side,
		.command = line,
	};
	int ends[2], fds[DOOR_FDS] = {-1, output, output, -1};
	struct message first, second;
	int rc;

	message_init(&first);
	message_init(&second);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, "socketpair");
	fds[DOOR_STDIN] = fds[DOOR_STATUS] = open("/dev/null", O_RDWR | O_CLOEXEC);
	rc = fds[DOOR_STDIN] < 0 ? err_errno(err, "/dev/null") : 0;
	if (!rc)
		rc = door_encode(&first, &login, err);
	if (!rc)
		rc = door_encode(&second, &run, err);
	if (!rc)
		rc = message_send(ends[0], &first, NULL, 0, err);
	if (!rc)
		rc = message_send(ends[0], &second, fds, DOOR_FDS, err);
	message_finish(&first);
	message_finish(&second);
	(void)close(fds[DOOR_STDIN]);
	(void)close(ends[0]);
	if (!rc)
		return ends[1];
	(void)close(ends[1]);
	return rc;
}

static pid_t start_program(
	struct several *s, struct job *job, const char *verb, struct err *err)
{
	static char name[] = "bardo", door[] = "--door", quiet[] = "--quiet";
	const int output = job->output < 0 ? STDOUT_FILENO : job->output;
	char path[PATH_MAX], line[LINE_SIZE];
	char *from_door[] = {name, door, NULL};
	char *from_shell[] = {
		name, (char *)verb, job->app, s->request->quiet ? quiet : NULL, NULL};
	struct spawn_fd fds[] = {{output, STDOUT_FILENO},
		{s->request->on_host ? output : STDERR_FILENO, STDERR_FILENO},
		{-1, DOOR_REQUEST_FD}};
	const struct spawn program = {
		.path = path_beside_us("bardo", path),
		.argv = s->request->on_host ? from_shell : from_door,
		.env = environ,
		.fds = fds,
		.fds_len = s->request->on_host ? 2 : 3,
	};
	pid_t pid;

	(void)snprintf(line, sizeof(line), "%s %s%s", verb, job->app,
		s->request->quiet ? " --quiet" : "");
	if (!s->request->on_host) {
		fds[2].from = knock(s->request, line, output, err);
		if (fds[2].from < 0)
			return fds[2].from;
	}
	pid = spawn_start(&program, err);
	if (fds[2].from >= 0)
		(void)close(fds[2].from);
	return pid;
}

static void start(struct several *s)
{
	struct job *job = &s->jobs[s->started++];
	struct err err = {0};
	pid_t pid;

	/* What runs side by side is printed one after the other. */
	if (s->parallel > 1)
		job->output = memfd_create(job->app, MFD_CLOEXEC);
	else
		command_say(s->request, "=====> %s\n", job->app);
	(void)fflush(stdout);
	pid = start_program(s, job, s->request->argv[0], &err);
	if (pid > 0) {
		job->pid = pid;
		s->running++;
		return;
	}
	(void)printf(" !     %s: %s\n", job->app, err.msg);
	s->failed++;
}

static void print_output(const struct several *s, struct job *job)
{
	static char data[COPY_SIZE];
	ssize_t n;

	if (job->output < 0)
		return;
	command_say(s->request, "=====> %s\n", job->app);
	(void)fflush(stdout);
	(void)lseek(job->output, 0, SEEK_SET);
	while ((n = read(job->output, data, sizeof(data))) > 0)
		(void)io_write_all(STDOUT_FILENO, data, (size_t)n);
	(void)close(job->output);
	job->output = -1;
}

static int reap(struct several *s, struct err *err)
{
	int status;
	pid_t pid = waitpid(-1, &status, 0);

	if (pid < 0)
		return errno == EINTR ? 0 : err_errno(err, "waitpid");
	for (size_t i = 0; i < s->started; i++) {
		if (s->jobs[i].pid != pid)
			continue;
		s->jobs[i].pid = 0;
		s->running--;
		print_output(s, &s->jobs[i]);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
			(void)printf(" !     %s failed for %s\n", s->request->argv[0],
				s->jobs[i].app);
			s->failed++;
		}
	}
	return 0;
}

static int run_all(struct several *s, struct err *err)
{
	int rc = 0;

	while (!rc && (s->started < s->len || s->running)) {
		if (s->started < s->len && s->running < s->parallel)
			start(s);
		else
			rc = reap(s, err);
	}
	return rc;
}

int several_run(struct request *r, int parallel, struct err *err)
{
	struct several s = {.request = r, .parallel = parallel};
	int rc = command_each_app(r, add_app, &s, err);

	if (!rc)
		rc = run_all(&s, err);
	if (!rc)
		command_say(r, "=====> %s: %zu done, %zu failed\n", r->argv[0],
			s.len - s.failed, s.failed);
	free(s.jobs);
	return rc ? rc : s.failed ? 1 : 0;
}

int several_or_one(struct request *r, const char *own, bool *flag, int max_words,
	bool *ran, struct err *err)
{
	const char *parallel = NULL;
	const struct command_option options[] = {{"--all", NULL, ran, NULL},
		{"--parallel", NULL, NULL, &parallel}, {own, NULL, flag, NULL}};
	int n = 1, rc;

	*ran = false;
	rc = command_options(r, options, own ? 3 : 2, 0, max_words, err);
	if (!rc)
		rc = several_parallel(parallel, &n, err);
	if (rc)
		return rc;
	if (*ran && r->argc > 1)
		return err_set(err, ERR_USAGE, "--all and an app don't go together");
	if (*ran && own && *flag)
		return err_set(err, ERR_USAGE, "--all and %s don't go together", own);
	if (!*ran && r->argc < 2)
		return err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	return *ran ? several_run(r, n, err) : 0;
}
