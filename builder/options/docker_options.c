#include "builder/options/docker_options.h"

#include "builder/options/option_rules.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/number.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* "Create a container" in the API: what `docker run`'s options become there. */

#define NANO 1000000000
#define TEXT_MAX (2 * OPTION_VALUE_MAX + 128)

static int bad_value(const struct option_rule *rule, const char *value,
	const char *wanted, struct err *err)
{
	return err_set(err, ERR_USAGE, "%s %.100s: it is %s", rule->name, value, wanted);
}

/* 1.5 processors are 1500000000. */
static int set_cpus(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	size_t whole = strspn(value, "0123456789");
	size_t part = value[whole] == '.' ? strspn(value + whole + 1, "0123456789") : 0;
	double n = 0, unit = 1;

	if (!(whole + part) || whole > 4 || part > 9 ||
		value[whole + (value[whole] == '.') + part])
		return bad_value(rule, value, "a number of processors: 0.5, 2", err);
	for (size_t i = 0; i < whole; i++)
		n = n * 10 + (value[i] - '0');
	for (size_t i = 0; i < part; i++) {
		unit /= 10;
		n += unit * (value[whole + 1 + i] - '0');
	}
	return option_put(root, rule->to,
		cJSON_CreateNumber((double)(int64_t)(n * NANO + 0.5)), err);
}

/* A variable that is there already gets the new value. */
static int set_env(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	size_t len = strcspn(value, "=");
	cJSON *env = option_list(root, rule->to);
	const cJSON *one;
	int at = 0;

	if (!len || value[len] != '=')
		return bad_value(
			rule, value, "NAME=VALUE: it has no environment to copy", err);
	cJSON_ArrayForEach(one, env)
	{
		if (!strncmp(cJSON_GetStringValue(one), value, len + 1)) {
			cJSON_DeleteItemFromArray(env, at);
			break;
		}
		at++;
	}
	return option_item(root, rule, value, err);
}

/* Takes the next piece of text up to a separator; NULL at the end. */
static char *next_piece(char **text, char separator)
{
	char *piece = *text, *end;

	if (!piece)
		return NULL;
	end = strchr(piece, separator);
	if (end)
		*end++ = '\0';
	*text = end;
	return piece;
}

/* /dev/snd[:/dev/snd][:rwm] */
static int set_device(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	char text[OPTION_VALUE_MAX + 1], *rest = text;
	const char *host, *inside, *rights;
	cJSON *device;

	(void)snprintf(text, sizeof(text), "%s", value);
	host = next_piece(&rest, ':');
	inside = next_piece(&rest, ':');
	rights = next_piece(&rest, ':');
	if (inside && inside[0] != '/') {
		rights = inside;
		inside = NULL;
	}
	if (host[0] != '/')
		return bad_value(rule, value, "/dev/NAME[:/dev/NAME][:rwm]", err);
	device = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(device, "PathOnHost", host);
	(void)cJSON_AddStringToObject(device, "PathInContainer", inside ? inside : host);
	(void)cJSON_AddStringToObject(
		device, "CgroupPermissions", rights ? rights : "rwm");
	(void)cJSON_AddItemToArray(option_list(root, rule->to), device);
	return 0;
}

/* /run[:size=64m] */
static int set_tmpfs(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	char text[OPTION_VALUE_MAX + 1], *rest = text;
	const char *path, *options;

	(void)snprintf(text, sizeof(text), "%s", value);
	path = next_piece(&rest, ':');
	options = rest ? rest : "";
	if (path[0] != '/')
		return bad_value(rule, value, "/PATH[:size=64m,…]", err);
	cJSON_DeleteItemFromObjectCaseSensitive(option_object(root, rule->to), path);
	(void)cJSON_AddStringToObject(option_object(root, rule->to), path, options);
	return 0;
}

/* "data:/data:ro" is a bind of HostConfig, "/data" alone an anonymous volume. */
static int set_volume(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	const char *target = strchr(value, ':');

	if (!target && value[0] == '/') {
		(void)cJSON_AddObjectToObject(option_object(root, "Volumes"), value);
		return 0;
	}
	if (!target || target[1] != '/' || target == value)
		return bad_value(rule, value, "VOLUME|/PATH:/PATH[:ro]", err);
	return option_item(root, rule, value, err);
}

