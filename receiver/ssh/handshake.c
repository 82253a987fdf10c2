#include "receiver/ssh/handshake.h"

#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "receiver/ssh/host_keys.h"

#include <libssh/server.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>

#define SERVER_NAME "bardo_" BARDO_VERSION
#define USER_RSA_BITS_MIN 2048

/* A build may be silent for long: probes keep routers from forgetting the connection,
 * and find a peer that has gone. A suspended client looks much the same, so be patient.
 */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 30
#define PEER_TIMEOUT_MS (10 * 60 * 1000)

#define CIPHERS                                                                          \
	"chacha20-poly1305@openssh.com,aes256-gcm@openssh.com,aes128-gcm@openssh.com,"   \
	"aes256-ctr,aes192-ctr,aes128-ctr"
#define MACS                                                                             \
	"hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,hmac-sha2-256,"     \
	"hmac-sha2-512"

/* No SHA-1, no CBC, no finite fields. libssh leaves out the names that it doesn't know,
 * as the key exchanges against quantum computers before 0.12. */
static const struct algorithms {
	enum ssh_bind_options_e option;
	const char *names;
} algorithms[] = {
	{SSH_BIND_OPTIONS_KEY_EXCHANGE,
		"mlkem768x25519-sha256,sntrup761x25519-sha512,"
		"sntrup761x25519-sha512@openssh.com,curve25519-sha256,"
		"curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
		"ecdh-sha2-nistp521"},
	{SSH_BIND_OPTIONS_HOSTKEY_ALGORITHMS, "ssh-ed25519,rsa-sha2-512,rsa-sha2-256"},
	{SSH_BIND_OPTIONS_PUBKEY_ACCEPTED_KEY_TYPES,
		"ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,"
		"sk-ssh-ed25519@openssh.com,sk-ecdsa-sha2-nistp256@openssh.com,"
		"rsa-sha2-512,rsa-sha2-256"},
	{SSH_BIND_OPTIONS_CIPHERS_C_S, CIPHERS},
	{SSH_BIND_OPTIONS_CIPHERS_S_C, CIPHERS},
	{SSH_BIND_OPTIONS_HMAC_C_S, MACS},
	{SSH_BIND_OPTIONS_HMAC_S_C, MACS},
};

static int set_host_keys(ssh_bind bind, const char *folder, struct err *err)
{
	char path[PATH_TEXT_MAX];

	for (size_t i = 0; i < HOST_KEYS_COUNT; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, host_key_names[i]);
		if (ssh_bind_options_set(bind, SSH_BIND_OPTIONS_HOSTKEY, path) < 0)
			return err_set(err, ERR_FAILED, "host key %s: %s", path,
				ssh_get_error(bind));
	}
	return 0;
}

static int set_options(ssh_bind bind, struct err *err)
{
	const bool machine_wide = false;
	const int rsa_bits = USER_RSA_BITS_MIN;
	int rc = ssh_bind_options_set(
		bind, SSH_BIND_OPTIONS_PROCESS_CONFIG, &machine_wide);

	if (rc >= 0)
		rc = ssh_bind_options_set(bind, SSH_BIND_OPTIONS_BANNER, SERVER_NAME);
	if (rc >= 0)
		rc = ssh_bind_options_set(bind, SSH_BIND_OPTIONS_RSA_MIN_SIZE, &rsa_bits);
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]) && rc >= 0; i++)
		rc = ssh_bind_options_set(
			bind, algorithms[i].option, algorithms[i].names);
	return rc < 0 ? err_set(err, ERR_FAILED, "libssh: %s", ssh_get_error(bind)) : 0;
}

static int set_number(int sock, int level, int name, int value)
{
	return setsockopt(sock, level, name, &value, sizeof(value));
}

static int prepare_socket(int sock, struct err *err)
{
	if (io_set_nonblocking(sock, true) < 0 || io_set_cloexec(sock, true) < 0)
		return err_errno(err, "the client's socket");
	(void)set_number(sock, IPPROTO_TCP, TCP_NODELAY, 1);
	(void)set_number(sock, SOL_SOCKET, SO_KEEPALIVE, 1);
	(void)set_number(sock, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	(void)set_number(sock, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	(void)set_number(sock, IPPROTO_TCP, TCP_USER_TIMEOUT, PEER_TIMEOUT_MS);
	return 0;
}

/* Compressed input could make much of little, before anybody has logged in. */
static int accept_session(ssh_session session, ssh_bind bind, int sock, struct err *err)
{
	if (ssh_options_set(session, SSH_OPTIONS_COMPRESSION_C_S, "none") < 0 ||
		ssh_options_set(session, SSH_OPTIONS_COMPRESSION_S_C, "none") < 0)
		return err_set(err, ERR_FAILED, "libssh: %s", ssh_get_error(session));
	if (ssh_bind_accept_fd(bind, session, sock) != SSH_OK)
		return err_set(err, ERR_FAILED, "libssh: %s", ssh_get_error(bind));
	return 0;
}

int handshake_start(ssh_session *out, int sock, const char *keys,
	ssh_server_callbacks callbacks, struct err *err)
{
	ssh_bind bind = ssh_bind_new();
	ssh_session session = ssh_new();
	int rc = 0;

	if (!bind || !session)
		rc = err_set(err, ERR_FAILED, "libssh: out of memory");
	if (!rc)
		rc = prepare_socket(sock, err);
	if (!rc)
		rc = set_options(bind, err);
	if (!rc)
		rc = set_host_keys(bind, keys, err);
	if (!rc)
		rc = accept_session(session, bind, sock, err);
	if (rc)
		goto out;
	ssh_set_auth_methods(session, SSH_AUTH_METHOD_PUBLICKEY);
	ssh_set_server_callbacks(session, callbacks);
	ssh_set_blocking(session, 0);
	if (ssh_handle_key_exchange(session) == SSH_ERROR)
		rc = err_set(err, ERR_FAILED, "%s", ssh_get_error(session));
	if (!rc) {
		*out = session;
		session = NULL;
	}
out:
	ssh_free(session);
	ssh_bind_free(bind);
	return rc;
}
