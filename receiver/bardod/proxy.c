#include "receiver/bardod/proxy.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/base/number.h"
#include "receiver/bardod/server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define CONFIG_FILE "proxy/haproxy.cfg"
#define BACKENDS_FOLDER "proxy/backends"
#define PID_FILE "proxy/haproxy.pid"

#define PID_TEXT_MAX 16
#define ARGUMENTS_MAX 4096

static void on_started(void *data, int status);
static void on_death(void *data);

static void on_again(void *data)
{
	struct proxy *p = data;

	jobs_reconcile(&p->server->jobs);
}

void proxy_init(struct proxy *p, struct server *server)
{
	*p = (struct proxy){
		.server = server,
		.starter = {.ended = on_started, .data = p},
		.alive = {.fd = -1, .ready = on_death, .data = p},
		.again = {.due = on_again, .data = p},
	};
}

void proxy_finish(struct proxy *p)
{
	if (p->alive.fd >= 0)
		(void)close(p->alive.fd);
	p->alive.fd = -1;
}

/* What a small file begins with, and how much that is; 0 if it can't be read. It may lie
 * in a folder of another user's: no link is followed, and no pipe waited for. */
static size_t read_start(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		(void)close(fd);
	out[n < 0 ? 0 : n] = '\0';
	return n < 0 ? 0 : (size_t)n;
}

/* The pid file may be older than the machine's last start, and its number another's: ours
 * has our configuration among its arguments. */
static bool is_ours(const struct proxy *p, pid_t pid)
{
	char path[32], config[PATH_TEXT_MAX], arguments[ARGUMENTS_MAX];
	size_t len;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	len = read_start(path, arguments, sizeof(arguments));
	(void)path_run(&p->server->settings, CONFIG_FILE, config);
	return memmem(arguments, len, config, strlen(config) + 1);
}

static void watch(struct proxy *p, pid_t pid)
{
	struct err e = {0};
	int fd = pidfd_open(pid, 0);

	if (fd < 0) {
		/* ESRCH: it is gone, which is for whoever misses it to say. */
		if (errno != ESRCH)
			log_warn("haproxy %d can't be watched: %s", (int)pid,
				strerror(errno));
		return;
	}
	p->alive.fd = fd;
	/* Only now can the number not become another process's. */
	if (!is_ours(p, pid) || loop_watch(&p->server->loop, &p->alive, &e)) {
		proxy_finish(p);
		return;
	}
	p->pid = pid;
	p->since_ms = clock_monotonic_ms();
	log_info("haproxy runs as process %d", (int)pid);
}

void proxy_adopt(struct proxy *p)
{
	char path[PATH_TEXT_MAX], text[PID_TEXT_MAX];
	int64_t pid;

	if (p->alive.fd >= 0 || p->starter.pid)
		return;
	(void)path_run(&p->server->settings, PID_FILE, path);
	(void)read_start(path, text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	if (number_parse(text, 2, INT32_MAX, &pid) == 0)
		watch(p, (pid_t)pid);
}

static void on_death(void *data)
{
	struct proxy *p = data;
	int64_t lived = clock_monotonic_ms() - p->since_ms;

	loop_unwatch(&p->server->loop, &p->alive);
	proxy_finish(p);
	if (lived >= PROXY_STEADY_MS)
		p->delay_ms = 0;
	log_warn("haproxy, process %d, is dead: reconciling in %lld s", (int)p->pid,
		(long long)(p->delay_ms / 1000));
	loop_set_timer(&p->server->loop, &p->again, p->delay_ms);
	p->delay_ms = p->delay_ms ? p->delay_ms * 2 : PROXY_DELAY_MIN_MS;
	if (p->delay_ms > PROXY_DELAY_MAX_MS)
		p->delay_ms = PROXY_DELAY_MAX_MS;
}

static void on_started(void *data, int status)
{
	struct proxy *p = data;
	char text[CHILD_TEXT_MAX];

	p->starter.pid = 0;
	if (status)
		log_warn("haproxy did not start, it ended %s; what it said stands above",
			child_describe(status, text));
	else
		proxy_adopt(p);
}

void proxy_start(struct proxy *p)
{
	const struct settings *s = &p->server->settings;
	char config[PATH_TEXT_MAX], backends[PATH_TEXT_MAX];
	struct err e = {0};
	pid_t pid;

	/* Two of them would share the ports (SO_REUSEPORT), each with half the traffic.
	 */
	proxy_adopt(p);
	if (p->alive.fd >= 0 || p->starter.pid)
		return;
	pid = programs_start_haproxy(path_run(s, CONFIG_FILE, config),
		path_run(s, BACKENDS_FOLDER, backends), &e);
	if (pid < 0) {
		log_warn("haproxy: %s", e.msg);
		return;
	}
	p->starter.pid = pid;
	children_add(&p->server->children, &p->starter);
}
