#include "builder/doctor/private.h"

#include "builder/server.h"
#include "config/paths.h"
#include "config/settings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What is under server.data is nobody else's business. */

struct place {
	const char *path; /* under server.data */
	mode_t most;	  /* no right beyond these */
	bool optional;
};

static const struct place places[] = {
	{"", 0711, false},
	{"repos", 0700, false},
	{"logs", 0700, false},
	{"locks", 0700, false},
	{"keys", 0755, false},
	{"keys/authorized", 0644, false},
	{"keys/ssh_host_ed25519_key", 0640, true},
	{"keys/ssh_host_rsa_key", 0640, true},
	{"run", 0711, false},
	{"run/door", 0600, true},
	{"run/nginx", 0700, true},
	{"bardo.db", 0600, false},
	{"bardo.db-wal", 0600, true},
	{"bardo.db-shm", 0600, true},
};

/* Host keys may be root's: only it and bardo-ssh read them. */
static bool may_own(const struct stat *st, const struct stat *data)
{
	return st->st_uid == data->st_uid || st->st_uid == 0;
}

/* True if all is well with it. */
static bool look_at(
	const struct doctor *d, const struct place *p, const struct stat *data)
{
	char path[PATH_TEXT_MAX], todo[PATH_TEXT_MAX + 64];
	struct stat st;
	mode_t mode;

	(void)snprintf(path, sizeof(path), "%s%s%s", d->server->settings->server_data,
		*p->path ? "/" : "", p->path);
	if (lstat(path, &st) < 0) {
		if (errno == ENOENT && p->optional)
			return true;
		doctor_tell(d, "permissions", DOCTOR_PROBLEM,
			"start bardod again, which makes it", "%s: %s", path,
			strerror(errno));
		return false;
	}
	mode = st.st_mode & 07777;
	if (mode & ~p->most) {
		(void)snprintf(
			todo, sizeof(todo), "chmod %04o %s", (unsigned)p->most, path);
		doctor_tell(d, "permissions", DOCTOR_PROBLEM, todo,
			"%s has the mode %04o: others can read or change it, and it "
			"holds %s",
			path, (unsigned)mode,
			strstr(p->path, "db") ? "every secret"
					      : "what only bardo should reach");
		return false;
	}
	if (may_own(&st, data))
		return true;
	(void)snprintf(todo, sizeof(todo), "chown --reference=%.400s %.500s",
		d->server->settings->server_data, path);
	doctor_tell(d, "permissions", DOCTOR_PROBLEM, todo,
		"%s belongs to user %u, and the folder that it lies in to %u", path,
		(unsigned)st.st_uid, (unsigned)data->st_uid);
	return false;
}

void doctor_check_files(const struct doctor *d)
{
	struct stat data;
	bool well = true;

	if (stat(d->server->settings->server_data, &data) < 0) {
		doctor_tell(d, "permissions", DOCTOR_PROBLEM, "start bardod", "%s: %s",
			d->server->settings->server_data, strerror(errno));
		return;
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		well = look_at(d, &places[i], &data) && well;
	if (well)
		doctor_tell(d, "permissions", DOCTOR_OK, "",
			"what is under %s is bardo's alone",
			d->server->settings->server_data);
}
