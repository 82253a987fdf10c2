#include "receiver/bardod/doorkeeper.h"

#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/base/message.h"
#include "config/door.h"
#include "receiver/bardod/request.h"
#include "receiver/bardod/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A command that was asked for; it may outlive its connection. */
struct run {
	struct child child; /* its pid is also its process group */
	uint32_t id;
	struct server *server;
	struct connection *connection; /* NULL once nobody listens */
	struct run *next;	       /* of the connection */
};

static struct run *find_run(const struct connection *c, uint32_t id)
{
	struct run *r = c->runs;

	while (r && r->id != id)
		r = r->next;
	return r;
}

static void detach(struct run *r)
{
	struct run **at = &r->connection->runs;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	r->connection->runs_len--;
	r->connection = NULL;
}

static void on_run_end(void *data, int status)
{
	struct run *r = data;
	char text[CHILD_TEXT_MAX];

	if (child_is_abnormal(status)) {
		log_warn("a command, process %d, ended %s", (int)r->child.pid,
			child_describe(status, text));
		jobs_reconcile(&r->server->jobs);
	}
	if (r->connection)
		detach(r);
	r->server->connections.runs_len--;
	free(r);
}

/* Whoever asked gets to know why nothing runs. These descriptors are ours alone by now:
 * should they be full, so that nobody could read them, we don't wait. */
static void refuse_run(const struct message *m, const struct err *why)
{
	char line[ERR_MSG_MAX + 16];
	char status[16];

	(void)snprintf(line, sizeof(line), "bardo: %s\n", why->msg);
	(void)snprintf(status, sizeof(status), "%d\n", err_exit_status(why->code));
	if (io_set_nonblocking(m->fds[DOOR_STDERR], true) == 0)
		(void)io_write_all(m->fds[DOOR_STDERR], line, strlen(line));
	if (io_set_nonblocking(m->fds[DOOR_STATUS], true) == 0)
		(void)io_write_all(m->fds[DOOR_STATUS], status, strlen(status));
}

static int check_room(const struct connection *c, struct err *err)
{
	if (c->runs_len >= DOOR_RUNS_PER_CONNECTION)
		return err_set(err, ERR_BUSY,
			"%d commands run on this connection already: wait for one, or "
			"open another connection",
			DOOR_RUNS_PER_CONNECTION);
	if (c->server->connections.runs_len >= DOOR_RUNS_MAX)
		return err_set(err, ERR_BUSY,
			"%d commands run on this server already: try again later",
			DOOR_RUNS_MAX);
	return 0;
}

/* The request as bardo gets it: who logged in, and what they want. */
static pid_t start_run(struct connection *c, const struct door_request *asked,
	const struct message *m, struct err *err)
{
	struct door_request login = {.kind = DOOR_LOGIN, .fingerprint = c->fingerprint};
	struct door_request run = *asked;
	struct request q;
	int rc;

	/* Where a client comes from is what accept(2) said, whatever bardo-ssh says. */
	run.peer = c->peer;
	run.local = c->local;
	run.id = c->runs_begun;
	rc = request_init(&q, err);
	if (!rc)
		rc = request_add(&q, &login, NULL, 0, err);
	if (!rc)
		rc = request_add(&q, &run, m->fds, m->fds_len, err);
	if (!rc)
		rc = programs_start_bardo(&c->server->programs, q.child, err);
	request_finish(&q);
	return rc;
}

static int handle_run(struct connection *c, const struct door_request *asked,
	const struct message *m, struct err *err)
{
	struct err why = {0};
	struct run *r;
	int rc;

	if (!c->fingerprint[0])
		return err_set(err, ERR_DENIED, "a run before the login");
	if (find_run(c, asked->id))
		return err_set(err, ERR_USAGE, "run %u twice", (unsigned)asked->id);
	r = calloc(1, sizeof(*r));
	rc = r ? check_room(c, &why) : err_set(&why, ERR_FAILED, "out of memory");
	if (!rc)
		rc = start_run(c, asked, m, &why);
	if (rc < 0) {
		log_warn("a command of %s: %s", c->peer, why.msg);
		refuse_run(m, &why);
		free(r);
		return 0;
	}
	*r = (struct run){
		.child = {.pid = rc, .ended = on_run_end, .data = r},
		.id = asked->id,
		.server = c->server,
		.connection = c,
		.next = c->runs,
	};
	c->runs = r;
	c->runs_len++;
	c->runs_begun++;
	c->server->connections.runs_len++;
	children_add(&c->server->children, &r->child);
	return 0;
}

