#ifndef BARDO_SSH_HOST_KEYS_H
#define BARDO_SSH_HOST_KEYS_H

struct err;

#define HOST_KEYS_COUNT 2

/* Names in the folder of keys, the preferred one first. */
extern const char *const host_key_names[HOST_KEYS_COUNT];

/* Makes those that are missing, mode 0640; the caller gives them to who reads them.
 * A key that is there is never replaced: clients know it. */
int host_keys_make(const char *folder, struct err *err);

#endif
