#include "tests/support/http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 10
#define NUMBER_MAX (1L << 40)

long http_number(const char *text)
{
	long n = 0;

	while (*text >= '0' && *text <= '9' && n < NUMBER_MAX)
		n = n * 10 + (*text++ - '0');
	return n;
}

int http_connect(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval patience = {PATIENCE_S, 0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 &&
		(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
			connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Reads one answer, head and Content-Length's body: its status, -1 if it isn't whole. */
static int read_answer(int fd, char answer[HTTP_ANSWER_MAX])
{
	const char *body, *length;
	size_t have = 0;

	for (;;) {
		ssize_t n = recv(fd, answer + have, HTTP_ANSWER_MAX - 1 - have, 0);

		if (n <= 0)
			return -1;
		have += (size_t)n;
		answer[have] = '\0';
		body = strstr(answer, "\r\n\r\n");
		length = body ? strcasestr(answer, "\r\ncontent-length: ") : NULL;
		if (length &&
			have - (size_t)(body + 4 - answer) >=
				(size_t)http_number(length + 18))
			return (int)http_number(answer + 9);
	}
}

int http_ask(int fd, const char *request, char answer[HTTP_ANSWER_MAX])
{
	size_t len = strlen(request);

	if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
		return -1;
	return read_answer(fd, answer);
}

int http_get(int port, const char *path, char answer[HTTP_ANSWER_MAX])
{
	char request[256];
	int fd = http_connect(port), status;

	(void)snprintf(request, sizeof(request),
		"GET %s HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n",
		path);
	status = fd < 0 ? -1 : http_ask(fd, request, answer);
	if (fd >= 0)
		(void)close(fd);
	return status;
}