static int handle_login(struct connection *c, const struct door_request *asked,
	const struct message *m, struct err *err)
{
	(void)m;
	if (c->fingerprint[0])
		return err_set(err, ERR_DENIED, "a second login");
	if (!asked->fingerprint[0] || strlen(asked->fingerprint) >= FINGERPRINT_SIZE)
		return err_set(err, ERR_USAGE, "a fingerprint of %zu characters",
			strlen(asked->fingerprint));
	(void)snprintf(c->fingerprint, sizeof(c->fingerprint), "%s", asked->fingerprint);
	return 0;
}

/* RFC 4254, 6.9, without those that dump core: what a command has in memory is not for
 * the disk. */
static int handle_signal(struct connection *c, const struct door_request *asked,
	const struct message *m, struct err *err)
{
	static const struct {
		const char *name;
		int number;
	} allowed[] = {
		{"HUP", SIGHUP},
		{"INT", SIGINT},
		{"KILL", SIGKILL},
		{"TERM", SIGTERM},
		{"USR1", SIGUSR1},
		{"USR2", SIGUSR2},
	};
	const struct run *r = find_run(c, asked->id);

	(void)m;
	(void)err;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && r; i++) {
		if (!strcmp(allowed[i].name, asked->signal))
			(void)kill(-r->child.pid, allowed[i].number);
	}
	return 0;
}

static int handle_hangup(struct connection *c, const struct door_request *asked,
	const struct message *m, struct err *err)
{
	const struct run *r = find_run(c, asked->id);

	(void)m;
	(void)err;
	/* It may have ended while the message was on its way. */
	if (r)
		(void)kill(-r->child.pid, SIGHUP);
	return 0;
}

/* A failure here is a breach of the door's rules, and ends the connection. */
static int handle(struct connection *c, const struct message *m, struct err *err)
{
	static int (*const handlers[])(struct connection *, const struct door_request *,
		const struct message *, struct err *) = {
		[DOOR_LOGIN] = handle_login,
		[DOOR_RUN] = handle_run,
		[DOOR_SIGNAL] = handle_signal,
		[DOOR_HANGUP] = handle_hangup,
		[DOOR_JOB] = NULL,
		[DOOR_PROXY] = NULL,
		[DOOR_FRONT] = NULL,
	};
	struct door_request r;
	int rc = door_decode(&r, m, err);

	if (rc)
		return rc;
	if (!handlers[r.kind])
		return err_set(err, ERR_DENIED, "a request for the host's own door");
	return handlers[r.kind](c, &r, m, err);
}

void doorkeeper_answer(void *connection)
{
	struct connection *c = connection;
	struct message m;
	struct err e = {0};
	int rc;

	message_init(&m);
	rc = message_receive(c->door.fd, &m, &e);
	if (rc == ERR_NOTFOUND) {
		doorkeeper_close(c);
	} else if (rc != ERR_BUSY) {
		if (!rc)
			rc = handle(c, &m, &e);
		if (rc) {
			/* It is not the program that we started any more. */
			log_warn("bardo-ssh for %s broke the rules of the door: %s",
				c->peer, e.msg);
			(void)kill(c->ssh.pid, SIGKILL);
			doorkeeper_close(c);
		}
	}
	message_finish(&m);
}

static void close_door(struct connection *c)
{
	if (c->door.fd < 0)
		return;
	loop_unwatch(&c->server->loop, &c->door);
	(void)close(c->door.fd);
	c->door.fd = -1;
}

void doorkeeper_close(struct connection *c)
{
	close_door(c);
	while (c->runs) {
		(void)kill(-c->runs->child.pid, SIGHUP);
		detach(c->runs);
	}
}

void doorkeeper_abandon(struct connection *c)
{
	close_door(c);
	while (c->runs)
		detach(c->runs);
}
