#include "builder/doctor/private.h"

#include "builder/git/git.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/spawn.h"
#include "config/settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX 65536

int doctor_version_is(const char *version, int major, int minor)
{
	int a, b;

	return sscanf(version, "%d.%d", &a, &b) == 2 &&
		(a > major || (a == major && b >= minor));
}

/* What a program prints, to its end. */
static int read_output(
	const char *path, const char *const *argv, struct buf *out, struct err *err)
{
	char *const env[] = {NULL};
	int ends[2], rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	pid = spawn_start(
		&(struct spawn){
			.path = path,
			.argv = (char *const *)argv,
			.env = env,
			.cwd = "/",
			.fds = (struct spawn_fd[]){{ends[1], STDOUT_FILENO}},
			.fds_len = 1,
		},
		err);
	(void)close(ends[1]);
	rc = pid < 0 ? (int)pid : io_read_all(ends[0], out, err);
	(void)close(ends[0]);
	if (pid >= 0 && spawn_wait(pid) && !rc)
		rc = err_set(err, ERR_FAILED, "%s failed", path);
	return rc;
}

struct program {
	const char *name;
	const char *const *paths; /* the first that is there */
	const char *option;
	const char *before; /* what stands before its version */
	int major, minor;   /* at least */
	const char *because;
};

static const char *find(const struct program *p)
{
	for (const char *const *path = p->paths; *path; path++) {
		if (access(*path, X_OK) == 0)
			return *path;
	}
	return NULL;
}

static void check(const struct doctor *d, const struct program *p)
{
	static const char todo[] = "contrib/install-deps installs what is needed";
	const char *path = find(p), *version;
	const char *const argv[] = {p->name, p->option, NULL};
	struct err err = {0};
	struct buf out;

	if (!path) {
		doctor_tell(
			d, p->name, DOCTOR_PROBLEM, todo, "%s is not installed", p->name);
		return;
	}
	buf_init(&out, OUTPUT_MAX);
	if (read_output(path, argv, &out, &err)) {
		doctor_tell(d, p->name, DOCTOR_PROBLEM, todo, "%s", err.msg);
	} else {
		version = strstr(buf_text(&out), p->before);
		version = version ? version + strlen(p->before) : "";
		if (doctor_version_is(version, p->major, p->minor))
			doctor_tell(d, p->name, DOCTOR_OK, "", "%s %.*s", p->name,
				(int)strcspn(version, " \n-"), version);
		else
			doctor_tell(d, p->name, DOCTOR_PROBLEM, todo,
				"%s is %.*s, and bardo needs %d.%d or later: %s", path,
				(int)strcspn(version, " \n"), version, p->major, p->minor,
				p->because);
	}
	buf_finish(&out);
}

void doctor_check_programs(const struct doctor *d)
{
	static const char *const git[] = {GIT_PROGRAM, NULL};
	static const char *const haproxy[] = {"/usr/sbin/haproxy",
		"/usr/local/sbin/haproxy", "/usr/bin/haproxy", "/usr/local/bin/haproxy",
		NULL};
	static const struct program programs[] = {
		{"git", git, "--version", "git version ", 2, 29,
			"it hands the pushed branch to proc-receive"},
		{"haproxy", haproxy, "-v", "version ", 2, 6,
			"it takes servers at run time"},
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (programs[i].paths != haproxy ||
			settings_have_proxy(d->server->settings))
			check(d, &programs[i]);
	}
}
