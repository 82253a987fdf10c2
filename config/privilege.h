#ifndef BARDO_CONFIG_PRIVILEGE_H
#define BARDO_CONFIG_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;
struct settings;

/*
 * Who we are. Started as root, everything that opens a socket of the Engine, a database
 * or a repository does so as PRIVILEGE_SERVER, and what parses strangers' bytes runs as
 * PRIVILEGE_NET. Started by an ordinary user, all of it is that user.
 */

#define PRIVILEGE_SERVER "bardo"
#define PRIVILEGE_NET "bardo-net"

#define PRIVILEGE_GROUPS_MAX 64
#define PRIVILEGE_NAME_SIZE 32

struct privilege_user {
	char name[PRIVILEGE_NAME_SIZE];
	uid_t uid;
	gid_t gid;
	gid_t groups[PRIVILEGE_GROUPS_MAX]; /* supplementary ones, gid among them */
	size_t groups_len;
};

/* Looks a system user up, NULL for who we are. ERR_NOTFOUND says how to make it. */
int privilege_find(struct privilege_user *out, const char *name, struct err *err);

/* The same in a child, for a process that lives long: what the C library loads to look
 * users up (LDAP, systemd, caches) goes with the child. */
int privilege_find_apart(struct privilege_user *out, const char *name, struct err *err);

/* Runs task in a child that is user for good, and gives what task gave, err too. Nothing
 * that task does to memory is seen here; descriptors that were open before are shared.
 * user NULL: runs it here, as who we are. */
int privilege_run_as(const struct privilege_user *user,
	int (*task)(void *data, struct err *err), void *data, struct err *err);

/* Makes server.data and its folders. With a user (we are root) they become the user's,
 * who makes all that is inside: root follows no name in a folder that another owns.
 * ERR_DENIED: server.data is somebody else's; the message says what to do. */
int privilege_prepare(
	const struct settings *s, const struct privilege_user *user, struct err *err);

/* Whether the bardod of this server.data was started as root, so that what it starts may
 * bind low ports and become somebody else: its host keys are root's then. */
bool privilege_server_is_root(const struct settings *s);

/* For `bardo`, before it opens anything: prepares server.data and, if we are root,
 * becomes PRIVILEGE_SERVER for good, HOME and a reachable working directory included. */
int privilege_become(const struct settings *s, struct err *err);

#endif
