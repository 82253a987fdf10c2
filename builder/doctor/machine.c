#include "builder/doctor/private.h"

#include "builder/server.h"
#include "config/base/clock.h"
#include "config/settings.h"
#include "config/store.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#define MIB ((int64_t)1024 * 1024)
/* So much of a file system should be free, whatever its size. */
#define FREE_PERCENT 5
/* A clock that is set back by less is kept right by NTP. */
#define CLOCK_BACK_MS 60000
/* Nothing of ours was made before: 2024-01-01. */
#define CLOCK_LEAST_MS 1704067200000LL

static void look_at_inodes(const struct doctor *d, const char *check, const char *path,
	const struct statvfs *v)
{
	if (!v->f_files || v->f_favail >= v->f_files / 100 * FREE_PERCENT)
		return;
	doctor_tell(d, check, v->f_favail ? DOCTOR_WARNING : DOCTOR_PROBLEM,
		"remove what has many small files: `docker builder prune`, old images",
		"%s has room for %llu more files of %llu: the disk is full without them, "
		"however many bytes are free",
		path, (unsigned long long)v->f_favail, (unsigned long long)v->f_files);
}

void doctor_look_at_disk(const struct doctor *d, const char *check, const char *what,
	const char *path, int64_t least)
{
	static const char todo[] =
		"make room: `docker system df` and `docker builder prune` for the "
		"Engine, "
		"`journalctl --vacuum-size` for logs; or set deploy.keep-images lower";
	struct statvfs v;
	int64_t left;
	int percent;

	if (statvfs(path, &v) < 0) {
		doctor_tell(d, check, DOCTOR_WARNING, "look at it as root: df",
			"how full %s is can't be seen: %s", path, strerror(errno));
		return;
	}
	left = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	percent = v.f_blocks ? (int)(v.f_bavail * 100 / v.f_blocks) : 100;
	if (left < least)
		doctor_tell(d, check, DOCTOR_PROBLEM, todo,
			"%lld MiB are left at %s, for %s: pushes are refused below %lld "
			"MiB "
			"(build.min-free)",
			(long long)(left / MIB), path, what, (long long)(least / MIB));
	else if (left < 2 * least || percent < FREE_PERCENT)
		doctor_tell(d, check, DOCTOR_WARNING, todo,
			"%lld MiB (%d %%) are left at %s, for %s",
			(long long)(left / MIB), percent, path, what);
	else
		doctor_tell(d, check, DOCTOR_OK, "",
			"%lld MiB (%d %%) are left at %s, for %s",
			(long long)(left / MIB), percent, path, what);
	look_at_inodes(d, check, path, &v);
}

/* The newest time that the record has. */
static int64_t newest_time(struct store *s)
{
	struct sqlite3_stmt *q = store_query(s, NULL,
		STORE_SQL("SELECT max((SELECT coalesce(max(created_at), 0) FROM life), "
			  "(SELECT coalesce(max(at), 0) FROM (SELECT at FROM event ORDER "
			  "BY "
			  "id DESC LIMIT 1)))"));
	int64_t newest = store_step(q, NULL) == 1 ? store_int(q, 0) : 0;

	store_query_finish(q);
	return newest;
}

static void check_clock(const struct doctor *d)
{
	static const char todo[] = "set the clock, and keep it by NTP (timedatectl "
				   "set-ntp true)";
	int64_t now = clock_unix_ms(), newest = newest_time(d->server->store);
	char when[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	clock_format(now, when);
	clock_format(newest, last);
	if (now < CLOCK_LEAST_MS)
		doctor_tell(d, "clock", DOCTOR_PROBLEM, todo,
			"the clock says %s: certificates are not valid then", when);
	else if (now < newest - CLOCK_BACK_MS)
		doctor_tell(d, "clock", DOCTOR_PROBLEM, todo,
			"the clock says %s, and the record ends at %s: one of them was "
			"wrong",
			when, last);
	else
		doctor_tell(d, "clock", DOCTOR_OK, "", "the clock says %s", when);
}

void doctor_check_machine(const struct doctor *d)
{
	const struct settings *set = d->server->settings;

	doctor_look_at_disk(d, "disk", "repositories, logs and the record",
		set->server_data, set->build_min_free);
	check_clock(d);
}
