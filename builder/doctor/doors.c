#include "builder/doctor/private.h"

#include "builder/proxy/config.h"
#include "builder/proxy/haproxy.h"
#include "builder/proxy/socket.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/door.h"
#include "config/paths.h"
#include "config/settings.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Where people and visitors come in: bardod's port, and the proxy's. */

#define ANSWER_TIMEOUT_S 3
#define GREETING "SSH-2.0-bardo"

int doctor_connect(const char *host, const char *port)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
	struct addrinfo *found = NULL;
	int fd = -1;

	if (getaddrinfo(*host ? host : NULL, port, &hints, &found))
		return -1;
	for (const struct addrinfo *a = found; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
		if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
			(void)close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(found);
	return fd;
}

/* "ADDRESS:PORT" as settings have it; "" is every address. */
static const char *split(const char *listen, char host[SETTING_TEXT_MAX])
{
	const char *colon = strrchr(listen, ':');
	size_t len = colon ? (size_t)(colon - listen) : 0;

	(void)snprintf(host, SETTING_TEXT_MAX, "%.*s", (int)len, listen);
	if (host[0] == '[' && len > 1 && host[len - 1] == ']') {
		host[len - 1] = '\0';
		memmove(host, host + 1, len - 1);
	}
	if (!strcmp(host, "*"))
		host[0] = '\0';
	return colon ? colon + 1 : "";
}

static void check_greeting(const struct doctor *d, const char *listen, int fd)
{
	char greeting[sizeof(GREETING)] = "";
	ssize_t n = recv(fd, greeting, sizeof(greeting) - 1, MSG_WAITALL);

	if (n > 0 && !strcmp(greeting, GREETING))
		doctor_tell(d, "ssh-port", DOCTOR_OK, "", "bardo answers at %s", listen);
	else
		doctor_tell(d, "ssh-port", DOCTOR_PROBLEM,
			"`ss -ltnp` shows what listens there; end that program, or set "
			"another ssh.listen and start bardod again",
			"what answers at ssh.listen = %s is not bardo", listen);
}

static void check_ssh_port(const struct doctor *d)
{
	const char *listen = d->server->settings->ssh_listen;
	char host[SETTING_TEXT_MAX];
	const char *port = split(listen, host);
	int fd;

	if (!strcmp(port, "0"))
		return;
	fd = doctor_connect(host, port);
	if (fd < 0) {
		doctor_tell(d, "ssh-port", DOCTOR_PROBLEM,
			"start bardod; its log says why it can't listen there",
			"nobody answers at ssh.listen = %s", listen);
		return;
	}
	check_greeting(d, listen, fd);
	(void)close(fd);
}

void doctor_check_bardod(const struct doctor *d)
{
	char path[PATH_TEXT_MAX];
	struct err err = {0};

	if (door_ping(path_door(d->server->settings, path), &err) == 0)
		doctor_tell(d, "bardod", DOCTOR_OK, "", "bardod runs");
	else
		doctor_tell(d, "bardod", DOCTOR_PROBLEM,
			"start it: systemctl start bardod", "%s", err.msg);
	check_ssh_port(d);
}

/* ---- the proxy ---- */

static void check_current(const struct doctor *d)
{
	struct err err = {0};
	bool current = false;

	if (haproxy_is_current(d->server->settings, &current, &err) < 0)
		doctor_tell(d, "proxy", DOCTOR_PROBLEM,
			"end it (run/proxy/haproxy.pid under server.data); bardod starts "
			"it "
			"again",
			"%s", err.msg);
	else if (!current)
		doctor_tell(d, "proxy", DOCTOR_WARNING,
			"end it when a second without visitors is fine "
			"(run/proxy/haproxy.pid under server.data); bardod starts it "
			"again",
			"HAProxy runs with older settings: other proxy.ports, "
			"proxy.apps, proxy.http, proxy.https or proxy.front have no "
			"effect yet");
	else
		doctor_tell(d, "proxy", DOCTOR_OK, "", "HAProxy answers, and has %s",
			d->server->settings->proxy_ports);
}

/* proxy.http and proxy.https are left out where HAProxy could not have them. */
static void check_front(const struct doctor *d, const char *shown, const char *front,
	const char *setting, const char *listen)
{
	char wanted[64], why[HAPROXY_WHY_SIZE] = "was not free when it started";

	if (!strcmp(listen, SETTING_OFF))
		return;
	(void)snprintf(wanted, sizeof(wanted), "\n%s,FRONTEND,", front);
	if (strstr(shown, wanted)) {
		doctor_tell(d, "names", DOCTOR_OK, "", "names are served at %s = %s",
			setting, listen);
		return;
	}
	(void)haproxy_can_bind(d->server->settings, listen, why);
	doctor_tell(d, "names", DOCTOR_WARNING,
		"free the port, or set it off; then end HAProxy (run/proxy/haproxy.pid "
		"under server.data), and bardod starts it again",
		"names are not served at %s = %s, which %s", setting, listen, why);
}

static void check_fronts(const struct doctor *d)
{
	const struct settings *set = d->server->settings;
	struct buf shown;

	buf_init(&shown, HAPROXY_REPLY_MAX);
	if (haproxy_ask(set, "show stat -1 1 -1", &shown, NULL) == 0) {
		if (haproxy_is_behind_nginx(set)) {
			check_front(d, buf_text(&shown), "nginx", "proxy.front-listen",
				set->proxy_front_listen);
		} else {
			check_front(d, buf_text(&shown), "http", "proxy.http",
				set->proxy_http);
			check_front(d, buf_text(&shown), "https", "proxy.https",
				set->proxy_https);
		}
	}
	buf_finish(&shown);
}

/* proxy.driver = none. */
static void check_absence(const struct doctor *d)
{
	if (haproxy_ping(d->server->settings, NULL) == 0)
		doctor_tell(d, "proxy", DOCTOR_WARNING,
			"end it (run/proxy/haproxy.pid under server.data), then "
			"proxy:build-config --all",
			"proxy.driver is none, and HAProxy still runs, with the apps' "
			"ports");
	else
		doctor_tell(d, "proxy", DOCTOR_OK, "",
			"none: the Engine publishes the apps' ports");
}

void doctor_check_proxy(const struct doctor *d)
{
	const struct settings *set = d->server->settings;
	struct err err = {0};

	if (!settings_have_proxy(set)) {
		check_absence(d);
		return;
	}
	if (haproxy_ping(set, &err) == 0) {
		check_current(d);
		check_fronts(d);
		return;
	}
	doctor_tell(d, "proxy", DOCTOR_PROBLEM,
		"bardod starts it again by itself; its log says what is in the way",
		"no app is reached: %s", err.msg);
	if (haproxy_check_ports(set, &err) < 0)
		doctor_tell(d, "proxy-ports", DOCTOR_PROBLEM,
			"end that program, or set other proxy.ports", "%s", err.msg);
}
