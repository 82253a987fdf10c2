#include "receiver/ssh/host_keys.h"

#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/paths.h"

#include <libssh/libssh.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_KEY_MODE 0640
#define HOST_RSA_BITS 3072

/* ed25519 for everybody, RSA for clients that are too old to know it. */
const char *const host_key_names[HOST_KEYS_COUNT] = {
	"ssh_host_ed25519_key",
	"ssh_host_rsa_key",
};

static const struct recipe {
	enum ssh_keytypes_e type;
	int bits;
} recipes[HOST_KEYS_COUNT] = {
	{SSH_KEYTYPE_ED25519, 0},
	{SSH_KEYTYPE_RSA, HOST_RSA_BITS},
};

static int generate(const struct recipe *recipe, ssh_key *key)
{
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 12, 0)
	ssh_pki_ctx options = ssh_pki_ctx_new();
	int rc = options ? SSH_OK : SSH_ERROR;

	if (rc == SSH_OK && recipe->bits)
		rc = ssh_pki_ctx_options_set(
			options, SSH_PKI_OPTION_RSA_KEY_SIZE, &recipe->bits);
	if (rc == SSH_OK)
		rc = ssh_pki_generate_key(recipe->type, options, key);
	ssh_pki_ctx_free(options);
	return rc;
#else
	return ssh_pki_generate(recipe->type, recipe->bits, key);
#endif
}

static int make_key(const char *path, const struct recipe *recipe, struct err *err)
{
	ssh_key key = NULL;
	char *text = NULL;
	int rc;

	if (generate(recipe, &key) != SSH_OK) {
		rc = err_set(err, ERR_FAILED, "%s: libssh could not make the key", path);
		goto out;
	}
	if (ssh_pki_export_privkey_base64(key, NULL, NULL, NULL, &text) != SSH_OK) {
		rc = err_set(err, ERR_FAILED, "%s: libssh could not write the key", path);
		goto out;
	}
	rc = io_replace_file(path, HOST_KEY_MODE, text, strlen(text), err);
	if (!rc)
		log_info("made the host key %s", path);
out:
	if (text)
		explicit_bzero(text, strlen(text));
	ssh_string_free_char(text);
	ssh_key_free(key);
	return rc;
}

int host_keys_make(const char *folder, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = 0;

	for (size_t i = 0; i < HOST_KEYS_COUNT && !rc; i++) {
		int n = snprintf(path, sizeof(path), "%s/%s", folder, host_key_names[i]);

		if (n < 0 || n >= (int)sizeof(path))
			return err_set(
				err, ERR_USAGE, "%s: the path is too long", folder);
		if (access(path, F_OK) < 0)
			rc = make_key(path, &recipes[i], err);
	}
	return rc;
}
