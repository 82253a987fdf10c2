#include "builder/engine/engine.h"

#include "builder/engine/http.h"
#include "builder/engine/private.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_SIZE 16384
#define REQUEST_MAX (1024 * 1024)

struct engine_follow {
	struct engine *e;
	CURL *easy;
	int fd; /* curl's */
	struct buf raw;
	struct http_body body;
};

static int closed(struct err *err)
{
	return err_set(err, ERR_AWAY,
		"the Docker Engine closed the connection; look at its log: journalctl "
		"-u docker");
}

static int connect_to(struct engine_follow *f, const struct engine *e, struct err *err)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	long os_error = 0;
	CURLcode code;
	int rc = engine_prepare(e, f->easy, NULL, "/", err);

	if (rc)
		return rc;
	(void)curl_easy_setopt(f->easy, CURLOPT_CONNECT_ONLY, 1L);
	code = curl_easy_perform(f->easy);
	if (code != CURLE_OK) {
		(void)curl_easy_getinfo(f->easy, CURLINFO_OS_ERRNO, &os_error);
		return engine_curl_error(e, code, os_error, NULL, err);
	}
	(void)curl_easy_getinfo(f->easy, CURLINFO_ACTIVESOCKET, &fd);
	f->fd = fd;
	return fd < 0 ? closed(err) : 0;
}

/* A POST asks to be upgraded to a bare stream, as attach and exec can be ("Attach to a
 * container"); other calls ignore that. */
static int write_request(struct engine_follow *f, const struct engine *e,
	const char *method, const char *path, const char *body, struct err *err)
{
	struct buf req;
	int rc;

	buf_init(&req, REQUEST_MAX);
	rc = buf_addf(&req, "%s /v%s%s HTTP/1.1\r\nHost: %s\r\n", method, e->version,
		path, e->base + strlen("http://"));
	if (!strcmp(method, "POST"))
		rc |= buf_adds(&req, "Connection: Upgrade\r\nUpgrade: tcp\r\n");
	if (body)
		rc |= buf_adds(&req, "Content-Type: application/json\r\n");
	if (body || !strcmp(method, "POST"))
		rc |= buf_addf(
			&req, "Content-Length: %zu\r\n", body ? strlen(body) : (size_t)0);
	rc |= buf_addf(&req, "\r\n%s", body ? body : "");
	if (rc)
		rc = err_set(err, ERR_USAGE, "the request to the Engine is too long");
	while (rc >= 0 && req.len) {
		ssize_t n = engine_follow_write(f, req.data, req.len, err);
		struct pollfd p = {.fd = f->fd, .events = POLLOUT};

		if (n > 0)
			buf_consume(&req, (size_t)n);
		else if (n == ERR_BUSY)
			rc = engine_poll(f->e, &p, 1, ENGINE_HEAD_TIMEOUT, err);
		else
			rc = (int)n;
	}
	buf_finish(&req);
	return rc < 0 ? rc : 0;
}

/* Adds to raw what is there. 1, 0 at the end, ERR_BUSY, other negatives. */
static int fill(struct engine_follow *f, struct err *err)
{
	char *to = buf_reserve(&f->raw, READ_SIZE);
	size_t n = 0;
	CURLcode code;

	if (!to)
		return err_set(err, ERR_FAILED, "the Docker Engine's answer is too long");
	code = curl_easy_recv(f->easy, to, READ_SIZE, &n);
	if (code == CURLE_AGAIN)
		return ERR_BUSY;
	if (code != CURLE_OK)
		return closed(err);
	f->raw.len += n;
	engine_heard(f->e);
	return n > 0;
}

static int fill_until(struct engine_follow *f, const struct engine *e, int64_t deadline,
	struct err *err)
{
	for (;;) {
		struct pollfd p = {.fd = f->fd, .events = POLLIN};
		int64_t left = deadline - clock_monotonic_ms();
		int rc = fill(f, err);

		if (rc != ERR_BUSY)
			return rc;
		if (left <= 0)
			return engine_curl_error(
				e, CURLE_OPERATION_TIMEDOUT, 0, NULL, err);
		rc = engine_poll(f->e, &p, 1, left, err);
		if (rc < 0)
			return rc;
	}
}

