#include "receiver/bardod/hostkeys.h"

#include "config/base/err.h"
#include "config/base/log.h"
#include "config/paths.h"
#include "receiver/bardod/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = {"ssh_host_ed25519_key", "ssh_host_rsa_key"};

#define NAMES (sizeof(names) / sizeof(names[0]))
#define KEY_MODE 0640

static bool all_are_there(int folder)
{
	struct stat st;

	for (size_t i = 0; i < NAMES; i++) {
		if (fstatat(folder, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			return false;
	}
	return true;
}

static int refuse_key(const char *name, struct err *err)
{
	return err_set(err, ERR_FAILED,
		"the host key %s is a link or another user's: remove it, and bardod "
		"makes a new one",
		name);
}

/* The folder is bardo's: what is changed must be the key and not something else that a
 * link of its makes look like one. */
static int give_key(
	int folder, const char *name, const struct programs *p, struct err *err)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int rc = 0;

	if (fd < 0 && errno == ELOOP)
		return refuse_key(name, err);
	if (fd < 0)
		return err_errno(err, "the host key %s", name);
	if (fstat(fd, &st) < 0)
		rc = err_errno(err, "the host key %s", name);
	else if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
		(st.st_uid != 0 && st.st_uid != p->server.uid))
		rc = refuse_key(name, err);
	else if (fchown(fd, 0, p->net.gid) < 0 || fchmod(fd, KEY_MODE) < 0)
		rc = err_errno(err, "the host key %s", name);
	(void)close(fd);
	return rc;
}

int hostkeys_prepare(const struct settings *s, const struct programs *p, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int folder = open(
		path_host_keys(s, path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int rc = 0;

	if (folder < 0)
		return err_errno(err, "%s", path);
	if (!all_are_there(folder)) {
		log_info("making the host keys in %s", path);
		rc = programs_make_host_keys(p, path, err);
	}
	for (size_t i = 0; i < NAMES && !rc && p->as_root; i++)
		rc = give_key(folder, names[i], p, err);
	(void)close(folder);
	return rc;
}