/* The keys of --mount that are plain texts or truths of a Mount. */
static int set_mount_part(cJSON *mount, const char *key, const char *value)
{
	static const struct {
		const char *key, *field;
		bool truth;
	} parts[] = {
		{"type", "Type", false},
		{"source", "Source", false},
		{"src", "Source", false},
		{"target", "Target", false},
		{"dst", "Target", false},
		{"destination", "Target", false},
		{"readonly", "ReadOnly", true},
		{"ro", "ReadOnly", true},
		{"consistency", "Consistency", false},
		{"bind-propagation", "BindOptions.Propagation", false},
		{"volume-nocopy", "VolumeOptions.NoCopy", true},
	};
	const struct option_rule rule = {.name = "--mount"};
	struct option_rule part = rule;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].key, key))
			continue;
		part.to = parts[i].field;
		return parts[i].truth
			? option_true(mount, &part, value ? value : "", NULL)
			: option_text(mount, &part, value ? value : "", NULL);
	}
	if (!strcmp(key, "tmpfs-size")) {
		part.to = "TmpfsOptions.SizeBytes";
		return option_bytes(mount, &part, value ? value : "", NULL);
	}
	return ERR_USAGE;
}

/* type=volume,source=data,target=/data[,readonly] */
static int set_mount(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	char text[OPTION_VALUE_MAX + 1], *rest = text, *piece;
	cJSON *mount = cJSON_CreateObject();
	int rc = 0;

	(void)snprintf(text, sizeof(text), "%s", value);
	(void)cJSON_AddStringToObject(mount, "Type", "volume");
	while (!rc && (piece = next_piece(&rest, ','))) {
		char *key = next_piece(&piece, '=');

		rc = set_mount_part(mount, key, piece);
		if (rc)
			rc = err_set(err, ERR_USAGE, "--mount: %.60s can't be set", key);
	}
	if (!rc && !cJSON_GetObjectItemCaseSensitive(mount, "Target"))
		rc = bad_value(rule, value, "type=…,source=…,target=/PATH", err);
	if (rc)
		cJSON_Delete(mount);
	else
		(void)cJSON_AddItemToArray(option_list(root, rule->to), mount);
	return rc;
}

/* all, 2, device=0,1 */
static int set_gpus(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	cJSON *request = cJSON_CreateObject(), *names, *inner;
	int64_t count = -1;

	if (!strncmp(value, "device=", 7)) {
		char text[OPTION_VALUE_MAX + 1], *rest = text, *id;

		(void)snprintf(text, sizeof(text), "%s", value + 7);
		names = cJSON_AddArrayToObject(request, "DeviceIDs");
		while ((id = next_piece(&rest, ',')))
			(void)cJSON_AddItemToArray(names, cJSON_CreateString(id));
	} else if (!strcmp(value, "all") || number_parse(value, 1, 1024, &count) == 0) {
		(void)cJSON_AddNumberToObject(request, "Count", (double)count);
	} else {
		cJSON_Delete(request);
		return bad_value(rule, value, "all, a number, or device=0,1", err);
	}
	names = cJSON_AddArrayToObject(request, "Capabilities");
	inner = cJSON_CreateArray();
	(void)cJSON_AddItemToArray(inner, cJSON_CreateString("gpu"));
	(void)cJSON_AddItemToArray(names, inner);
	(void)cJSON_AddItemToArray(option_list(root, rule->to), request);
	return 0;
}

/* A profile in a file would have to be read here, for somebody else. */
static int set_security(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	if (!strncmp(value, "seccomp=", 8) && strcmp(value + 8, "unconfined") &&
		value[8] != '{')
		return bad_value(
			rule, value, "seccomp=unconfined, or the profile's JSON", err);
	return option_item(root, rule, value, err);
}

static int set_entrypoint(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	cJSON *words = cJSON_CreateArray();

	(void)cJSON_AddItemToArray(words, cJSON_CreateString(value));
	return option_put(root, rule->to, words, err);
}

/* 5000 or 5000/tcp */
static int set_expose(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	char number[8], port[24];
	size_t len = strcspn(value, "/");
	int64_t n;

	(void)snprintf(number, sizeof(number), "%.*s", (int)len, value);
	if (len >= sizeof(number) || number_parse(number, 1, 65535, &n) < 0)
		return bad_value(rule, value, "a port: 5000, 53/udp", err);
	(void)snprintf(port, sizeof(port), "%.8s%.8s", number,
		value[len] ? value + len : "/tcp");
	cJSON_DeleteItemFromObjectCaseSensitive(option_object(root, rule->to), port);
	(void)cJSON_AddObjectToObject(option_object(root, rule->to), port);
	return 0;
}

