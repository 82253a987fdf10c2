#include "receiver/ssh/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define VERSION_WITH_NETWORK 4
#define VERSION_WITH_SIGNALS 6

static long landlock_version(void)
{
	return syscall(
		SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* What the confined child does; 0 if it was as it should be. */
static int run_confined(int (*act)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		confine_process();
		confine_reach("/usr/include");
		_exit(act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int open_files(void)
{
	if (open("/usr/include/stdio.h", O_RDONLY | O_CLOEXEC) < 0)
		return 1;
	if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
		return 2;
	if (open("/usr/include/stdio.h", O_WRONLY | O_CLOEXEC) >= 0)
		return 3;
	return 0;
}

static int open_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	return master < 0 || unlockpt(master) < 0;
}

static int connect_somewhere(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(9),
	};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return 1;
	return errno != EACCES;
}

static int signal_somebody(void)
{
	if (kill(getppid(), 0) == 0)
		return 1;
	return errno != EPERM;
}

static int look_at_limits(void)
{
	struct rlimit core, processes;

	if (getrlimit(RLIMIT_CORE, &core) < 0 || getrlimit(RLIMIT_NPROC, &processes) < 0)
		return 1;
	return core.rlim_max != 0 || processes.rlim_max != 0;
}

static void opens_only_the_keys_and_terminals(void **state)
{
	(void)state;
	if (landlock_version() < 1)
		skip();
	assert_int_equal(run_confined(open_files), 0);
	assert_int_equal(run_confined(open_terminal), 0);
}

static void connects_to_nothing(void **state)
{
	(void)state;
	if (landlock_version() < VERSION_WITH_NETWORK)
		skip();
	assert_int_equal(run_confined(connect_somewhere), 0);
}

static void signals_nobody(void **state)
{
	(void)state;
	if (landlock_version() < VERSION_WITH_SIGNALS)
		skip();
	assert_int_equal(run_confined(signal_somebody), 0);
}

static void starts_nothing_and_leaves_no_core(void **state)
{
	(void)state;
	assert_int_equal(run_confined(look_at_limits), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_only_the_keys_and_terminals),
		cmocka_unit_test(connects_to_nothing),
		cmocka_unit_test(signals_nobody),
		cmocka_unit_test(starts_nothing_and_leaves_no_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
