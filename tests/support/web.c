#include "tests/support/web.h"

#include "tests/support/http.h"
#include "tests/support/stream.h"
#include "tests/support/websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 16384
#define TEXT_MAX 4096
#define STACK_SIZE (256 * 1024)
#define SLOW_MAX_MS 60000

struct connection {
	int fd; /* -1: a free place */
	bool busy;
};

struct web {
	int listener;
	int port;
	char text[TEXT_MAX];
	pthread_t acceptor;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t ended;
	bool stopping;
	long asked; /* for /after */
	long told;  /* for /events */
	pthread_cond_t tell;
	size_t open;
	struct connection connections[WEB_CONNECTIONS_MAX];
};

struct handler {
	struct web *web;
	struct connection *connection;
};

struct request {
	char head[HEAD_MAX + 1];
	size_t head_len;
	size_t have; /* bytes in head, those after head_len belong to the body */
	long body;   /* -1: chunked */
	const char *upgrade;
	bool close;
};

/* The value of a header of the head, NULL if it has none. */
static const char *header(const struct request *r, const char *name)
{
	size_t len = strlen(name);
	const char *line = strstr(r->head, "\r\n");

	for (; line && line[2]; line = strstr(line + 2, "\r\n")) {
		if (!strncasecmp(line + 2, name, len) && line[2 + len] == ':')
			return line + 2 + len + 1 + strspn(line + 2 + len + 1, " ");
	}
	return NULL;
}

/* Marks the connection busy at a request's first byte, so that a stop waits for it. */
static void set_busy(struct handler *h, bool busy)
{
	(void)pthread_mutex_lock(&h->web->lock);
	h->connection->busy = busy;
	if (!busy && h->web->stopping)
		(void)shutdown(h->connection->fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&h->web->lock);
}

/* 0: a head is there; -1: the connection has ended. */
static int read_head(struct handler *h, struct request *r)
{
	char *end;

	while (r->head[r->have] = '\0', !(end = strstr(r->head, "\r\n\r\n"))) {
		ssize_t n =
			recv(h->connection->fd, r->head + r->have, HEAD_MAX - r->have, 0);

		if (n <= 0)
			return -1;
		if (!r->have)
			set_busy(h, true);
		r->have += (size_t)n;
	}
	r->head_len = (size_t)(end - r->head) + 4;
	return 0;
}

static void understand(struct request *r)
{
	const char *length = header(r, "Content-Length");
	const char *connection = header(r, "Connection");

	r->body = header(r, "Transfer-Encoding") ? -1 : length ? http_number(length) : 0;
	/* Only /count understands chunks. */
	r->close = r->body < 0 || (connection && !strncasecmp(connection, "close", 5));
	r->upgrade = header(r, "Upgrade");
}

/* Takes head and body off the buffer; what is left is the next request's. */
static int skip_request(int fd, struct request *r)
{
	size_t had = r->have - r->head_len;
	size_t of_body = had < (size_t)r->body ? had : (size_t)r->body;
	long left = r->body - (long)of_body;
	char scrap[8192];

	while (left > 0) {
		ssize_t n = recv(fd, scrap,
			left < (long)sizeof(scrap) ? (size_t)left : sizeof(scrap), 0);

		if (n <= 0)
			return -1;
		left -= n;
	}
	r->have = had - of_body;
	memmove(r->head, r->head + r->head_len + of_body, r->have);
	return 0;
}

static void wait_ms(long ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	if (ms > 0 && ms <= SLOW_MAX_MS)
		(void)nanosleep(&t, NULL);
}

static int answer_status(struct web *w, const char *path)
{
	long before;

	if (!strncmp(path, "/status/", 8))
		return (int)http_number(path + 8);
	if (strncmp(path, "/after/", 7) != 0)
		return 200;
	(void)pthread_mutex_lock(&w->lock);
	before = w->asked++;
	(void)pthread_mutex_unlock(&w->lock);
	return before < http_number(path + 7) ? 503 : 200;
}

static void tell(struct web *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->told++;
	(void)pthread_cond_broadcast(&w->tell);
	(void)pthread_mutex_unlock(&w->lock);
}

