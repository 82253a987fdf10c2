/*
 * asker KIND HOST PORT: asks 127.0.0.1:PORT for HOST until SIGTERM, and prints a line for
 * each answer: "BEGAN ENDED STATUS TEXT", times in nanoseconds since the epoch, status -1
 * where there was none. KIND is
 *   new     a connection for each request
 *   keep    one connection for as long as it is kept
 *   slow    answers that take two seconds
 *   tunnel  an upgraded connection on which each word comes back; TEXT is "echo", and
 *           "ended" where the other side has closed it between two words
 */

#include "config/base/number.h"
#include "tests/support/http.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 512
#define WORD "ping\n"
#define BETWEEN_WORDS_NS 100000000L

/* SIGTERM is held back: what is under way is answered first. */
static int is_stopped(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGTERM) == 1;
}

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void tell(int64_t began, int status, const char *text)
{
	(void)printf("%lld %lld %d %.*s\n", (long long)began, (long long)now_ns(), status,
		(int)strcspn(text, "\r\n"), text);
	(void)fflush(stdout);
}

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");

	return end ? end + 4 : "";
}

/* Whether the server says that it closes the connection behind this answer. */
static int closes(const char *answer)
{
	return strcasestr(answer, "\r\nconnection: close") != NULL;
}

/* A kept connection may be closed by the server while nothing is under way: a client
 * opens another one then, and asks again. That is no lost request. */
static void ask_on(int port, const char *request, int keep)
{
	static char answer[HTTP_ANSWER_MAX];
	int fd = -1;

	while (!is_stopped()) {
		int64_t began = now_ns();
		int is_fresh = fd < 0;
		int status;

		if (is_fresh)
			fd = http_connect(port);
		status = fd < 0 ? -1 : http_ask(fd, request, answer);
		if (status < 0 && !is_fresh) {
			(void)close(fd);
			fd = -1;
			continue;
		}
		tell(began, status, status < 0 ? "" : body_of(answer));
		if (fd >= 0 && (!keep || status < 0 || closes(answer))) {
			(void)close(fd);
			fd = -1;
		}
	}
}

static int open_tunnel(const char *host, int port)
{
	char request[REQUEST_MAX], answer[REQUEST_MAX];
	int fd = http_connect(port);
	ssize_t n;
	int len = snprintf(request, sizeof(request),
		"GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
		"Upgrade: echo\r\n\r\n",
		host);

	if (fd < 0 || write(fd, request, (size_t)len) != len)
		return -1;
	n = read(fd, answer, sizeof(answer) - 1);
	answer[n < 0 ? 0 : n] = '\0';
	if (!strncmp(answer, "HTTP/1.1 101", 12))
		return fd;
	(void)close(fd);
	return -1;
}

static void tunnel(const char *host, int port)
{
	const struct timespec pause = {.tv_nsec = BETWEEN_WORDS_NS};
	int fd = -1;

	while (!is_stopped()) {
		int64_t began = now_ns();
		char word[sizeof(WORD)];

		if (fd < 0 && (fd = open_tunnel(host, port)) < 0) {
			tell(began, -1, "");
		} else if (write(fd, WORD, strlen(WORD)) < 0 ||
			read(fd, word, strlen(WORD)) <= 0) {
			tell(began, 200, "ended");
			(void)close(fd);
			fd = -1;
		} else {
			tell(began, 200, "echo");
		}
		(void)nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	sigset_t term;
	char request[REQUEST_MAX];
	int64_t port;

	if (argc != 4 || number_parse(argv[3], 1, 65535, &port) < 0)
		return 2;
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (!strcmp(argv[1], "tunnel")) {
		tunnel(argv[2], (int)port);
		return 0;
	}
	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n",
		strcmp(argv[1], "slow") ? "/" : "/slow/2000", argv[2]);
	ask_on((int)port, request, strcmp(argv[1], "new") != 0);
	return 0;
}
