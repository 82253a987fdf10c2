#include "builder/git/git.h"

#include "config/base/err.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#define STOP_ASKED_NS 20000000

struct git_command {
	char *argv[GIT_ARGS_MAX + 1]; /* copies */
	size_t argc;
	char *env[GIT_ENV_MAX + 1];
	size_t env_len;
};

struct git_command *git_command_create(void)
{
	static const char *const settings[] = {
		"transfer.hideRefs=refs/bardo", /* lives' refs are ours */
		"core.bigFileThreshold=4m",	/* larger ones are streamed, not held */
		"core.packedGitWindowSize=1m",
		"core.packedGitLimit=32m",
		"pack.threads=1",
	};
	static const char *const env[][2] = {
		{"PATH", "/usr/bin:/bin"},
		{"HOME", "/nonexistent"},
		{"LANG", "C.UTF-8"},
		{"GIT_CONFIG_NOSYSTEM", "1"},
		{"GIT_CONFIG_GLOBAL", "/dev/null"},
	};
	struct git_command *g = calloc(1, sizeof(*g));
	int rc;

	if (!g)
		return NULL;
	rc = git_command_arg(g, "git", NULL);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]) && !rc; i++)
		rc = git_command_setting(g, settings[i], NULL);
	for (size_t i = 0; i < sizeof(env) / sizeof(env[0]) && !rc; i++)
		rc = git_command_env(g, env[i][0], env[i][1], NULL);
	if (!rc)
		return g;
	git_command_destroy(g);
	return NULL;
}

void git_command_destroy(struct git_command *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->argc; i++)
		free(g->argv[i]);
	for (size_t i = 0; i < g->env_len; i++)
		free(g->env[i]);
	free(g);
}

int git_command_arg(struct git_command *g, const char *arg, struct err *err)
{
	char *copy = g->argc < GIT_ARGS_MAX ? strdup(arg) : NULL;

	if (!copy)
		return err_set(err, ERR_FAILED, "git's command line is too long");
	g->argv[g->argc++] = copy;
	return 0;
}

int git_command_setting(struct git_command *g, const char *setting, struct err *err)
{
	int rc = git_command_arg(g, "-c", err);

	return rc ? rc : git_command_arg(g, setting, err);
}

int git_command_env(
	struct git_command *g, const char *name, const char *value, struct err *err)
{
	char *text;

	if (!value || !*value)
		return 0;
	if (g->env_len == GIT_ENV_MAX || strlen(value) > GIT_ENV_SIZE)
		return err_set(
			err, ERR_FAILED, "%s is too long for git's environment", name);
	if (asprintf(&text, "%s=%s", name, value) < 0)
		return err_set(err, ERR_FAILED, "out of memory");
	g->env[g->env_len++] = text;
	return 0;
}

static pid_t start(struct git_command *g, const char *repository,
	const struct spawn_fd *fds, size_t fds_len, bool apart, struct err *err)
{
	struct spawn git = {
		.path = GIT_PROGRAM,
		.argv = g->argv,
		.env = g->env,
		.cwd = repository,
		.fds = fds,
		.fds_len = fds_len,
		.new_session = apart,
	};

	return spawn_start(&git, err);
}

int git_command_run(struct git_command *g, const char *repository,
	const struct spawn_fd *fds, size_t fds_len, struct err *err)
{
	pid_t pid = start(g, repository, fds, fds_len, false, err);

	return pid < 0 ? (int)pid : spawn_wait(pid);
}

/* It is ours to wait for: nobody else has its number meanwhile. */
static bool is_over(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) < 0 ||
		info.si_pid;
}

int git_command_run_until(struct git_command *g, const char *repository,
	const struct spawn_fd *fds, size_t fds_len, bool (*stop)(int lock), int lock,
	struct err *err)
{
	const struct timespec pause = {.tv_nsec = STOP_ASKED_NS};
	pid_t pid = start(g, repository, fds, fds_len, true, err);

	if (pid < 0)
		return (int)pid;
	while (!is_over(pid) && !stop(lock))
		(void)nanosleep(&pause, NULL);
	/* A process group of its own: git's children would go on without it. */
	if (!is_over(pid))
		(void)kill(-pid, SIGTERM);
	return spawn_wait(pid);
}
