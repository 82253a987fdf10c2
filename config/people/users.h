#ifndef BARDO_CONFIG_USERS_H
#define BARDO_CONFIG_USERS_H

#include "config/names.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct settings;
struct store;

/* People and their SSH keys. A change also writes the snapshot of fingerprints that
 * bardo-ssh reads at every login. */

#define KEY_FINGERPRINT_SIZE 64
#define KEY_LINE_MAX 16384

struct user {
	int64_t id; /* 0: the machine's own shell, which is in no table */
	char name[NAME_SIZE];
	bool admin;
	bool may_create;  /* makes apps of their own, and owns them */
	bool deploy_only; /* the key that logged in: it pushes and nothing else */
};

struct ssh_key {
	char fingerprint[KEY_FINGERPRINT_SIZE]; /* SHA256:…, as ssh-keygen -l prints it */
	char type[64];				/* ssh-ed25519 … */
	char comment[128];
};

/* Reads a line of an authorized_keys or .pub file ("TYPE BASE64 COMMENT", RFC 4253 6.6).
 * ERR_USAGE: not a public key, options before it, a certificate, RSA below 2048 bits. */
int ssh_key_parse(struct ssh_key *out, const char *line, struct err *err);

/* ERR_NOTFOUND if nobody has it. */
int users_find_by_key(
	struct store *s, const char *fingerprint, struct user *out, struct err *err);

/* Gives name the key. If there is no such user, may_create makes it; the server's first
 * user is an admin, others as asked. ERR_EXISTS: somebody has that key, the message says
 * who. ERR_NOTFOUND: no such user, and it may not be made. */
struct users_add {
	const char *name;
	bool may_create;
	bool admin;
};
int users_add_key(struct store *s, const struct settings *set,
	const struct users_add *add, const struct ssh_key *key, struct user *out,
	struct err *err);

/* Takes keys away: one by fingerprint (name NULL), or all of a user. ERR_NOTFOUND if
 * there are none. */
int users_remove_keys(struct store *s, const struct settings *set, const char *name,
	const char *fingerprint, int *removed, struct err *err);

/* Every key with its user, by name; name NULL means everybody. each's negative ends it.
 */
int users_each_key(struct store *s, const char *name,
	int (*each)(void *ctx, const struct user *u, const struct ssh_key *k,
		int64_t created_at),
	void *ctx, struct err *err);

/* Writes the snapshot anew, as reconcile does at start. */
int users_write_snapshot(struct store *s, const struct settings *set, struct err *err);

#endif
