#ifndef BARDO_CONFIG_LOCK_H
#define BARDO_CONFIG_LOCK_H

struct err;

/* An app's lock: flock(2) on a file that is never unlinked, so that the kernel frees it
 * with its last holder. It belongs to the open file description: children that inherit
 * the descriptor hold it too. */

/* Opens without locking; close-on-exec. The descriptor, or ERR_FAILED. */
int lock_open(const char *path, struct err *err);

/* ERR_BUSY at once if somebody else holds it. */
int lock_try(int fd, struct err *err);

/* Waits as long as it takes. */
int lock_wait(int fd, struct err *err);

/* Holds it together with others who share it; waits for one who doesn't. Asking for it
 * alone afterwards, with lock_try, works for the last of them. */
int lock_share(int fd, struct err *err);

void lock_release(int fd);

/* One byte of a lock file, where several things of an app are each held by somebody: its
 * lock belongs to the open file description too, and knows nothing of the ones above. */
int lock_byte_try(int fd, int at, struct err *err);
int lock_byte_wait(int fd, int at, struct err *err);
void lock_byte_release(int fd, int at);

#endif