static int answer(int fd, struct web *w, struct request *r)
{
	char out[HEAD_MAX + TEXT_MAX];
	const char *space = strchr(r->head, ' '), *path = space ? space + 1 : "";
	bool echo = !strncmp(path, "/head ", 6);
	const char *body = echo ? r->head : w->text;
	size_t body_len = echo ? r->head_len : strlen(w->text);
	int len, status = answer_status(w, path);

	if (!strncmp(path, "/tell ", 6))
		tell(w);
	if (!strncmp(path, "/slow/", 6))
		wait_ms(http_number(path + 6));
	len = snprintf(out, sizeof(out),
		"HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\n%sContent-Length: "
		"%zu\r\n\r\n%.*s",
		status, status == 200 ? "OK" : "Not So",
		r->close ? "Connection: close\r\n" : "", body_len, (int)body_len, body);
	return send_all(fd, out, (size_t)len);
}

static void tunnel(int fd)
{
	static const char upgraded[] = "HTTP/1.1 101 Switching Protocols\r\nConnection: "
				       "Upgrade\r\nUpgrade: echo\r\n\r\n";
	char data[4096];
	ssize_t n;

	if (send_all(fd, upgraded, sizeof(upgraded) - 1) < 0)
		return;
	while ((n = recv(fd, data, sizeof(data), 0)) > 0 &&
		!send_all(fd, data, (size_t)n))
		;
}

/* The way of WebSockets, or a tunnel for what is no protocol at all. */
static void upgrade(int fd, const struct web *w, const struct request *r)
{
	const char *key = header(r, "Sec-WebSocket-Key");
	struct stream *s;

	if (strncasecmp(r->upgrade, "websocket", 9) != 0 || !key) {
		tunnel(fd);
		return;
	}
	s = stream_create(fd, r->head + r->head_len, r->have - r->head_len);
	if (s)
		websocket_serve(s, key, w->text);
	free(s);
}

static int send_text(int fd, const char *text)
{
	return send_all(fd, text, strlen(text));
}

/* Reads a body of any size before it answers. */
static void count(int fd, const struct request *r)
{
	struct stream *s =
		stream_create(fd, r->head + r->head_len, r->have - r->head_len);
	char digest[STREAM_DIGEST_SIZE], out[256];
	int64_t total;

	if (s &&
		(!header(r, "Expect") ||
			!send_text(fd, "HTTP/1.1 100 Continue\r\n\r\n")) &&
		!stream_digest(s, r->body, &total, digest)) {
		(void)snprintf(out, sizeof(out),
			"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%lld %s\n",
			(long long)total, digest);
		(void)send_text(fd, out);
	}
	free(s);
}

static void big(int fd, long left)
{
	static const char zeros[STREAM_CHUNK];
	char out[128];

	(void)snprintf(out, sizeof(out),
		"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %ld\r\n\r\n",
		left);
	if (send_text(fd, out) < 0)
		return;
	while (left > 0) {
		size_t n = left < STREAM_CHUNK ? (size_t)left : sizeof(zeros);

		if (send_all(fd, zeros, n) < 0)
			return;
		left -= (long)n;
	}
}

/* One event at once, and one for each /tell from now on, until the server stops. */
static void events(int fd, struct web *w)
{
	bool open = !send_text(fd,
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		"Cache-Control: no-cache\r\nConnection: close\r\n\r\n");
	long before;
	char event[64];

	(void)pthread_mutex_lock(&w->lock);
	before = w->told;
	for (long n = 1; open && !w->stopping; n++) {
		(void)pthread_mutex_unlock(&w->lock);
		(void)snprintf(
			event, sizeof(event), "id: %ld\ndata: event %ld\n\n", n, n);
		open = !send_text(fd, event);
		(void)pthread_mutex_lock(&w->lock);
		while (w->told < before + n && !w->stopping)
			(void)pthread_cond_wait(&w->tell, &w->lock);
	}
	(void)pthread_mutex_unlock(&w->lock);
}

/* What takes the connection to its end; false where it is none of these. */
static bool serve_long(struct handler *h, const struct request *r)
{
	const char *space = strchr(r->head, ' '), *path = space ? space + 1 : "";
	int fd = h->connection->fd;

	if (r->upgrade) {
		set_busy(h, false);
		upgrade(fd, h->web, r);
	} else if (!strncmp(path, "/events ", 8)) {
		set_busy(h, false);
		events(fd, h->web);
	} else if (!strncmp(path, "/count ", 7)) {
		count(fd, r);
	} else if (!strncmp(path, "/big/", 5)) {
		big(fd, http_number(path + 5));
	} else {
		return false;
	}
	return true;
}

