#include "config/door.h"

#include "config/base/err.h"
#include "config/base/message.h"
#include "config/base/number.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What each kind of message looks like: fields without the kind itself. */
static const struct kind {
	const char *name;
	size_t fields_min, fields_max;
	size_t fds;
	bool has_id;
} kinds[] = {
	[DOOR_LOGIN] = {"login", 1, 1, 0, false},
	[DOOR_RUN] = {"run", 5, 5 + DOOR_ENV_MAX, DOOR_FDS, true},
	[DOOR_SIGNAL] = {"signal", 2, 2, 0, true},
	[DOOR_HANGUP] = {"hangup", 1, 1, 0, true},
	[DOOR_JOB] = {"job", 1, 1, 0, false},
	[DOOR_PROXY] = {"proxy", 0, 0, 0, false},
	[DOOR_FRONT] = {"front", 1, 1, DOOR_FRONT_FDS, false},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static int add_run(struct message *m, const struct door_request *r, struct err *err)
{
	const char *fixed[] = {r->peer, r->local, r->tty ? "1" : "0", r->command};
	int rc = 0;

	for (size_t i = 0; i < 4 && !rc; i++)
		rc = message_add(m, fixed[i], err);
	if (!rc && r->env_len > DOOR_ENV_MAX)
		rc = err_set(err, ERR_USAGE, "more than %d environment variables",
			DOOR_ENV_MAX);
	for (size_t i = 0; i < r->env_len && !rc; i++)
		rc = message_add(m, r->env[i], err);
	return rc;
}

int door_encode(struct message *m, const struct door_request *r, struct err *err)
{
	char id[16];
	int rc = message_add(m, kinds[r->kind].name, err);

	(void)snprintf(id, sizeof(id), "%u", (unsigned)r->id);
	if (!rc && kinds[r->kind].has_id)
		rc = message_add(m, id, err);
	if (rc)
		return rc;
	switch (r->kind) {
	case DOOR_LOGIN:
		return message_add(m, r->fingerprint, err);
	case DOOR_RUN:
		return add_run(m, r, err);
	case DOOR_SIGNAL:
		return message_add(m, r->signal, err);
	case DOOR_JOB:
		return message_add(m, r->command, err);
	case DOOR_FRONT:
		return message_add(m, r->action, err);
	case DOOR_HANGUP:
	case DOOR_PROXY:
		return 0;
	}
	return err_set(err, ERR_USAGE, "an unknown kind of request");
}

static int decode_run(struct door_request *r, const struct message *m, struct err *err)
{
	r->peer = m->fields[2];
	r->local = m->fields[3];
	if (strcmp(m->fields[4], "0") && strcmp(m->fields[4], "1"))
		return err_set(err, ERR_USAGE,
			"a run that is neither with nor without terminal");
	r->tty = m->fields[4][0] == '1';
	r->command = m->fields[5];
	for (size_t i = 6; i < m->fields_len; i++) {
		if (!strchr(m->fields[i], '='))
			return err_set(
				err, ERR_USAGE, "an environment variable without '='");
		r->env[r->env_len++] = m->fields[i];
	}
	return 0;
}

static int decode_fields(struct door_request *r, const struct message *m, struct err *err)
{
	switch (r->kind) {
	case DOOR_LOGIN:
		r->fingerprint = m->fields[1];
		return 0;
	case DOOR_RUN:
		return decode_run(r, m, err);
	case DOOR_SIGNAL:
		r->signal = m->fields[2];
		return 0;
	case DOOR_JOB:
		r->command = m->fields[1];
		return 0;
	case DOOR_FRONT:
		r->action = m->fields[1];
		return 0;
	case DOOR_HANGUP:
	case DOOR_PROXY:
		return 0;
	}
	return err_set(err, ERR_USAGE, "an unknown kind of request");
}

int door_decode(struct door_request *r, const struct message *m, struct err *err)
{
	size_t kind = 0, given;
	int64_t id = 0;

	*r = (struct door_request){0};
	if (!m->fields_len)
		return err_set(err, ERR_USAGE, "an empty request");
	while (kind < KINDS && strcmp(m->fields[0], kinds[kind].name))
		kind++;
	if (kind == KINDS)
		return err_set(err, ERR_USAGE, "an unknown kind of request");
	given = m->fields_len - 1;
	if (given < kinds[kind].fields_min || given > kinds[kind].fields_max ||
		m->fds_len != kinds[kind].fds)
		return err_set(err, ERR_USAGE, "a %s with %zu fields and %zu descriptors",
			kinds[kind].name, given, m->fds_len);
	if (kinds[kind].has_id && number_parse(m->fields[1], 0, UINT32_MAX, &id) < 0)
		return err_set(
			err, ERR_USAGE, "a %s with a bad number", kinds[kind].name);
	r->kind = (enum door_kind)kind;
	r->id = (uint32_t)id;
	return decode_fields(r, m, err);
}

/* The server's own socket for requests from commands on this host. */
static int connect_server(const char *path, struct err *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock;

	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, ERR_FAILED, "%s: too long for a socket", path);
	memcpy(addr.sun_path, path, strlen(path));
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return err_errno(err, "socket");
	if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return sock;
	(void)close(sock);
	return err_set(
		err, ERR_AWAY, "bardod does not answer at %s: is it running?", path);
}

static int ask_server(const char *path, const struct door_request *r, const int *fds,
	size_t fds_len, struct err *err)
{
	struct message m;
	int sock = connect_server(path, err), rc;

	if (sock < 0)
		return sock;
	message_init(&m);
	rc = door_encode(&m, r, err);
	if (!rc)
		rc = message_send(sock, &m, fds, fds_len, err);
	message_finish(&m);
	(void)close(sock);
	return rc;
}

int door_ping(const char *door_path, struct err *err)
{
	int sock = connect_server(door_path, err);

	if (sock < 0)
		return sock;
	(void)close(sock);
	return 0;
}

int door_job(const char *door_path, const char *command, struct err *err)
{
	struct door_request r = {.kind = DOOR_JOB, .command = command};

	return ask_server(door_path, &r, NULL, 0, err);
}

int door_start_proxy(const char *door_path, struct err *err)
{
	struct door_request r = {.kind = DOOR_PROXY};

	return ask_server(door_path, &r, NULL, 0, err);
}

int door_front(const char *door_path, const char *action, const int *fds, struct err *err)
{
	struct door_request r = {.kind = DOOR_FRONT, .action = action};

	return ask_server(door_path, &r, fds, DOOR_FRONT_FDS, err);
}
