/*
 * asker KIND HOST PORT [PAUSE]: asks 127.0.0.1:PORT for HOST until SIGTERM, with PAUSE
 * milliseconds between two requests, and prints a line for each answer: "BEGAN ENDED
 * STATUS TEXT", times in nanoseconds since the epoch, status -1 where there was none.
 * KIND is
 *   new     a connection for each request
 *   keep    one connection for as long as it is kept
 *   slow    answers that take two seconds
 *   socket  a WebSocket (RFC 6455) of web.h's: TEXT is what it greets with, "echo" where
 * a word came back, and "ended" where the other side has closed it between two
 */

#include "config/base/number.h"
#include "tests/support/http.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 512
#define WORD "ping"
#define BETWEEN_WORDS_NS 100000000L
#define PAUSE_MAX_MS 999
#define AFTER_NOTHING_NS 20000000L

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
static void ask_on(int port, const char *request, int keep, long pause_ns)
{
	const struct timespec rest = {.tv_nsec = AFTER_NOTHING_NS};
	static char answer[HTTP_ANSWER_MAX];
	const struct timespec pause = {.tv_nsec = pause_ns};
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
		if (status < 0)
			(void)nanosleep(&rest, NULL);
		if (fd >= 0 && (!keep || status < 0 || closes(answer))) {
			(void)close(fd);
			fd = -1;
		}
		if (pause_ns)
			(void)nanosleep(&pause, NULL);
	}
}

/* ---- a WebSocket ---- */

#define FRAME_TEXT 0x81 /* a whole message */
#define FRAME_MASKED 0x80
#define FRAME_LEN_MAX 125 /* longer ones have another head */

/* The key of RFC 6455, 1.3, and the only answer to it. */
static const char handshake[] = "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\n"
				"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
				"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char accepted[] =
	"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

/* The head alone: frames may be right behind it. */
static int read_head(int fd, char head[REQUEST_MAX])
{
	size_t len = 0;

	while (len < REQUEST_MAX - 1 && read(fd, head + len, 1) == 1) {
		head[++len] = '\0';
		if (len >= 4 && !strcmp(head + len - 4, "\r\n\r\n"))
			return 0;
	}
	return -1;
}

static int open_socket(const char *host, int port)
{
	char request[REQUEST_MAX], head[REQUEST_MAX];
	int fd = http_connect(port);
	int len = snprintf(request, sizeof(request), handshake, host);

	if (fd >= 0 && write(fd, request, (size_t)len) == len &&
		read_head(fd, head) == 0 && !strncmp(head, "HTTP/1.1 101", 12) &&
		strcasestr(head, accepted))
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static int send_text(int fd, const char *text)
{
	static const unsigned char mask[4] = {1, 2, 3, 4};
	unsigned char frame[6 + FRAME_LEN_MAX];
	size_t len = strlen(text);

	frame[0] = FRAME_TEXT;
	frame[1] = (unsigned char)(FRAME_MASKED | len);
	memcpy(frame + 2, mask, sizeof(mask));
	for (size_t i = 0; i < len; i++)
		frame[6 + i] = (unsigned char)text[i] ^ mask[i % sizeof(mask)];
	return send(fd, frame, 6 + len, MSG_NOSIGNAL) == (ssize_t)(6 + len) ? 0 : -1;
}

static int read_text(int fd, char text[FRAME_LEN_MAX + 1])
{
	unsigned char head[2];

	if (recv(fd, head, sizeof(head), MSG_WAITALL) != sizeof(head) ||
		head[0] != FRAME_TEXT || head[1] > FRAME_LEN_MAX ||
		recv(fd, text, head[1], MSG_WAITALL) != head[1])
		return -1;
	text[head[1]] = '\0';
	return 0;
}

/* Opens it and says who greets; -1 if nobody does. */
static int greet(const char *host, int port)
{
	char text[FRAME_LEN_MAX + 1] = "";
	int64_t began = now_ns();
	int fd = open_socket(host, port);

	if (fd >= 0 && read_text(fd, text) < 0) {
		(void)close(fd);
		fd = -1;
	}
	tell(began, fd < 0 ? -1 : 200, text);
	return fd;
}

static void talk(const char *host, int port)
{
	const struct timespec pause = {.tv_nsec = BETWEEN_WORDS_NS};
	int fd = -1;

	while (!is_stopped()) {
		char text[FRAME_LEN_MAX + 1];
		int64_t began;

		if (fd < 0)
			fd = greet(host, port);
		began = now_ns();
		if (fd >= 0 && (send_text(fd, WORD) < 0 || read_text(fd, text) < 0)) {
			tell(began, 200, "ended");
			(void)close(fd);
			fd = -1;
			continue;
		}
		if (fd >= 0)
			tell(began, strcmp(text, WORD) ? -1 : 200, "echo");
		(void)nanosleep(&pause, NULL);
	}
}

int main(int argc, char **argv)
{
	sigset_t term;
	char request[REQUEST_MAX];
	int64_t port, pause_ms = 0;

	if (argc < 4 || argc > 5 || number_parse(argv[3], 1, 65535, &port) < 0 ||
		(argc == 5 && number_parse(argv[4], 0, PAUSE_MAX_MS, &pause_ms) < 0))
		return 2;
	(void)sigemptyset(&term);
	(void)sigaddset(&term, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &term, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (!strcmp(argv[1], "socket")) {
		talk(argv[2], (int)port);
		return 0;
	}
	(void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n",
		strcmp(argv[1], "slow") ? "/" : "/slow/2000", argv[2]);
	ask_on((int)port, request, strcmp(argv[1], "new") != 0, pause_ms * 1000000);
	return 0;
}
