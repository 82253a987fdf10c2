#include "receiver/ssh/confine.h"

#include "config/base/log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

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
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_warn("prctl: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit l = {limits[i].most, limits[i].most};

		if (setrlimit(limits[i].what, &l) < 0)
			log_warn("setrlimit: %s", strerror(errno));
	}
}