static void serve(struct handler *h)
{
	int fd = h->connection->fd;
	struct request r = {.have = 0};

	while (!read_head(h, &r)) {
		understand(&r);
		if (serve_long(h, &r))
			return;
		/* The answer needs the head, which skipping the body overwrites: small
		 * bodies are there already, large ones are read after the answer. */
		if (answer(fd, h->web, &r) < 0 || skip_request(fd, &r) < 0 || r.close)
			return;
		if (!r.have)
			set_busy(h, false);
	}
}

static void *connection_main(void *data)
{
	struct handler *h = data;
	struct web *w = h->web;

	serve(h);
	(void)pthread_mutex_lock(&w->lock);
	(void)close(h->connection->fd);
	*h->connection = (struct connection){.fd = -1};
	w->open--;
	(void)pthread_cond_signal(&w->ended);
	(void)pthread_mutex_unlock(&w->lock);
	free(h);
	return NULL;
}

static struct connection *find_place(struct web *w)
{
	for (size_t i = 0; i < WEB_CONNECTIONS_MAX; i++) {
		if (w->connections[i].fd < 0)
			return &w->connections[i];
	}
	return NULL;
}

static int start_handler(struct web *w, int fd)
{
	struct handler *h = malloc(sizeof(*h));
	struct connection *place = find_place(w);
	pthread_attr_t attr;
	pthread_t thread;
	int rc = -1;

	if (!h || !place) {
		free(h);
		return -1;
	}
	*h = (struct handler){w, place};
	*place = (struct connection){.fd = fd};
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, STACK_SIZE);
	rc = pthread_create(&thread, &attr, connection_main, h);
	(void)pthread_attr_destroy(&attr);
	if (rc) {
		*place = (struct connection){.fd = -1};
		free(h);
		return -1;
	}
	w->open++;
	return 0;
}

static void *acceptor_main(void *data)
{
	struct web *w = data;
	int on = 1, fd;

	while ((fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 ||
		errno == EINTR || errno == ECONNABORTED) {
		if (fd < 0)
			continue;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)pthread_mutex_lock(&w->lock);
		if (w->stopping || start_handler(w, fd) < 0)
			(void)close(fd);
		(void)pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static int listen_on(struct web *w, const char *address, int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t len = sizeof(at);
	int on = 1;

	w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->listener < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1)
		return -1;
	(void)setsockopt(w->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(w->listener, (struct sockaddr *)&at, sizeof(at)) < 0 ||
		listen(w->listener, SOMAXCONN) < 0 ||
		getsockname(w->listener, (struct sockaddr *)&at, &len) < 0)
		return -1;
	w->port = ntohs(at.sin_port);
	return 0;
}

struct web *web_start(const char *address, int port, const char *text)
{
	struct web *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	(void)snprintf(w->text, sizeof(w->text), "%s", text);
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->ended, NULL);
	(void)pthread_cond_init(&w->tell, NULL);
	for (size_t i = 0; i < WEB_CONNECTIONS_MAX; i++)
		w->connections[i].fd = -1;
	if (listen_on(w, address, port) < 0 ||
		pthread_create(&w->acceptor, NULL, acceptor_main, w)) {
		if (w->listener >= 0)
			(void)close(w->listener);
		free(w);
		return NULL;
	}
	return w;
}

int web_port(const struct web *w)
{
	return w->port;
}

void web_stop(struct web *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->stopping = true;
	(void)pthread_cond_broadcast(&w->tell);
	for (size_t i = 0; i < WEB_CONNECTIONS_MAX; i++) {
		if (w->connections[i].fd >= 0 && !w->connections[i].busy)
			(void)shutdown(w->connections[i].fd, SHUT_RDWR);
	}
	(void)pthread_mutex_unlock(&w->lock);
	(void)shutdown(w->listener, SHUT_RDWR);
	(void)pthread_join(w->acceptor, NULL);
	(void)close(w->listener);
	(void)pthread_mutex_lock(&w->lock);
	while (w->open)
		(void)pthread_cond_wait(&w->ended, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
	(void)pthread_cond_destroy(&w->ended);
	(void)pthread_cond_destroy(&w->tell);
	(void)pthread_mutex_destroy(&w->lock);
	free(w);
}
