#include "receiver/bardod/hostdoor.h"

#include "config/base/err.h"
#include "config/base/log.h"
#include "config/base/message.h"
#include "config/door.h"
#include "receiver/bardod/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct asker {
	struct hostdoor *door;
	struct watch watch;
	struct asker *prev, *next; /* older and newer */
};

/* What a child that is the socket's owner does, root not meddling in its folder. */
struct place {
	int fd;
	struct sockaddr_un address;
};

static int remove_socket(void *data, struct err *err)
{
	const struct place *p = data;

	if (unlink(p->address.sun_path) < 0 && errno != ENOENT)
		return err_errno(err, "%s", p->address.sun_path);
	return 0;
}

static int bind_socket(void *data, struct err *err)
{
	const struct place *p = data;
	int rc = remove_socket(data, err);
	mode_t old = umask(0177);

	if (!rc && bind(p->fd, (const struct sockaddr *)&p->address, sizeof(p->address)))
		rc = err_errno(err, "%s", p->address.sun_path);
	(void)umask(old);
	return rc;
}

static int find_place(struct place *p, const struct settings *s, struct err *err)
{
	char path[PATH_TEXT_MAX];

	*p = (struct place){.fd = -1, .address.sun_family = AF_UNIX};
	(void)path_door(s, path);
	if (strlen(path) >= sizeof(p->address.sun_path))
		return err_set(err, ERR_USAGE,
			"server.data = %s: too long for a socket in it: use at most %zu "
			"bytes",
			s->server_data,
			sizeof(p->address.sun_path) - sizeof("/run/door"));
	memcpy(p->address.sun_path, path, strlen(path));
	return 0;
}

static void on_listener(void *data);

int hostdoor_init(struct hostdoor *d, struct server *server, struct err *err)
{
	struct place place;
	int rc;

	*d = (struct hostdoor){
		.server = server,
		.listener = {.fd = -1, .ready = on_listener, .data = d},
	};
	rc = find_place(&place, &server->settings, err);
	if (rc)
		return rc;
	place.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (place.fd < 0)
		return err_errno(err, "socket");
	d->listener.fd = place.fd;
	rc = privilege_run_as(
		programs_server_user(&server->programs), bind_socket, &place, err);
	if (!rc && listen(place.fd, HOSTDOOR_ASKERS_MAX) < 0)
		rc = err_errno(err, "%s", place.address.sun_path);
	return rc ? rc : loop_watch(&server->loop, &d->listener, err);
}

static void dismiss(struct asker *a)
{
	struct hostdoor *d = a->door;

	loop_unwatch(&d->server->loop, &a->watch);
	(void)close(a->watch.fd);
	if (a->prev)
		a->prev->next = a->next;
	else
		d->oldest = a->next;
	if (a->next)
		a->next->prev = a->prev;
	else
		d->newest = a->prev;
	d->len--;
	free(a);
}

void hostdoor_finish(struct hostdoor *d)
{
	struct place place;
	struct err e = {0};

	while (d->oldest)
		dismiss(d->oldest);
	if (d->listener.fd < 0)
		return;
	(void)close(d->listener.fd);
	d->listener.fd = -1;
	if (find_place(&place, &d->server->settings, &e) ||
		privilege_run_as(programs_server_user(&d->server->programs),
			remove_socket, &place, &e))
		log_warn("%s", e.msg);
}

static void serve(struct server *s, struct message *m)
{
	struct door_request r;
	struct err e = {0};

	if (door_decode(&r, m, &e))
		log_warn("the host's door: %s", e.msg);
	else if (r.kind == DOOR_JOB)
		jobs_start(&s->jobs, r.command);
	else if (r.kind == DOOR_PROXY)
		proxy_start(&s->proxy);
	else if (r.kind == DOOR_FRONT)
		front_run(&s->front, r.action, m->fds);
	else
		log_warn("the host's door: a request for a connection's door");
}

static void on_asker(void *data)
{
	struct asker *a = data;
	struct message m;
	struct err e = {0};
	int rc;

	message_init(&m);
	rc = message_receive(a->watch.fd, &m, &e);
	if (!rc)
		serve(a->door->server, &m);
	else if (rc != ERR_BUSY)
		dismiss(a);
	message_finish(&m);
}

static bool may_ask(const struct hostdoor *d, int fd, uid_t *uid)
{
	const struct privilege_user *server = programs_server_user(&d->server->programs);
	struct ucred peer;
	socklen_t len = sizeof(peer);

	*uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	*uid = peer.uid;
	return peer.uid == 0 || peer.uid == geteuid() ||
		(server && peer.uid == server->uid);
}

static int admit(struct hostdoor *d, int fd, struct err *err)
{
	struct asker *a;
	uid_t uid;

	if (!may_ask(d, fd, &uid))
		return err_set(err, ERR_DENIED, "user %lld may not ask", (long long)uid);
	if (d->len == HOSTDOOR_ASKERS_MAX)
		dismiss(d->oldest);
	a = calloc(1, sizeof(*a));
	if (!a)
		return err_set(err, ERR_FAILED, "out of memory");
	*a = (struct asker){
		.door = d,
		.watch = {.fd = fd, .ready = on_asker, .data = a},
		.prev = d->newest,
	};
	if (loop_watch(&d->server->loop, &a->watch, err)) {
		free(a);
		return ERR_FAILED;
	}
	if (d->newest)
		d->newest->next = a;
	else
		d->oldest = a;
	d->newest = a;
	d->len++;
	return 0;
}

static void on_listener(void *data)
{
	struct hostdoor *d = data;
	struct err e = {0};
	int fd = accept4(d->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (admit(d, fd, &e)) {
		log_warn("the host's door: %s", e.msg);
		(void)close(fd);
	}
}