/* The app's own network is the one that is in the body by then. */
static int set_alias(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	cJSON *endpoints = option_object(root, rule->to);
	cJSON *endpoint = endpoints ? endpoints->child : NULL;
	const struct option_rule aliases = {.name = rule->name, .to = "Aliases"};

	return endpoint ? option_item(endpoint, &aliases, value, err) : 0;
}

#define NETWORKS "an app's networks are set by network:set"
#define PORTS "ports are mapped by ports:add"
#define ITS_OWN "bardo itself says this for every container"

static const struct option_rule container_rules[] = {
	ITEM("--add-host", NULL, "HostConfig.ExtraHosts"),
	INTEGER("--blkio-weight", NULL, "HostConfig.BlkioWeight"),
	ITEM("--cap-add", NULL, "HostConfig.CapAdd"),
	ITEM("--cap-drop", NULL, "HostConfig.CapDrop"),
	TEXT("--cgroup-parent", NULL, "HostConfig.CgroupParent"),
	TEXT("--cgroupns", NULL, "HostConfig.CgroupnsMode"),
	INTEGER("--cpu-period", NULL, "HostConfig.CpuPeriod"),
	INTEGER("--cpu-quota", NULL, "HostConfig.CpuQuota"),
	INTEGER("--cpu-rt-period", NULL, "HostConfig.CpuRealtimePeriod"),
	INTEGER("--cpu-rt-runtime", NULL, "HostConfig.CpuRealtimeRuntime"),
	INTEGER("--cpu-shares", "-c", "HostConfig.CpuShares"),
	{"--cpus", NULL, true, set_cpus, "HostConfig.NanoCpus"},
	TEXT("--cpuset-cpus", NULL, "HostConfig.CpusetCpus"),
	TEXT("--cpuset-mems", NULL, "HostConfig.CpusetMems"),
	{"--device", NULL, true, set_device, "HostConfig.Devices"},
	ITEM("--device-cgroup-rule", NULL, "HostConfig.DeviceCgroupRules"),
	ITEM("--dns", NULL, "HostConfig.Dns"),
	ITEM("--dns-option", NULL, "HostConfig.DnsOptions"),
	ITEM("--dns-opt", NULL, "HostConfig.DnsOptions"),
	ITEM("--dns-search", NULL, "HostConfig.DnsSearch"),
	TEXT("--domainname", NULL, "Domainname"),
	{"--entrypoint", NULL, true, set_entrypoint, "Entrypoint"},
	{"--env", "-e", true, set_env, "Env"},
	{"--expose", NULL, true, set_expose, "ExposedPorts"},
	{"--gpus", NULL, true, set_gpus, "HostConfig.DeviceRequests"},
	ITEM("--group-add", NULL, "HostConfig.GroupAdd"),
	TEXT("--hostname", "-h", "Hostname"),
	TRUTH("--init", NULL, "HostConfig.Init"),
	TRUTH("--interactive", "-i", "OpenStdin"),
	TEXT("--ipc", NULL, "HostConfig.IpcMode"),
	PAIR("--label", "-l", "Labels"),
	TEXT("--log-driver", NULL, "HostConfig.LogConfig.Type"),
	PAIR("--log-opt", NULL, "HostConfig.LogConfig.Config"),
	TEXT("--mac-address", NULL, "MacAddress"),
	BYTES("--memory", "-m", "HostConfig.Memory"),
	BYTES("--memory-reservation", NULL, "HostConfig.MemoryReservation"),
	BYTES("--memory-swap", NULL, "HostConfig.MemorySwap"),
	INTEGER("--memory-swappiness", NULL, "HostConfig.MemorySwappiness"),
	{"--mount", NULL, true, set_mount, "HostConfig.Mounts"},
	{"--network-alias", NULL, true, set_alias, "NetworkingConfig.EndpointsConfig"},
	{"--net-alias", NULL, true, set_alias, "NetworkingConfig.EndpointsConfig"},
	TRUTH("--oom-kill-disable", NULL, "HostConfig.OomKillDisable"),
	INTEGER("--oom-score-adj", NULL, "HostConfig.OomScoreAdj"),
	TEXT("--pid", NULL, "HostConfig.PidMode"),
	INTEGER("--pids-limit", NULL, "HostConfig.PidsLimit"),
	TRUTH("--privileged", NULL, "HostConfig.Privileged"),
	TRUTH("--read-only", NULL, "HostConfig.ReadonlyRootfs"),
	TEXT("--runtime", NULL, "HostConfig.Runtime"),
	{"--security-opt", NULL, true, set_security, "HostConfig.SecurityOpt"},
	BYTES("--shm-size", NULL, "HostConfig.ShmSize"),
	TEXT("--stop-signal", NULL, "StopSignal"),
	INTEGER("--stop-timeout", NULL, "StopTimeout"),
	PAIR("--storage-opt", NULL, "HostConfig.StorageOpt"),
	PAIR("--sysctl", NULL, "HostConfig.Sysctls"),
	{"--tmpfs", NULL, true, set_tmpfs, "HostConfig.Tmpfs"},
	TRUTH("--tty", "-t", "Tty"),
	{"--ulimit", NULL, true, option_ulimit, "HostConfig.Ulimits"},
	TEXT("--user", "-u", "User"),
	TEXT("--userns", NULL, "HostConfig.UsernsMode"),
	TEXT("--uts", NULL, "HostConfig.UTSMode"),
	{"--volume", "-v", true, set_volume, "HostConfig.Binds"},
	TEXT("--volume-driver", NULL, "HostConfig.VolumeDriver"),
	ITEM("--volumes-from", NULL, "HostConfig.VolumesFrom"),
	TEXT("--workdir", "-w", "WorkingDir"),
	NOT("--publish", "-p", PORTS),
	NOT("--publish-all", "-P", PORTS),
	NOT("--network", NULL, NETWORKS),
	NOT("--net", NULL, NETWORKS),
	NOT("--link", NULL, NETWORKS " attach-post-create"),
	NOT("--ip", NULL, ITS_OWN),
	NOT("--ip6", NULL, ITS_OWN),
	NOT("--name", NULL, ITS_OWN),
	NOT("--detach", "-d", ITS_OWN),
	NOT("--rm", NULL, ITS_OWN),
	NOT("--env-file", NULL, "variables are set by config:set"),
	NOT("--restart", NULL, "the policy is set by ps:set APP restart-policy"),
};

