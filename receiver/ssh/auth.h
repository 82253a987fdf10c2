#ifndef BARDO_SSH_AUTH_H
#define BARDO_SSH_AUTH_H

#include <libssh/libssh.h>
#include <stdbool.h>
#include <stdint.h>

/* Who may come in: any user name, with a key whose fingerprint stands in the snapshot of
 * the users' keys. What that user may do is judged by each command, not here. */

#define FINGERPRINT_SIZE 64 /* "SHA256:" and 43 characters of base64 */

struct auth {
	const char *folder; /* of the snapshot, borrowed */
	const char *peer;   /* for the log, borrowed */
	int64_t tries_left;
	bool asked_for_methods;		    /* by the request "none", which is no try */
	char fingerprint[FINGERPRINT_SIZE]; /* "" until a key was accepted */
};

void auth_init(struct auth *a, const char *folder, const char *peer, int64_t max_tries);

/* The answer to one request: SSH_AUTH_SUCCESS or SSH_AUTH_DENIED. A probe (no signature
 * yet) succeeds for a listed key; a login needs SSH_PUBLICKEY_STATE_VALID. */
int auth_judge(struct auth *a, const char *user, ssh_key key, char signature_state);

/* Counts a request of another method, which libssh refuses. */
void auth_refuse_method(struct auth *a, int method);

bool auth_is_done(const struct auth *a);
bool auth_is_hopeless(const struct auth *a);

#endif
