#ifndef BARDO_BASE_SPAWN_H
#define BARDO_BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

/* The one place that starts programs. Every descriptor of ours is close-on-exec; a
 * child gets exactly those that are listed here. */

#define SPAWN_FDS_MAX 8

struct spawn_fd {
	int from; /* ours; stays open and ours */
	int to;	  /* its number in the child, below 64 */
};

/* A user to become: ids and supplementary groups were looked up before. */
struct spawn_user {
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* borrowed */
	size_t groups_len;
};

struct spawn {
	const char *path;  /* absolute: PATH is not searched */
	char *const *argv; /* NULL-terminated */
	char *const *env;  /* NULL-terminated, the whole environment */
	const char *cwd;   /* NULL: ours */
	const struct spawn_fd *fds;
	size_t fds_len; /* at most SPAWN_FDS_MAX; 0 to 2 not listed are /dev/null */
	const struct spawn_user *user; /* NULL: stay who we are */
	bool new_session;	       /* setsid: a process group of its own to signal */
	int terminal; /* in the child's numbers, becomes its controlling terminal; 0 none
			 unless has_terminal */
	bool has_terminal;
	bool hold_hangup; /* start with SIGHUP blocked: the program decides what it means
			   */
};

/* Starts it and returns its pid, or a negative code with what failed (a missing program,
 * no such folder, no right): exec's own failure is reported here too. Signals are reset
 * to their defaults and unblocked in the child, but for a SIGHUP that we ignore: the
 * child ignores it too. */
pid_t spawn_start(const struct spawn *s, struct err *err);

/* Waits for pid. Gives its exit status, or 128 + the signal that ended it. */
int spawn_wait(pid_t pid);

#endif
