#include "builder/options/docker_options.h"

#include "builder/options/option_rules.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <string.h>

/* "Build an image" in the API: what `docker build`'s options become there. BuildKit takes
 * no notice of memory, processors, ulimits and shm-size; the classic builder does. */

/* ARG=VALUE; a bare ARG would be copied from an environment that isn't the owner's. */
static int set_argument(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	if (!strchr(value, '='))
		return err_set(err, ERR_USAGE,
			"--build-arg %.60s: it is NAME=VALUE, there is no environment to "
			"copy",
			value);
	return option_pair(root, rule, value, err);
}

static int set_one(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	return strcmp(value, "false")
		? option_put(root, rule->to, cJSON_CreateString("1"), err)
		: 0;
}

static const struct option_rule build_rules[] = {
	ITEM("--add-host", NULL, "extrahosts"),
	{"--build-arg", NULL, true, set_argument, "buildargs"},
	ITEM("--cache-from", NULL, "cachefrom"),
	TEXT("--cgroup-parent", NULL, "cgroupparent"),
	INTEGER("--cpu-period", NULL, "cpuperiod"),
	INTEGER("--cpu-quota", NULL, "cpuquota"),
	INTEGER("--cpu-shares", "-c", "cpushares"),
	TEXT("--cpuset-cpus", NULL, "cpusetcpus"),
	TEXT("--cpuset-mems", NULL, "cpusetmems"),
	{"--label", NULL, true, option_pair, "labels"},
	BYTES("--memory", "-m", "memory"),
	BYTES("--memory-swap", NULL, "memswap"),
	TEXT("--network", NULL, "networkmode"),
	{"--no-cache", NULL, false, set_one, "nocache"},
	TEXT("--platform", NULL, "platform"),
	BYTES("--shm-size", NULL, "shmsize"),
	{"--squash", NULL, false, set_one, "squash"},
	TEXT("--target", NULL, "target"),
	{"--ulimit", NULL, true, option_ulimit, "ulimits"},
	NOT("--file", "-f",
		"the Dockerfile is set by builder-dockerfile:set APP dockerfile-path"),
	NOT("--tag", "-t", "bardo itself names every image"),
	NOT("--pull", NULL, "bardo pulls what is missing; docker pull gets newer ones"),
	NOT("--secret", NULL, "it needs a session, which Engines give to their own tool"),
	NOT("--ssh", NULL, "it needs a session, which Engines give to their own tool"),
	NOT("--volume", "-v", "a build has no volumes"),
};

const struct option_rules for_builds = {
	build_rules,
	sizeof(build_rules) / sizeof(build_rules[0]),
	"build",
};

int docker_option_apply_build(cJSON *parameters, const char *line, struct err *err)
{
	return options_apply(&for_builds, parameters, line, err);
}
