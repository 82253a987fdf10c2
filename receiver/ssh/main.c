/*
 * bardo-ssh: one SSH connection. bardod starts it for each client with the connection on
 * descriptor 3 and the door on descriptor 4; `bardo-ssh --make-host-keys FOLDER` makes
 * the server's keys. Exit status 3 tells bardod that the client tried to log in and did
 * not.
 */

#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "receiver/ssh/confine.h"
#include "receiver/ssh/host_keys.h"
#include "receiver/ssh/options.h"
#include "receiver/ssh/session.h"

#include <signal.h>

enum { CLIENT_FD = 3, DOOR_FD = 4 };

int main(int argc, char **argv)
{
	struct options options;
	struct err err;
	int rc;

	log_name("bardo-ssh");
	rc = options_parse(&options, argc, (const char *const *)argv, &err);
	if (!rc && options.make_host_keys) {
		rc = host_keys_make(options.make_host_keys, &err);
	} else if (!rc) {
		confine_process();
		(void)signal(SIGPIPE, SIG_IGN);
		(void)io_set_cloexec(DOOR_FD, true);
		rc = session_serve(&options, CLIENT_FD, DOOR_FD, &err);
	}
	if (rc && rc != ERR_DENIED)
		log_warn("%s", err.msg);
	return err_exit_status(rc);
}
