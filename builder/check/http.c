#include "builder/check/private.h"

#include "builder/engine/engine.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For one connect: a packet may be dropped, and the next be answered. */
#define CONNECT_MAX 1000
/* So much of a body is searched for the content that it must have. */
#define BODY_MAX (1024 * 1024)
/* So much of it is read for the card. */
#define SHOWN_MAX 1024
#define URL_SIZE 8192
#define HEADER_SIZE 20480
#define USER_AGENT "bardo/" BARDO_VERSION

struct get {
	struct check *check;
	const struct check_http *http;
	char url[URL_SIZE];
	struct curl_slist *headers;
	CURLM *multi;
	CURL *easy;
	/* Of one try: */
	long status;
	char phrase[128]; /* "503 Service Unavailable" */
	struct buf body;
	bool enough; /* nothing that may follow counts */
	bool found;
};

static bool is_fine(long status)
{
	return status >= 200 && status < 400;
}

/* ---- what arrives ---- */

static void take_status_line(struct get *g, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len);

	while (len && (line[len - 1] == '\r' || line[len - 1] == '\n'))
		len--;
	g->phrase[0] = '\0';
	if (space && space + 1 < line + len)
		(void)snprintf(g->phrase, sizeof(g->phrase), "%.*s",
			(int)(line + len - space - 1), space + 1);
}

/* At the end of the head of a good answer nothing more is asked, if no content is: its
 * body may be a stream without end. */
static size_t take_header(char *data, size_t size, size_t n, void *ctx)
{
	struct get *g = ctx;
	size_t len = size * n;

	if (len > 5 && !memcmp(data, "HTTP/", 5))
		take_status_line(g, data, len);
	if (len > 2)
		return len;
	(void)curl_easy_getinfo(g->easy, CURLINFO_RESPONSE_CODE, &g->status);
	if (is_fine(g->status) && !*g->http->content)
		g->enough = g->found = true;
	return g->enough ? 0 : len;
}

static size_t take_body(char *data, size_t size, size_t n, void *ctx)
{
	struct get *g = ctx;
	size_t len = size * n;
	size_t room = g->body.max - g->body.len;

	(void)buf_add(&g->body, data, len < room ? len : room);
	if (is_fine(g->status) && g->body.len)
		g->found = memmem(g->body.data, g->body.len, g->http->content,
				   strlen(g->http->content)) != NULL;
	g->enough = g->found || len >= room ||
		(!is_fine(g->status) && g->body.len >= SHOWN_MAX);
	return g->enough ? 0 : len;
}

/* ---- a try ---- */

/* Runs what is prepared. A check_wake: READY when an answer came or none can come. */
static int run(struct get *g, int64_t until, struct err *err)
{
	struct check_watch *w = &g->check->watch;

	for (;;) {
		struct curl_waitfd events = {
			.fd = engine_follow_fd(w->events), .events = CURL_WAIT_POLLIN};
		int64_t now = clock_monotonic_ms();
		int running, rc;

		if (curl_multi_perform(g->multi, &running) != CURLM_OK)
			return err_set(err, ERR_FAILED, "out of memory");
		if (!running)
			return CHECK_WAKE_READY;
		/* Only looks: what is waited for comes below. */
		rc = check_watch_wait(w, -1, 0, now, err);
		if (rc != CHECK_WAKE_TIME || now >= until)
			return rc;
		(void)curl_multi_poll(g->multi, &events, 1, (int)(until - now), NULL);
	}
}

static CURLcode read_result(struct get *g)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(g->multi, &left))) {
		if (m->msg == CURLMSG_DONE)
			return m->data.result;
	}
	return CURLE_OPERATION_TIMEDOUT;
}

/* The first line of the body that has something, without secrets. */
static void first_line(struct get *g, char *out, size_t size)
{
	size_t shown = g->body.len < SHOWN_MAX ? g->body.len : SHOWN_MAX;
	size_t len = mask_text(
		g->check->options->mask, g->body.data, shown, shown < g->body.len);
	const char *line = g->body.data, *end = line + len;
	size_t n;

	while (line < end && strchr(" \t\r\n", *line))
		line++;
	n = (size_t)(end - line);
	for (size_t i = 0; i < n; i++) {
		if (line[i] == '\n' || line[i] == '\r' || !line[i])
			n = i;
	}
	(void)snprintf(out, size, "%.*s", (int)n, line);
	say_plain(out);
}

static void note_answer(struct get *g)
{
	struct check_failure *f = g->check->failure;
	char line[sizeof(f->answer) - sizeof(g->phrase) - 8] = "";

	if (g->body.len)
		first_line(g, line, sizeof(line));
	mask_field(g->check->options->mask, g->phrase, sizeof(g->phrase));
	(void)snprintf(f->answer, sizeof(f->answer), "%s%s%s", g->phrase,
		line[0] ? ": " : "", line);
	say_plain(f->answer);
}

/* No answer, or half of one. One that was cut off by the end of it all says less than
 * what was there before. */
static void note_silence(struct get *g, CURLcode result)
{
	struct check_failure *f = g->check->failure;
	const char *what = curl_easy_strerror(result);
	long os_error = 0;

	(void)curl_easy_getinfo(g->easy, CURLINFO_OS_ERRNO, &os_error);
	if (result == CURLE_COULDNT_CONNECT && os_error)
		what = strerror((int)os_error);
	if (result == CURLE_OPERATION_TIMEDOUT)
		what = "no answer within its timeout";
	if (result != CURLE_OPERATION_TIMEDOUT || !f->answer[0] ||
		clock_monotonic_ms() < g->check->deadline)
		(void)snprintf(f->answer, sizeof(f->answer), "%s", what);
	else
		return;
	g->status = 0;
}

