#include "config/privilege.h"

#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/spawn.h"
#include "config/paths.h"
#include "config/settings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int privilege_find(struct privilege_user *out, const char *name, struct err *err)
{
	const struct passwd *pw = name ? getpwnam(name) : getpwuid(geteuid());
	int groups = PRIVILEGE_GROUPS_MAX;

	if (!pw && !name)
		return err_set(err, ERR_NOTFOUND, "user %d has no name", (int)geteuid());
	if (!pw)
		return err_set(err, ERR_NOTFOUND,
			"there is no user %s on this machine: contrib/install-deps makes "
			"it; or start bardo as an ordinary user",
			name);
	*out = (struct privilege_user){.uid = pw->pw_uid, .gid = pw->pw_gid};
	(void)strncpy(out->name, pw->pw_name, sizeof(out->name) - 1);
	if (getgrouplist(out->name, out->gid, out->groups, &groups) < 0)
		return err_set(err, ERR_FAILED, "user %s is in more than %d groups",
			out->name, PRIVILEGE_GROUPS_MAX);
	out->groups_len = (size_t)groups;
	return 0;
}

static int become(const struct privilege_user *u, struct err *err)
{
	if (setgroups(u->groups_len, u->groups) < 0 ||
		setresgid(u->gid, u->gid, u->gid) < 0 ||
		setresuid(u->uid, u->uid, u->uid) < 0)
		return err_errno(err, "cannot become user %s", u->name);
	return 0;
}

static _Noreturn void run_in_child(const struct privilege_user *user,
	int (*task)(void *data, struct err *err), void *data, int report)
{
	struct err e = {0};
	int rc = user ? become(user, &e) : 0;

	if (!rc)
		rc = task(data, &e);
	e.code = rc;
	/* Below PIPE_BUF: it arrives whole or not at all. */
	_exit(write(report, &e, sizeof(e)) == (ssize_t)sizeof(e) ? 0 : 1);
}

/* Runs task in a child that is user, NULL for who we are. */
static int run_apart(const struct privilege_user *user,
	int (*task)(void *data, struct err *err), void *data, struct err *err)
{
	struct err said = {0};
	int report[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	pid = fork();
	if (pid == 0)
		run_in_child(user, task, data, report[1]);
	(void)close(report[1]);
	if (pid < 0) {
		(void)close(report[0]);
		return err_errno(err, "fork");
	}
	do {
		n = read(report[0], &said, sizeof(said));
	} while (n < 0 && errno == EINTR);
	(void)close(report[0]);
	(void)spawn_wait(pid);
	if (n != (ssize_t)sizeof(said))
		return err_set(err, ERR_FAILED, "a child that looked after users died");
	return said.code ? err_set(err, said.code, "%s", said.msg) : 0;
}

int privilege_run_as(const struct privilege_user *user,
	int (*task)(void *data, struct err *err), void *data, struct err *err)
{
	return user ? run_apart(user, task, data, err) : task(data, err);
}

struct lookup {
	const char *name;
	struct privilege_user user;
};

static int look_up(void *data, struct err *err)
{
	struct lookup *l = data;

	return privilege_find(&l->user, l->name, err);
}

int privilege_find_apart(struct privilege_user *out, const char *name, struct err *err)
{
	struct lookup *l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (l == MAP_FAILED)
		return err_errno(err, "user %s", name ? name : "that we are");
	l->name = name;
	rc = run_apart(NULL, look_up, l, err);
	if (!rc)
		*out = l->user;
	(void)munmap(l, sizeof(*l));
	return rc;
}

static bool is_empty(int folder)
{
	int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool empty = true;
	struct dirent *e;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return false;
	}
	while (empty && (e = readdir(dir)))
		empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..");
	(void)closedir(dir);
	return empty;
}

static int refuse_owner(const char *path, uid_t owner, const char *us, struct err *err)
{
	const struct passwd *pw = getpwuid(owner);

	return err_set(err, ERR_DENIED,
		"server.data = %s belongs to user %s, but bardo runs as %s: start it as "
		"its owner, or hand the folder over (chown -R %s: %s), or set another "
		"server.data",
		path, pw ? pw->pw_name : "nobody knows", us, us, path);
}

/* A folder of root's is handed over only while it is empty: a slip in the settings must
 * not give /etc away. */
static int hand_over(
	const char *path, int folder, const struct privilege_user *user, struct err *err)
{
	struct stat st;

	if (fstat(folder, &st) < 0)
		return err_errno(err, "server.data = %s", path);
	if (st.st_uid == user->uid)
		return 0;
	if (st.st_uid != 0 || !is_empty(folder))
		return refuse_owner(path, st.st_uid, user->name, err);
	if (fchown(folder, user->uid, user->gid) < 0)
		return err_errno(err, "server.data = %s", path);
	return 0;
}

static int make_data(const char *path, struct err *err)
{
	if (mkdir(path, 0711) == 0 || errno == EEXIST)
		return 0;
	if (errno == ENOENT)
		return err_set(err, ERR_NOTFOUND,
			"server.data = %s: the folder that should hold it is missing: "
			"make it, or set another server.data",
			path);
	return err_errno(err, "server.data = %s", path);
}

static int prepare_folders(void *data, struct err *err)
{
	const struct settings *const *s = data;

	return paths_prepare(*s, err);
}

/* An ordinary user gets told whose folder it is instead of a bare "not permitted". */
static int check_owner(const char *path, struct err *err)
{
	struct privilege_user us;
	struct stat st;

	if (stat(path, &st) < 0 || st.st_uid == geteuid())
		return 0;
	if (privilege_find(&us, NULL, NULL))
		(void)snprintf(us.name, sizeof(us.name), "%d", (int)geteuid());
	return refuse_owner(path, st.st_uid, us.name, err);
}

int privilege_prepare(
	const struct settings *s, const struct privilege_user *user, struct err *err)
{
	int rc = make_data(s->server_data, err);
	int folder;

	if (!rc && !user)
		rc = check_owner(s->server_data, err);
	if (rc || !user)
		return rc ? rc : paths_prepare(s, err);
	folder = open(s->server_data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return err_errno(err, "server.data = %s", s->server_data);
	rc = hand_over(s->server_data, folder, user, err);
	(void)close(folder);
	return rc ? rc : privilege_run_as(user, prepare_folders, &s, err);
}

bool privilege_server_is_root(const struct settings *s)
{
	char path[PATH_TEXT_MAX];
	struct stat st;
	size_t len = strlen(path_host_keys(s, path));

	(void)snprintf(path + len, sizeof(path) - len, "/ssh_host_ed25519_key");
	return lstat(path, &st) == 0 && st.st_uid == 0;
}

int privilege_become(const struct settings *s, struct err *err)
{
	struct privilege_user server;
	int rc;

	if (geteuid() != 0)
		return privilege_prepare(s, NULL, err);
	rc = privilege_find(&server, PRIVILEGE_SERVER, err);
	if (!rc)
		rc = privilege_prepare(s, &server, err);
	if (!rc)
		rc = become(&server, err);
	if (rc)
		return rc;
	/* Root's own git configuration can't be read any more, nor perhaps its folder. */
	if (setenv("HOME", s->server_data, 1) < 0)
		return err_errno(err, "HOME");
	if (access(".", X_OK) < 0 && chdir("/") < 0)
		return err_errno(err, "/");
	return 0;
}
