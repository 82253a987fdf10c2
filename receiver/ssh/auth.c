#include "receiver/ssh/auth.h"

#include "config/base/log.h"
#include "config/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNAPSHOT_NAME "authorized"
/* Of the name that the client chose: it means nothing here, and fills no log. */
#define LOGGED_USER "%.64s"

void auth_init(struct auth *a, const char *folder, const char *peer, int64_t max_tries)
{
	*a = (struct auth){.folder = folder, .peer = peer, .tries_left = max_tries};
}

bool auth_is_done(const struct auth *a)
{
	return a->fingerprint[0] != '\0';
}

bool auth_is_hopeless(const struct auth *a)
{
	return a->tries_left <= 0;
}

/* libssh hands certificates over without looking at who signed them. */
static bool type_is_accepted(enum ssh_keytypes_e type)
{
	static const enum ssh_keytypes_e accepted[] = {
		SSH_KEYTYPE_ED25519,
		SSH_KEYTYPE_ECDSA_P256,
		SSH_KEYTYPE_ECDSA_P384,
		SSH_KEYTYPE_ECDSA_P521,
		SSH_KEYTYPE_RSA,
		SSH_KEYTYPE_SK_ED25519,
		SSH_KEYTYPE_SK_ECDSA,
	};

	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		if (type == accepted[i])
			return true;
	}
	return false;
}

static int write_fingerprint(char out[FINGERPRINT_SIZE], ssh_key key)
{
	unsigned char *hash = NULL;
	char *text = NULL;
	size_t len;
	int n = -1;

	if (ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &len) == 0)
		text = ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, len);
	if (text)
		n = snprintf(out, FINGERPRINT_SIZE, "%s", text);
	ssh_string_free_char(text);
	ssh_clean_pubkey_hash(&hash);
	return n > 0 && n < FINGERPRINT_SIZE ? 0 : -1;
}

/* The file is read again for every request, so that a removed key is out at once. */
static bool is_listed(const char *folder, const char *fingerprint)
{
	char path[PATH_TEXT_MAX];
	char *line = NULL;
	size_t cap = 0;
	bool found = false;
	ssize_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, SNAPSHOT_NAME);
	f = fopen(path, "re");
	if (!f) {
		log_warn("%s: %s; nobody can log in", path, strerror(errno));
		return false;
	}
	while (!found && (n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		found = !strcmp(line, fingerprint);
	}
	free(line);
	(void)fclose(f);
	return found;
}

static void log_attempt(
	const struct auth *a, const char *what, const char *fingerprint, const char *user)
{
	log_info(
		"%s %s (user " LOGGED_USER ") from %s", what, fingerprint, user, a->peer);
}

int auth_judge(struct auth *a, const char *user, ssh_key key, char signature_state)
{
	char fingerprint[FINGERPRINT_SIZE];
	bool readable = write_fingerprint(fingerprint, key) == 0;
	bool welcome = readable && type_is_accepted(ssh_key_type(key)) &&
		is_listed(a->folder, fingerprint);

	/* Who has logged in stays who they are. */
	if (auth_is_done(a) || auth_is_hopeless(a))
		return SSH_AUTH_DENIED;
	if (welcome && signature_state == SSH_PUBLICKEY_STATE_NONE)
		return SSH_AUTH_SUCCESS;
	if (welcome && signature_state == SSH_PUBLICKEY_STATE_VALID) {
		memcpy(a->fingerprint, fingerprint, sizeof(a->fingerprint));
		log_attempt(a, "login with key", fingerprint, user);
		return SSH_AUTH_SUCCESS;
	}
	a->tries_left--;
	log_attempt(a, "refused key", readable ? fingerprint : "(unreadable)", user);
	return SSH_AUTH_DENIED;
}

void auth_refuse_method(struct auth *a, int method)
{
	if (method == (int)SSH_AUTH_METHOD_NONE && !a->asked_for_methods)
		a->asked_for_methods = true;
	else
		a->tries_left--;
}