static const struct option_rules for_containers = {
	container_rules,
	sizeof(container_rules) / sizeof(container_rules[0]),
	"deploy",
};

int docker_option_apply(cJSON *body, const char *line, struct err *err)
{
	return options_apply(&for_containers, body, line, err);
}

/* ---- one spelling ---- */

struct spelling {
	cJSON *scratch;
	int (*each)(void *ctx, const char *text);
	void *ctx;
};

static bool is_plain(const char *value)
{
	for (; *value; value++) {
		if (!isalnum((unsigned char)*value) && !strchr("%+,-./:=@_", *value))
			return false;
	}
	return true;
}

/* 'it'\''s', as a shell and words_split() read it. */
static int add_quoted(struct buf *b, const char *value)
{
	int rc = buf_adds(b, "'");

	for (; *value; value++)
		rc |= *value == '\'' ? buf_adds(b, "'\\''") : buf_add(b, value, 1);
	return rc | buf_adds(b, "'");
}

static int spell(void *ctx, const struct option_rule *rule, const char *name,
	const char *value, struct err *err)
{
	struct spelling *s = ctx;
	struct buf text;
	int rc = rule->set(s->scratch, rule, value, err);

	if (rc)
		return rc;
	buf_init(&text, TEXT_MAX);
	rc = buf_adds(&text, name);
	if (rule->has_value)
		rc |= buf_adds(&text, " ");
	else if (*value)
		rc |= buf_adds(&text, "=");
	if (*value)
		rc |= is_plain(value) ? buf_adds(&text, value) : add_quoted(&text, value);
	rc = rc ? err_set(err, ERR_USAGE, "the value of %s is too long", name)
		: s->each(s->ctx, buf_text(&text));
	buf_finish(&text);
	return rc;
}

int docker_options_each(const char *phase, const char *const *words, size_t len,
	int (*each)(void *ctx, const char *text), void *ctx, struct err *err)
{
	struct spelling s = {cJSON_CreateObject(), each, ctx};
	int rc = options_walk(strcmp(phase, "build") ? &for_containers : &for_builds,
		words, len, spell, &s, err);

	cJSON_Delete(s.scratch);
	return rc;
}
