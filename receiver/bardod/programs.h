#ifndef BARDO_BARDOD_PROGRAMS_H
#define BARDO_BARDOD_PROGRAMS_H

#include "config/paths.h"
#include "config/privilege.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct buf;
struct err;
struct settings;

/* The programs that bardod starts, as whom, and with what environment. Each gets a
 * session of its own, so that neither our terminal nor our end reaches it. */

#define PROGRAMS_ENV_MAX 8

struct programs {
	char bardo[PATH_TEXT_MAX];
	char ssh[PATH_TEXT_MAX];
	char hooks[PATH_TEXT_MAX]; /* the folder */
	bool as_root;		   /* else everybody is who we are: server's name */
	struct privilege_user server, net;
	char home[PATH_TEXT_MAX];
	char *env[PROGRAMS_ENV_MAX]; /* of bardo; borrowed from home and our own */
};

/* Finds the programs beside us and, as root, the users. BARDO_CONFIG and BARDO_OVERRIDES
 * must be set and stay as they are. */
int programs_init(struct programs *p, struct err *err);

/* Users as privilege.h takes them: NULL where we stay who we are. */
const struct privilege_user *programs_server_user(const struct programs *p);
const struct privilege_user *programs_net_user(const struct programs *p);

/* From now on bardo's HOME is server.data, where no git configuration of a person is. */
void programs_set_home(struct programs *p, const char *server_data);

/* The output of `bardo settings`. ERR_USAGE: bardo said itself what is wrong with them.
 */
int programs_read_settings(const struct programs *p, struct buf *out, struct err *err);

/* `bardo-ssh --make-host-keys folder`, to its end. */
int programs_make_host_keys(
	const struct programs *p, const char *folder, struct err *err);

/* `bardo --door` with its request waiting in a socket, which stays ours. Its pid is also
 * its process group. */
pid_t programs_start_bardo(const struct programs *p, int request, struct err *err);

/* `bardo-ssh` for one connection; the descriptors stay ours. */
struct programs_ssh {
	int connection;
	int door;
	const char *peer;  /* address and port */
	const char *local; /* address */
	const char *keys;  /* folder */
};
pid_t programs_start_ssh(const struct programs *p, const struct settings *s,
	const struct programs_ssh *c, struct err *err);

/* HAProxy, which goes into the background by itself, as who we are: it binds ports, and
 * its configuration says whom it becomes. ERR_NOTFOUND: not installed. */
pid_t programs_start_haproxy(const char *config, const char *backends, struct err *err);

/* proxy.front-command's words and then these arguments (NULL-terminated), as who we are;
 * both outputs go to output, which stays the caller's. ERR_NOTFOUND: not installed. */
#define FRONT_WORDS_MAX 32
pid_t programs_start_front(
	const char *command, const char *const *arguments, int output, struct err *err);

#endif
