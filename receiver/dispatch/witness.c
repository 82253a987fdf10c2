#include "receiver/dispatch/witness.h"

#include "config/door.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

/* Whether the command said that it ended; it is gone then, or soon. */
static bool hear(int from)
{
	char word;
	ssize_t n;

	do {
		n = read(from, &word, 1);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

/* Keeps no pipe of the caller's open, and no folder. */
static void let_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
	if (chdir("/") < 0)
		return; /* There is nothing that could be done about it. */
}

static _Noreturn void watch(int from, const char *door_path)
{
	(void)setsid();
	(void)signal(SIGHUP, SIG_IGN);
	let_go();
	(void)dup2(from, STDERR_FILENO + 1);
	(void)close_range(STDERR_FILENO + 2, ~0U, 0);
	if (!hear(STDERR_FILENO + 1))
		(void)door_job(door_path, "reconcile", NULL);
	_exit(0);
}

int witness_call(const char *door_path)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)close(ends[1]);
		watch(ends[0], door_path);
	}
	(void)close(ends[0]);
	if (pid > 0)
		return ends[1];
	(void)close(ends[1]);
	return -1;
}

void witness_dismiss(int witness)
{
	if (witness < 0)
		return;
	/* One that died before us needs no word. */
	(void)!write(witness, "", 1);
	(void)close(witness);
}
