#ifndef BARDO_CONFIG_LOCK_H
#define BARDO_CONFIG_LOCK_H

#include <stdbool.h>

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

/* As lock_try, for what somebody asked for: upkeep that holds it is waited for, and asked
 * to end. ERR_BUSY: another such one holds it. */
int lock_take(int fd, struct err *err);

/* Whoever holds it calls it upkeep from here on, until lock_release: something that
 * nobody asked for, and that ends soon when it is wanted. */
void lock_is_for_upkeep(int fd);
bool lock_is_wanted(int fd);

/* One byte of a lock file, where several things of an app are each held by somebody: its
 * lock belongs to the open file description too, and knows nothing of the ones above. */
int lock_byte_try(int fd, int at, struct err *err);
int lock_byte_wait(int fd, int at, struct err *err);
void lock_byte_release(int fd, int at);

#endif