static int try_get(struct check *c, void *probe, int64_t until, struct err *err)
{
	struct get *g = probe;
	long before = g->status;
	int64_t left = until - clock_monotonic_ms();
	CURLcode result;
	int rc;

	g->enough = g->found = false;
	g->status = 0;
	buf_reset(&g->body);
	(void)curl_easy_setopt(g->easy, CURLOPT_TIMEOUT_MS, (long)(left > 0 ? left : 1));
	if (curl_multi_add_handle(g->multi, g->easy) != CURLM_OK)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = run(g, until, err);
	result = read_result(g);
	(void)curl_multi_remove_handle(g->multi, g->easy);
	if (rc < 0)
		return rc;
	if (rc == CHECK_WAKE_DIED)
		return check_tell_death(c, err);
	if (g->found)
		return 1;
	if (result == CURLE_OK || g->enough) {
		note_answer(g);
	} else {
		g->status = before;
		note_silence(g, result);
	}
	return 0;
}

/* ---- setting it up ---- */

/* What can't stand in a URL becomes %XX; a path begins with "/". */
static int write_url(struct get *g, struct err *err)
{
	const struct check_http *h = g->http;
	size_t len = (size_t)snprintf(g->url, sizeof(g->url), "%s://%s:%d%s", h->scheme,
		g->check->options->address, h->port, *h->path == '/' ? "" : "/");

	for (const char *c = h->path; *c; c++) {
		bool plain = *c > ' ' && *c < 0x7f;

		if (len + 4 > sizeof(g->url))
			return err_set(err, ERR_FAILED, "a check's path is too long");
		len += (size_t)snprintf(g->url + len, sizeof(g->url) - len,
			plain ? "%c" : "%%%02X", (unsigned char)*c);
	}
	return 0;
}

static int add_headers(struct get *g, struct err *err)
{
	const cJSON *header;

	cJSON_ArrayForEach(header, g->http->headers)
	{
		const char *name = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(header, "name"));
		const char *value = cJSON_GetStringValue(
			cJSON_GetObjectItemCaseSensitive(header, "value"));
		char line[HEADER_SIZE];
		struct curl_slist *longer;

		/* curl takes "Name:" for a header that is to be left out. */
		(void)snprintf(line, sizeof(line), "%s%s%s", name ? name : "",
			value && *value ? ": " : ";", value ? value : "");
		longer = curl_slist_append(g->headers, line);
		if (!longer)
			return err_set(err, ERR_FAILED, "out of memory");
		g->headers = longer;
	}
	return 0;
}

static int prepare(struct get *g, const struct check_pace *pace)
{
	bool plain = !strcmp(g->http->scheme, "http");
	long connect_max =
		plain && pace->timeout > CONNECT_MAX ? CONNECT_MAX : (long)pace->timeout;

	g->multi = curl_multi_init();
	g->easy = curl_easy_init();
	if (!g->multi || !g->easy)
		return -1;
	(void)curl_easy_setopt(g->easy, CURLOPT_URL, g->url);
	(void)curl_easy_setopt(g->easy, CURLOPT_HTTPHEADER, g->headers);
	(void)curl_easy_setopt(g->easy, CURLOPT_USERAGENT, USER_AGENT);
	/* The address is the container's own: nothing stands in between. */
	(void)curl_easy_setopt(g->easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(g->easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(g->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(g->easy, CURLOPT_FORBID_REUSE, 1L);
	(void)curl_easy_setopt(g->easy, CURLOPT_CONNECTTIMEOUT_MS, connect_max);
	/* No certificate is made out for a container's address. */
	(void)curl_easy_setopt(g->easy, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(g->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	(void)curl_easy_setopt(g->easy, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(g->easy, CURLOPT_HEADERDATA, g);
	(void)curl_easy_setopt(g->easy, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(g->easy, CURLOPT_WRITEDATA, g);
	return 0;
}

/* What is said of a check that has failed. */
static int tell(struct get *g, struct err *err)
{
	const struct check_http *h = g->http;
	char text[SAY_DURATION_SIZE];

	(void)say_duration(h->tried, text);
	if (g->status && is_fine(g->status))
		return err_set(err, ERR_FAILED,
			"%.120s answered %ld without \"%.80s\" (tried for %s)", h->path,
			g->status, h->content, text);
	if (g->status)
		return err_set(err, ERR_FAILED, "%.120s answered %ld (tried for %s)",
			h->path, g->status, text);
	check_add_port_hint(g->check, h->port);
	return err_set(err, ERR_FAILED, "%.120s on port %d: %s (tried for %s)", h->path,
		h->port, g->check->failure->answer, text);
}

int check_get(struct check *c, const struct check_http *h, const struct check_pace *pace,
	struct err *err)
{
	struct get *g = calloc(1, sizeof(*g));
	struct check_failure *f = c->failure;
	int rc;

	if (!g)
		return err_set(err, ERR_FAILED, "out of memory");
	g->check = c;
	g->http = h;
	buf_init(&g->body, BODY_MAX);
	rc = write_url(g, err);
	if (!rc)
		rc = add_headers(g, err);
	if (!rc && prepare(g, pace) < 0)
		rc = err_set(err, ERR_FAILED, "out of memory");
	if (rc)
		goto out;
	(void)snprintf(f->probed, sizeof(f->probed), "GET %.250s", g->url);
	mask_field(c->options->mask, f->probed, sizeof(f->probed));
	rc = check_try_until(c, pace, try_get, g, err);
	if (rc > 0)
		rc = tell(g, err);
out:
	curl_easy_cleanup(g->easy);
	(void)curl_multi_cleanup(g->multi);
	curl_slist_free_all(g->headers);
	buf_finish(&g->body);
	free(g);
	return rc;
}
