#ifndef BARDO_SSH_HANDSHAKE_H
#define BARDO_SSH_HANDSHAKE_H

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

struct err;

/* Makes the server's side of a session on the client's socket: host keys from the folder,
 * modern algorithms only, nothing blocking. The socket belongs to the session then. The
 * caller's callbacks are set before the first byte is read: a client may send requests
 * together with the end of the key exchange. */
int handshake_start(ssh_session *out, int sock, const char *keys,
	ssh_server_callbacks callbacks, struct err *err);

#endif