static int read_head(struct engine_follow *f, const struct engine *e,
	struct http_head *head, struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + ENGINE_HEAD_TIMEOUT;

	for (;;) {
		ssize_t n = http_head_parse(head, buf_text(&f->raw), f->raw.len, err);
		int rc;

		if (n < 0)
			return (int)n;
		if (n > 0) {
			buf_consume(&f->raw, (size_t)n);
			if (head->status >= 200 || head->status == 101)
				return 0;
			continue; /* 100 Continue and its kin stand before the answer */
		}
		rc = fill_until(f, e, deadline, err);
		if (rc == 0)
			return closed(err);
		if (rc < 0)
			return rc;
	}
}

/* The body of a refusal holds the Engine's reason. */
static int refused(struct engine_follow *f, int status, struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + ENGINE_REFUSAL_TIMEOUT;
	char text[ERR_MSG_MAX * 2];
	size_t len = 0;

	while (len < sizeof(text)) {
		ssize_t n = engine_follow_read(f, text + len, sizeof(text) - len, NULL);
		struct pollfd p = {.fd = f->fd, .events = POLLIN};

		if (n > 0)
			len += (size_t)n;
		else if (n != ERR_BUSY || clock_monotonic_ms() >= deadline)
			break;
		else if (engine_poll(f->e, &p, 1, ENGINE_REFUSAL_TIMEOUT, NULL) < 0)
			break;
	}
	return engine_refused(status, text, len, err);
}

static int open_follow(struct engine_follow *f, struct engine *e, const char *method,
	const char *path, const char *body, struct err *err)
{
	struct http_head head;
	int rc;

	rc = engine_ready(e, err);
	if (rc)
		return rc;
	engine_begin_to_listen(e);
	f->e = e;
	f->easy = curl_easy_init();
	if (!f->easy)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = connect_to(f, e, err);
	if (rc == 0)
		rc = write_request(f, e, method, path, body, err);
	if (rc == 0)
		rc = read_head(f, e, &head, err);
	if (rc)
		return rc;
	http_body_init(&f->body, &head);
	return engine_is_success(head.status) ? 0 : refused(f, head.status, err);
}

int engine_follow(struct engine *e, struct engine_follow **out, const struct cJSON *body,
	struct err *err, const char *method, const char *path, ...)
{
	struct engine_follow *f = calloc(1, sizeof(*f));
	char full[ENGINE_PATH_MAX];
	char *text = NULL;
	va_list ap;
	int rc;

	if (!f)
		return err_set(err, ERR_FAILED, "out of memory");
	buf_init(&f->raw, HTTP_HEAD_MAX + READ_SIZE);
	va_start(ap, path);
	rc = engine_format_path(full, err, path, ap);
	va_end(ap);
	if (rc)
		goto out;
	if (body) {
		text = cJSON_PrintUnformatted(body);
		if (!text) {
			rc = err_set(err, ERR_FAILED, "out of memory");
			goto out;
		}
	}
	rc = open_follow(f, e, method, full, text, err);
	if (rc)
		goto out;
	*out = f;
	f = NULL;
out:
	cJSON_free(text);
	engine_follow_close(f);
	return rc;
}

void engine_follow_close(struct engine_follow *f)
{
	if (!f)
		return;
	if (f->easy)
		curl_easy_cleanup(f->easy);
	buf_finish(&f->raw);
	free(f);
}

int engine_follow_fd(const struct engine_follow *f)
{
	return f->fd;
}

ssize_t engine_follow_read(struct engine_follow *f, void *to, size_t len, struct err *err)
{
	for (;;) {
		size_t used = 0;
		ssize_t n = http_body_decode(
			&f->body, buf_text(&f->raw), f->raw.len, &used, to, len, err);
		int rc;

		buf_consume(&f->raw, used);
		if (n || f->body.state == HTTP_BODY_DONE)
			return n;
		rc = fill(f, err);
		if (rc == 0)
			return f->body.state == HTTP_BODY_RAW ? 0 : closed(err);
		if (rc < 0)
			return rc;
	}
}

ssize_t engine_follow_write(
	struct engine_follow *f, const void *data, size_t len, struct err *err)
{
	size_t n = 0;
	CURLcode code = curl_easy_send(f->easy, data, len, &n);

	if (code == CURLE_AGAIN || (code == CURLE_OK && !n))
		return ERR_BUSY;
	return code == CURLE_OK ? (ssize_t)n : closed(err);
}

int engine_follow_end_write(struct engine_follow *f)
{
	return shutdown(f->fd, SHUT_WR);
}
