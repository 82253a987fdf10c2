#include "receiver/bardod/server.h"

#include "config/base/err.h"
#include "config/base/log.h"
#include "config/lock.h"
#include "receiver/bardod/conf.h"
#include "receiver/bardod/hostkeys.h"
#include "receiver/bardod/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* How long the first reconcile may keep people waiting. */
#define FIRST_RECONCILE_MS 30000

/* Descriptors beside the connections': the loop's, the doors', what starting one takes.
 */
#define SPARE_FDS 128

static void on_signal(void *data)
{
	struct server *s = data;
	struct signalfd_siginfo info;

	if (read(s->signals.fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		children_reap(&s->children);
	} else if (info.ssi_signo == SIGHUP) {
		log_info("SIGHUP: there is nothing to reload; restart bardod for new "
			 "settings, commands that run go on");
	} else {
		log_info("%s: going; what runs goes on without me",
			info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
		loop_stop(&s->loop);
	}
}

static int watch_signals(struct server *s, struct err *err)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	s->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signals.fd < 0)
		return err_errno(err, "signalfd");
	return loop_watch(&s->loop, &s->signals, err);
}

static void say_who_we_are(const struct programs *p)
{
	if (p->as_root)
		log_info("bardo runs as user %s, connections as user %s", p->server.name,
			p->net.name);
	else
		log_info("started by an ordinary user: everything runs as user %s, and "
			 "nothing separates connections from the Engine",
			p->server.name);
}

/* An ordinary user may have a low limit, and one connection takes one descriptor. */
static void raise_fd_limit(const struct settings *s)
{
	rlim_t wanted = (rlim_t)s->ssh_max_connections + SPARE_FDS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < wanted)
		log_warn(
			"ssh.max-connections = %lld, but this process may open only %lld "
			"files: raise its limit (ulimit -n, LimitNOFILE=)",
			(long long)s->ssh_max_connections, (long long)limit.rlim_cur);
}

static int make_lock(void *data, struct err *err)
{
	int fd = lock_open(data, err);

	if (fd >= 0)
		(void)close(fd);
	return fd < 0 ? fd : 0;
}

/* The file is made by its folder's owner, so that the next bardod can lock it whoever it
 * is; root only opens what is there. */
static int lock_data(struct server *s, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc;

	(void)snprintf(
		path, sizeof(path), "%s/locks/bardod.lock", s->settings.server_data);
	rc = privilege_run_as(programs_server_user(&s->programs), make_lock, path, err);
	if (rc)
		return rc;
	s->lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (s->lock < 0)
		return err_errno(err, "%s", path);
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return err_errno(err, "%s", path);
	return err_set(err, ERR_BUSY,
		"another bardod serves %s already: stop it first (`fuser -v %s` names "
		"it), or set another server.data",
		s->settings.server_data, path);
}

static int prepare(struct server *s, struct err *err)
{
	struct programs *p = &s->programs;
	int rc = programs_init(p, err);

	if (!rc)
		rc = reach_programs(p, err);
	if (!rc)
		rc = conf_load(&s->settings, p, err);
	if (rc)
		return rc;
	say_who_we_are(p);
	programs_set_home(p, s->settings.server_data);
	raise_fd_limit(&s->settings);
	rc = privilege_prepare(&s->settings, programs_server_user(p), err);
	if (!rc)
		rc = lock_data(s, err);
	if (!rc)
		rc = hostkeys_prepare(&s->settings, p, err);
	return rc ? rc : reach_data(p, &s->settings, err);
}

static void serve(void *data);

/* Commands know the port that was free, where ssh.listen asks for any. */
static int tell_port(struct server *s, struct err *err)
{
	const char *wanted = strrchr(s->settings.ssh_listen, ':');
	char address[ADDRESS_TEXT_MAX];
	int rc;

	if (!wanted || strcmp(wanted, ":0") != 0)
		return 0;
	connections_address(&s->connections, address);
	rc = conf_add("ssh.listen", address, err);
	if (!rc)
		programs_set_home(&s->programs, s->settings.server_data);
	return rc;
}

int server_init(struct server *s, struct err *err)
{
	int rc;

	*s = (struct server){
		.lock = -1,
		.loop.epoll = -1,
		.connections.listener.fd = -1,
		.hostdoor.listener.fd = -1,
		.signals = {.fd = -1, .ready = on_signal, .data = s},
		.patience = {.due = serve, .data = s},
	};
	jobs_init(&s->jobs, s);
	daily_init(&s->daily, s);
	strangers_init(&s->strangers, s);
	proxy_init(&s->proxy, s);
	front_init(&s->front, s);
	rc = prepare(s, err);
	if (!rc)
		rc = loop_init(&s->loop, err);
	if (!rc)
		rc = watch_signals(s, err);
	if (!rc)
		rc = connections_init(&s->connections, s, err);
	if (!rc)
		rc = tell_port(s, err);
	if (!rc)
		rc = hostdoor_init(&s->hostdoor, s, err);
	return rc;
}

/* Begins to take connections, once. */
static void serve(void *data)
{
	struct server *s = data;
	char address[ADDRESS_TEXT_MAX];
	struct err e = {0};

	if (s->serving)
		return;
	s->serving = true;
	if (s->jobs.reconcile.pid)
		log_warn("the first reconcile takes longer than %d s: serving before its "
			 "end",
			FIRST_RECONCILE_MS / 1000);
	if (connections_serve(&s->connections, &e)) {
		log_warn("%s", e.msg);
		loop_stop(&s->loop);
		return;
	}
	connections_address(&s->connections, address);
	log_info("serving %s at ssh=%s", s->settings.server_data, address);
	(void)printf("ready ssh=%s\n", address);
	(void)fflush(stdout);
	daily_begin(&s->daily);
}

void server_reconciled(struct server *s)
{
	proxy_adopt(&s->proxy);
	loop_clear_timer(&s->loop, &s->patience);
	serve(s);
}

int server_run(struct server *s, struct err *err)
{
	loop_set_timer(&s->loop, &s->patience, FIRST_RECONCILE_MS);
	jobs_reconcile(&s->jobs);
	return loop_run(&s->loop, err);
}

void server_finish(struct server *s)
{
	hostdoor_finish(&s->hostdoor);
	connections_finish(&s->connections);
	jobs_finish(&s->jobs);
	proxy_finish(&s->proxy);
	if (s->signals.fd >= 0)
		(void)close(s->signals.fd);
	loop_finish(&s->loop);
	if (s->lock >= 0)
		(void)close(s->lock);
}
