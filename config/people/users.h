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
#define USER_NOBODY (-1) /* in the record: whoever it was is gone */

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

/* ERR_NOTFOUND with a message that says so. */
int users_find(struct store *s, const char *name, struct user *out, struct err *err);

/* ---- users (users.c) ----
 * keep_admin, in what takes away: ERR_DENIED if nobody could log in as a server admin any
 * more. From the host's shell that can be mended, from afar it can't. */

/* The server's first user is an admin, whatever is asked. ERR_EXISTS. */
int users_create(struct store *s, const char *name, bool admin, bool may_create,
	struct user *out, struct err *err);

/* Takes the user away, with keys and roles; what they made is nobody's then, whoever gets
 * the name later. ERR_NOTFOUND. */
int users_remove(struct store *s, const struct settings *set, const char *name,
	bool keep_admin, struct err *err);

enum users_right { USERS_ADMIN, USERS_CREATE };
int users_set_right(struct store *s, const char *name, enum users_right right, bool has,
	bool keep_admin, struct err *err);

/* By name; each's nonzero return ends it and is returned. */
int users_each(struct store *s,
	int (*each)(void *ctx, const struct user *u, int keys, int64_t created_at),
	void *ctx, struct err *err);

/* ---- keys (keys.c) ---- */

/* Gives name the key. If there is no such user, create makes it. ERR_EXISTS: somebody has
 * that key, the message says who. ERR_NOTFOUND: no such user, and it may not be made. */
struct users_add {
	const char *name;
	bool create;
	bool admin;	  /* the user becomes a server admin with it */
	bool deploy_only; /* the key pushes and does nothing else */
};
int users_add_key(struct store *s, const struct settings *set,
	const struct users_add *add, const struct ssh_key *key, struct user *out,
	struct err *err);

/* Takes keys away: one by fingerprint, or all of a user; with both, one if it is that
 * user's. ERR_NOTFOUND if there are none. */
int users_remove_keys(struct store *s, const struct settings *set, const char *name,
	const char *fingerprint, bool keep_admin, int *removed, struct err *err);

/* Every key with its user (whose deploy_only is the key's), by name; name NULL means
 * everybody. each's nonzero return ends it and is returned. */
int users_each_key(struct store *s, const char *name,
	int (*each)(void *ctx, const struct user *u, const struct ssh_key *k,
		int64_t created_at),
	void *ctx, struct err *err);

/* Writes the snapshot anew, as reconcile does at start. */
int users_write_snapshot(struct store *s, const struct settings *set, struct err *err);

/* ERR_FAILED if the snapshot has other keys than the record: logins go by the one,
 * commands by the other. */
int users_check_snapshot(struct store *s, const struct settings *set, struct err *err);

/* ---- for both ---- */

/* Ends a transaction that may have changed keys, according to rc. */
int users_commit(struct store *s, const struct settings *set, int rc, struct err *err);

/* Whether somebody can log in as a server admin. */
int users_have_admin(struct store *s, bool *have, struct err *err);

/* Goes into err if nobody can any more though somebody could (had), and keep is asked. */
int users_check_admin(struct store *s, bool had, bool keep, struct err *err);

#endif
