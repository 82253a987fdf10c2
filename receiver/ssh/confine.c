#include "receiver/ssh/confine.h"

#include "config/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sixteen channels with five descriptors each, and some to spare. */
#define DESCRIPTORS_MAX 128
/* Much more than full windows on every channel need; most of it is never touched. */
#define DATA_MAX (512UL * 1024 * 1024)

static const struct limit {
	__rlimit_resource_t what;
	rlim_t most;
} limits[] = {
	{RLIMIT_CORE, 0},
	{RLIMIT_NPROC, 0},
	{RLIMIT_NOFILE, DESCRIPTORS_MAX},
#ifndef __SANITIZE_ADDRESS__ /* whose shadow is larger than any limit */
	{RLIMIT_DATA, DATA_MAX},
#endif
};

void confine_process(void)
{
	/* Neither core dumps nor ptrace by a neighbour, who runs as the same user. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		log_warn("prctl: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit l = {limits[i].most, limits[i].most};

		if (setrlimit(limits[i].what, &l) < 0)
			log_warn("setrlimit: %s", strerror(errno));
	}
}

/* ---- Landlock: see landlock(7); the headers are older than the kernels ---- */

struct ruleset {
	uint64_t files, network, scope; /* what is forbidden unless a rule allows it */
};

/* What each version of the interface brought. */
static const struct version {
	struct ruleset adds;
	size_t size; /* of struct ruleset, as that version knows it */
} versions[] = {
	{{.files = (1 << 13) - 1}, offsetof(struct ruleset, network)},
	{{.files = 1 << 13 /* REFER */}, offsetof(struct ruleset, network)},
	{{.files = 1 << 14 /* TRUNCATE */}, offsetof(struct ruleset, network)},
	{{.network = 3 /* BIND_TCP, CONNECT_TCP */}, offsetof(struct ruleset, scope)},
	{{0}, offsetof(struct ruleset, scope)},
	{{.scope = 3 /* ABSTRACT_UNIX_SOCKET, SIGNAL */}, sizeof(struct ruleset)},
};

#define VERSIONS (sizeof(versions) / sizeof(versions[0]))
#define READ LANDLOCK_ACCESS_FS_READ_FILE
#define WRITE LANDLOCK_ACCESS_FS_WRITE_FILE

/* Its descriptor, or -1 where the kernel has none of it. */
static int create_ruleset(void)
{
	long known = syscall(
		SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset all = {0};
	size_t size = 0;

	for (size_t i = 0; i < VERSIONS && (long)i < known; i++) {
		all.files |= versions[i].adds.files;
		all.network |= versions[i].adds.network;
		all.scope |= versions[i].adds.scope;
		size = versions[i].size;
	}
	return size ? (int)syscall(SYS_landlock_create_ruleset, &all, size, 0) : -1;
}

static int allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC),
	};
	long rc = rule.parent_fd < 0 ? -1
				     : syscall(SYS_landlock_add_rule, ruleset,
					       LANDLOCK_RULE_PATH_BENEATH, &rule, 0);

	if (rc < 0)
		log_warn("Landlock, %s: %s", path, strerror(errno));
	if (rule.parent_fd >= 0)
		(void)close(rule.parent_fd);
	return rc < 0 ? -1 : 0;
}

void confine_reach(const char *keys)
{
	int ruleset = create_ruleset();

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_warn("prctl: %s", strerror(errno));
	if (ruleset < 0)
		return;
	/* Where a path can't be allowed, a server that works comes first. */
	if (allow(ruleset, keys, READ) == 0 &&
		allow(ruleset, "/dev/ptmx", READ | WRITE) == 0 &&
		allow(ruleset, "/dev/pts", READ | WRITE) == 0 &&
		syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		log_warn("Landlock: %s", strerror(errno));
	(void)close(ruleset);
}
