#include "config/base/spawn.h"

#include "config/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_FD_LIMIT 64

/* What the child says through the pipe when it can't become the program. */
struct failure {
	int number;
	char what[32];
};

static void reset_signals(bool hold_hangup)
{
	sigset_t mask;

	struct sigaction hup;
	bool deaf = sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler == SIG_IGN;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	/* As with nohup(1): what outlives a hang-up does so with all that it starts. */
	if (deaf)
		(void)signal(SIGHUP, SIG_IGN);
	(void)sigemptyset(&mask);
	if (hold_hangup)
		(void)sigaddset(&mask, SIGHUP);
	(void)sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* Moves every wanted descriptor out of the way first, so that no dup2 overwrites one
 * that is still needed. */
static int place_fds(const struct spawn *s)
{
	int moved[SPAWN_FDS_MAX];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Ours are close-on-exec; those that we were started with may not be. */
	(void)close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < s->fds_len; i++) {
		moved[i] = fcntl(s->fds[i].from, F_DUPFD_CLOEXEC, CHILD_FD_LIMIT);
		if (moved[i] < 0)
			return -1;
	}
	if (null < 0)
		return -1;
	for (int fd = 0; fd <= 2; fd++) {
		if (null != fd && dup2(null, fd) < 0)
			return -1;
		if (null == fd)
			(void)fcntl(fd, F_SETFD, 0);
	}
	for (size_t i = 0; i < s->fds_len; i++) {
		if (dup2(moved[i], s->fds[i].to) < 0)
			return -1;
	}
	return 0;
}

static const char *become(const struct spawn *s)
{
	if (place_fds(s) < 0)
		return "descriptors";
	if (s->new_session && setsid() < 0)
		return "setsid";
	if (s->has_terminal && ioctl(s->terminal, TIOCSCTTY, 0) < 0)
		return "controlling terminal";
	if (s->user &&
		(setgroups(s->user->groups_len, s->user->groups) < 0 ||
			setresgid(s->user->gid, s->user->gid, s->user->gid) < 0 ||
			setresuid(s->user->uid, s->user->uid, s->user->uid) < 0))
		return "user";
	if (s->cwd && chdir(s->cwd) < 0)
		return s->cwd;
	reset_signals(s->hold_hangup);
	(void)execve(s->path, s->argv, s->env);
	return s->path;
}

static _Noreturn void child(const struct spawn *s, int report)
{
	struct failure f = {0};
	/* Out of the way of the numbers that the child asked for. */
	int fd = fcntl(report, F_DUPFD_CLOEXEC, CHILD_FD_LIMIT + SPAWN_FDS_MAX);
	const char *what = become(s);
	size_t n = strlen(what);

	f.number = errno;
	if (n >= sizeof(f.what)) /* the end of a path says more than its start */
		what += n - (sizeof(f.what) - 1);
	memcpy(f.what, what, strnlen(what, sizeof(f.what) - 1));
	if (write(fd, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

pid_t spawn_start(const struct spawn *s, struct err *err)
{
	struct failure f;
	sigset_t all, old;
	int pipefd[2];
	ssize_t n;
	pid_t pid;

	if (s->fds_len > SPAWN_FDS_MAX)
		return err_set(err, ERR_FAILED, "too many descriptors for %s", s->path);
	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	/* No handler of ours may run in the child before its signals are reset. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		child(s, pipefd[1]);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)close(pipefd[1]);
	if (pid < 0) {
		(void)close(pipefd[0]);
		return err_errno(err, "fork");
	}
	do {
		n = read(pipefd[0], &f, sizeof(f));
	} while (n < 0 && errno == EINTR);
	(void)close(pipefd[0]);
	if (n != (ssize_t)sizeof(f))
		return pid;
	(void)spawn_wait(pid);
	errno = f.number;
	return err_errno(err, "cannot start %s (%s)", s->path, f.what);
}

int spawn_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return 255;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
