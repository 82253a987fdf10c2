#include "builder/doctor/private.h"

#include "builder/engine/engine.h"
#include "builder/server.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <time.h>

/* Farther apart than this, times of containers and of the record don't fit together. */
#define CLOCK_APART_MS 5000
#define BUILDKIT_API_MAJOR 1
#define BUILDKIT_API_MINOR 39

static const char *text_of(const cJSON *from, const char *name)
{
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(from, name));

	return text ? text : "";
}

/* One that is too old has answered nothing (engine_call). */
static void check_version(const struct doctor *d, const cJSON *version)
{
	doctor_tell(d, "engine", DOCTOR_OK, "", "the Engine %s answers, API %s",
		text_of(version, "Version"), text_of(version, "ApiVersion"));
}

/* vfs copies every layer in full: a build of ten steps takes ten times the disk. */
static void check_storage(const struct doctor *d, const cJSON *info)
{
	const char *driver = text_of(info, "Driver");

	if (!strcmp(driver, "vfs"))
		doctor_tell(d, "engine-storage", DOCTOR_WARNING,
			"give the Engine a file system that can do overlay2 (ext4, xfs)",
			"the Engine stores images with vfs, which is slow and copies "
			"every "
			"layer in full");
	else
		doctor_tell(d, "engine-storage", DOCTOR_OK, "",
			"the Engine stores images with %s", driver);
}

/* Every Engine has it since that version of the API. */
static void check_builder(const struct doctor *d, const cJSON *version)
{
	const struct settings *set = d->server->settings;
	const char *api = text_of(version, "ApiVersion");

	if (strcmp(set->build_builder, "buildkit"))
		doctor_tell(d, "engine-builder", DOCTOR_OK, "",
			"builds go to the %s builder", set->build_builder);
	else if (!doctor_version_is(api, BUILDKIT_API_MAJOR, BUILDKIT_API_MINOR))
		doctor_tell(d, "engine-builder", DOCTOR_PROBLEM,
			"set build.builder = classic, or install a newer Docker Engine",
			"the Engine has no BuildKit");
	else
		doctor_tell(d, "engine-builder", DOCTOR_OK, "", "BuildKit builds");
}

/* "2026-11-21T05:06:07.123456789Z" to whole seconds; 0 if it isn't one. */
static int64_t read_time(const char *text)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int hours = 0, minutes = 0;
	char sign = '+';
	int64_t offset;

	if (!rest)
		return 0;
	rest += strspn(rest, ".0123456789");
	if (*rest != 'Z' && sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) != 3)
		return 0;
	offset = (int64_t)(hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
	return ((int64_t)timegm(&tm) - offset) * 1000;
}

static void check_clock(const struct doctor *d, const cJSON *info)
{
	int64_t theirs = read_time(text_of(info, "SystemTime"));
	int64_t apart = clock_unix_ms() - theirs;

	if (!theirs || (apart < CLOCK_APART_MS && apart > -CLOCK_APART_MS))
		return;
	doctor_tell(d, "engine-clock", DOCTOR_WARNING,
		"let both machines keep their clocks by NTP (timedatectl set-ntp true)",
		"the Engine's clock and ours are %lld s apart: times of logs and of the "
		"record don't fit together",
		(long long)(apart / 1000));
}

static void check_limits(const struct doctor *d, const cJSON *info)
{
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(info, "MemoryLimit")))
		return;
	doctor_tell(d, "engine-limits", DOCTOR_WARNING,
		"enable the memory controller of cgroups (cgroup_enable=memory for the "
		"kernel)",
		"the Engine can't limit memory: what resource:limit sets has no effect");
}

static void check_info(const struct doctor *d, const cJSON *info, const cJSON *version)
{
	const char *root = text_of(info, "DockerRootDir");

	check_storage(d, info);
	check_builder(d, version);
	check_clock(d, info);
	check_limits(d, info);
	if (*root && engine_is_local(d->server->engine))
		doctor_look_at_disk(d, "engine-disk", "images and containers", root,
			d->server->settings->build_min_free);
}

void doctor_check_engine(const struct doctor *d)
{
	cJSON *version = NULL, *info = NULL;
	struct err err = {0};
	int rc = engine_call(d->server->engine, &version, NULL, &err, "GET", "/version");

	if (!rc)
		check_version(d, version);
	if (!rc)
		rc = engine_call(d->server->engine, &info, NULL, &err, "GET", "/info");
	if (!rc)
		check_info(d, info, version);
	else
		doctor_tell(d, "engine", DOCTOR_PROBLEM,
			rc == ERR_AWAY
				? "start the Engine (systemctl start docker), and see "
				  "that engine.host is its socket and that the user "
				  "bardo is in the group docker"
				: "install a newer Docker Engine: 20.10 or later",
			"%s (engine.host = %s)", err.msg,
			d->server->settings->engine_host);
	cJSON_Delete(info);
	cJSON_Delete(version);
}
