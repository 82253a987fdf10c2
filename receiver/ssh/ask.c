#include "receiver/ssh/ask.h"

#include "config/base/err.h"
#include "config/base/message.h"
#include "config/door.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define ASK_TIMEOUT_S 10

void ask_init(struct asker *a, int sock, const char *fingerprint, const char *peer,
	const char *local)
{
	const struct timeval timeout = {.tv_sec = ASK_TIMEOUT_S};

	*a = (struct asker){
		.sock = sock,
		.fingerprint = fingerprint,
		.peer = peer,
		.local = local,
	};
	(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

void ask_finish(struct asker *a)
{
	if (a->sock >= 0)
		(void)close(a->sock);
	a->sock = -1;
}

static int send_request(struct asker *a, const struct door_request *r, const int *fds,
	size_t fds_len, struct err *err)
{
	struct message m;
	int rc;

	if (a->sock < 0)
		return err_set(err, ERR_AWAY, "bardod has gone");
	message_init(&m);
	rc = door_encode(&m, r, err);
	if (!rc && message_send(a->sock, &m, fds, fds_len, err) < 0) {
		ask_finish(a);
		rc = ERR_AWAY;
	}
	message_finish(&m);
	return rc;
}

static int introduce(struct asker *a, struct err *err)
{
	struct door_request r = {.kind = DOOR_LOGIN, .fingerprint = a->fingerprint};
	int rc = a->introduced ? 0 : send_request(a, &r, NULL, 0, err);

	if (!rc)
		a->introduced = true;
	return rc;
}

int ask_run(struct asker *a, const struct ask_run *run, struct err *err)
{
	struct door_request r = {
		.kind = DOOR_RUN,
		.id = run->id,
		.peer = a->peer,
		.local = a->local,
		.tty = run->tty,
		.command = run->command,
		.env_len = run->env_len,
	};
	int rc = introduce(a, err);

	if (run->env_len > DOOR_ENV_MAX)
		return err_set(err, ERR_USAGE, "more than %d environment variables",
			DOOR_ENV_MAX);
	for (size_t i = 0; i < run->env_len; i++)
		r.env[i] = run->env[i];
	return rc ? rc : send_request(a, &r, run->fds, DOOR_FDS, err);
}

void ask_signal(struct asker *a, uint32_t id, const char *name)
{
	struct door_request r = {.kind = DOOR_SIGNAL, .id = id, .signal = name};

	(void)send_request(a, &r, NULL, 0, NULL);
}

int ask_hangup(struct asker *a, uint32_t id)
{
	struct door_request r = {.kind = DOOR_HANGUP, .id = id};

	return send_request(a, &r, NULL, 0, NULL);
}
