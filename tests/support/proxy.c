#include "tests/support/proxy.h"

#include "config/base/buf.h"
#include "config/base/io.h"
#include "config/base/number.h"
#include "config/base/spawn.h"
#include "config/paths.h"
#include "tests/support/http.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* cmocka.h wants some of the above. */
#include <cmocka.h>

#define HAPROXY "/usr/sbin/haproxy"

void assert_done(const struct proxy *p, int rc)
{
	if (rc)
		fail_msg("%d: %s", rc, p->err.msg);
}

int port_of(const struct proxy *p, int i)
{
	return (int)p->s.proxy_port_first + i;
}

void assert_page(int port, const char *text)
{
	char answer[HTTP_ANSWER_MAX];

	assert_int_equal(http_get(port, "/", answer), 200);
	assert_string_equal(strstr(answer, "\r\n\r\n") + 4, text);
}

void start_proxy(struct proxy *p)
{
	char config[PATH_TEXT_MAX], backends[PATH_TEXT_MAX];
	const char *const argv[] = {"haproxy", "-D", "-f", config, "-f", backends, NULL};
	char *const env[] = {NULL};
	const struct spawn_fd fds[] = {{2, 2}};
	struct spawn sp = {.path = HAPROXY,
		.argv = (char *const *)argv,
		.env = env,
		.fds = fds,
		.fds_len = 1};
	pid_t pid;

	(void)path_run(&p->s, "proxy/haproxy.cfg", config);
	(void)path_run(&p->s, "proxy/backends", backends);
	pid = spawn_start(&sp, &p->err);
	assert_true(pid > 0);
	assert_int_equal(spawn_wait(pid), 0);
	assert_done(p, haproxy_ping(&p->s, &p->err));
}

void stop_proxy(struct proxy *p)
{
	char path[PATH_TEXT_MAX];
	struct pollfd gone = {.events = POLLIN};
	struct buf b;
	int64_t pid;

	buf_init(&b, 64);
	if (haproxy_ping(&p->s, NULL) == 0 &&
		!io_read_file(path_run(&p->s, "proxy/haproxy.pid", path), &b, NULL)) {
		b.data[strcspn(b.data, "\n")] = '\0';
		assert_int_equal(number_parse(b.data, 2, INT32_MAX, &pid), 0);
		gone.fd = pidfd_open((pid_t)pid, 0);
		assert_int_equal(kill((pid_t)pid, SIGTERM), 0);
		assert_int_equal(poll(&gone, 1, 10000), 1);
		(void)close(gone.fd);
	}
	buf_finish(&b);
}

static bool is_free(int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	(void)close(fd);
	return is;
}

/* Below the range that outgoing connections take. */
static void find_ports(struct settings *s)
{
	int first = 24000 + (int)(getpid() % 1000) * PORTS, n = 0;

	while (n < PORTS && first < 32000) {
		if (is_free(first + n)) {
			n++;
		} else {
			first += n + 1;
			n = 0;
		}
	}
	assert_int_equal(n, PORTS);
	s->proxy_port_first = first;
	s->proxy_port_last = first + PORTS - 1;
}

/* A folder with settings for it, and no proxy yet. */
int make_proxy(void **state)
{
	struct proxy *p = calloc(1, sizeof(*p));
	char path[PATH_TEXT_MAX];

	assert_non_null(p);
	(void)snprintf(p->folder, sizeof(p->folder), "/tmp/haproxy_test.XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	(void)snprintf(p->s.server_data, sizeof(p->s.server_data), "%s", p->folder);
	(void)snprintf(p->s.proxy_bind, sizeof(p->s.proxy_bind), "127.0.0.1");
	(void)snprintf(p->s.proxy_http, sizeof(p->s.proxy_http), SETTING_OFF);
	(void)snprintf(p->s.proxy_https, sizeof(p->s.proxy_https), SETTING_OFF);
	p->s.proxy_apps = 8;
	p->s.proxy_timeout = 60000;
	find_ports(&p->s);
	assert_done(p, io_make_dir(path_run(&p->s, "", path), 0711, &p->err));
	*state = p;
	return 0;
}

/* One that runs. Port i leads to slot i, but for the last, which leads nowhere. */
int make_running(void **state)
{
	struct haproxy_port ports[PORTS - 1];
	struct proxy *p;

	(void)make_proxy(state);
	p = *state;
	if (access(HAPROXY, X_OK) < 0)
		return 0;
	for (int i = 0; i < PORTS - 1; i++)
		ports[i] = (struct haproxy_port){port_of(p, i), i};
	assert_done(p, haproxy_write_config(&p->s, &p->err));
	assert_done(p, haproxy_map_ports(&p->s, ports, PORTS - 1, &p->err));
	start_proxy(p);
	return 0;
}

int destroy(void **state)
{
	struct proxy *p = *state;

	stop_proxy(p);
	assert_done(p, io_remove_tree(p->folder, &p->err));
	free(p);
	return 0;
}

void need_haproxy(void)
{
	if (access(HAPROXY, X_OK) < 0) {
		print_message("there is no " HAPROXY "\n");
		skip();
	}
}

struct haproxy_server server(const char *name, const struct web *w)
{
	struct haproxy_server s;

	(void)snprintf(s.name, sizeof(s.name), "%s", name);
	(void)snprintf(s.address, sizeof(s.address), "127.0.0.1:%d", web_port(w));
	return s;
}

struct web *web(const char *text)
{
	struct web *w = web_start("127.0.0.1", 0, text);

	assert_non_null(w);
	return w;
}

void assert_slot_file(struct proxy *p, int slot, const char *servers)
{
	char path[PATH_TEXT_MAX], name[64], first[64];
	const char *rest;
	struct buf b;

	(void)snprintf(name, sizeof(name), "proxy/backends/%03d.cfg", slot);
	(void)snprintf(
		first, sizeof(first), "backend slot%03d from app\n\tuse-server ", slot);
	buf_init(&b, 1024);
	assert_done(p, io_read_file(path_run(&p->s, name, path), &b, &p->err));
	assert_memory_equal(buf_text(&b), first, strlen(first));
	rest = strchr(buf_text(&b) + strlen(first), '\n');
	assert_non_null(rest);
	assert_string_equal(rest + 1, servers);
	buf_finish(&b);
}

struct lives start_lives(struct proxy *p)
{
	struct lives l = {.old_web = web("old"), .new_web = web("new")};

	l.old = server("web.1.1", l.old_web);
	l.new = server("web.2.1", l.new_web);
	assert_done(p, haproxy_route(&p->s, 0, &l.old, 1, &p->err));
	return l;
}

void stop_lives(struct lives *l)
{
	web_stop(l->old_web);
	web_stop(l->new_web);
}
