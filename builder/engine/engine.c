#include "builder/engine/engine.h"

#include "builder/engine/private.h"
#include "config/base/err.h"
#include "config/base/number.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_SCHEME "unix://"
#define TCP_SCHEME "tcp://"
#define HOST_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"

int engine_open(struct engine **out, const char *host, struct err *err)
{
	bool local = !strncmp(host, UNIX_SCHEME, strlen(UNIX_SCHEME));
	const char *rest = host + strlen(local ? UNIX_SCHEME : TCP_SCHEME);
	struct engine *e;

	if (!local && strncmp(host, TCP_SCHEME, strlen(TCP_SCHEME)) != 0)
		return err_set(err, ERR_USAGE,
			"engine.host %.200s: it must be unix:///path or tcp://host:port",
			host);
	if (strlen(host) >= ENGINE_HOST_MAX ||
		(local && strlen(rest) >= sizeof(((struct sockaddr_un *)0)->sun_path)))
		return err_set(
			err, ERR_USAGE, "engine.host %.200s…: it is too long", host);
	if (local ? rest[0] != '/' : !rest[0] || rest[strspn(rest, HOST_CHARS)])
		return err_set(err, ERR_USAGE,
			"engine.host %s: after %s there must be %s", host,
			local ? UNIX_SCHEME : TCP_SCHEME,
			local ? "an absolute path" : "host:port");
	e = calloc(1, sizeof(*e));
	if (!e)
		return err_set(err, ERR_FAILED, "out of memory");
	(void)snprintf(e->host, sizeof(e->host), "%s", host);
	(void)snprintf(e->base, sizeof(e->base), "http://%s", local ? "docker" : rest);
	e->socket = local ? e->host + strlen(UNIX_SCHEME) : NULL;
	engine_set_timeout(e, ENGINE_TIMEOUT);
	*out = e;
	return 0;
}

int engine_open_like(struct engine **out, const struct engine *e, struct err *err)
{
	int rc = engine_open(out, e->host, err);

	if (rc)
		return rc;
	(*out)->silence = e->silence;
	(*out)->patience = e->patience;
	(*out)->hangs = e->hangs;
	(void)snprintf((*out)->version, sizeof((*out)->version), "%s", e->version);
	return 0;
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	if (e->curl_ready) {
		if (e->pinging)
			(void)curl_multi_remove_handle(e->multi, e->ping);
		curl_slist_free_all(e->json_headers);
		curl_slist_free_all(e->plain_headers);
		curl_easy_cleanup(e->ping);
		curl_easy_cleanup(e->easy);
		(void)curl_multi_cleanup(e->multi);
		curl_global_cleanup();
	}
	free(e);
}

bool engine_is_local(const struct engine *e)
{
	return e->socket != NULL;
}

/* "Expect:" keeps curl from waiting for a 100 before every body, which the Engine sends
 * only when it reads it. */
static struct curl_slist *header_list(const char *content_type)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	struct curl_slist *longer = list ? curl_slist_append(list, content_type) : NULL;

	if (!longer)
		curl_slist_free_all(list);
	return longer;
}

/* Only at the first call: a command that asks the Engine nothing doesn't pay for curl. */
static int start_curl(struct engine *e, struct err *err)
{
	if (e->curl_ready)
		return 0;
	if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
		return err_set(err, ERR_FAILED, "libcurl doesn't start");
	e->curl_ready = true;
	e->multi = curl_multi_init();
	e->easy = curl_easy_init();
	e->ping = curl_easy_init();
	e->json_headers = header_list("Content-Type: application/json");
	e->plain_headers = header_list("Content-Type:");
	if (!e->multi || !e->easy || !e->ping || !e->json_headers || !e->plain_headers)
		return err_set(err, ERR_FAILED, "out of memory");
	return 0;
}

int engine_prepare(const struct engine *e, CURL *easy, const char *version,
	const char *path, struct err *err)
{
	char url[ENGINE_HOST_MAX + ENGINE_PATH_MAX + ENGINE_VERSION_SIZE];

	(void)snprintf(url, sizeof(url), "%s%s%s%s", e->base, version ? "/v" : "",
		version ? version : "", path);
	curl_easy_reset(easy);
	if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, e->socket) != CURLE_OK)
		return err_set(err, ERR_FAILED, "out of memory");
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* http_proxy in the environment is for the outside, never for the Engine. */
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)curl_easy_setopt(
		easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ENGINE_CONNECT_TIMEOUT);
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, e->plain_headers);
	return 0;
}

/* "1.41" as 1041, or -1. */
static int64_t version_number(const char *text)
{
	const char *dot = strchr(text, '.');
	char major[ENGINE_VERSION_SIZE];
	int64_t high, low;

	if (!dot || (size_t)(dot - text) >= sizeof(major))
		return -1;
	(void)snprintf(major, sizeof(major), "%.*s", (int)(dot - text), text);
	if (number_parse(major, 0, 999, &high) || number_parse(dot + 1, 0, 999, &low))
		return -1;
	return high * 1000 + low;
}

/* "API version negotiation": /_ping without a version tells the newest that the Engine
 * speaks. We ask for the smaller of that and ours, since an Engine drops old ones too. */
static int negotiate(struct engine *e, struct err *err)
{
	int64_t number = version_number(e->theirs);

	if (number < 0)
		return err_set(err, ERR_FAILED,
			"what answers is no Docker Engine; look at engine.host");
	if (number < version_number(ENGINE_API_MIN))
		return err_set(err, ERR_FAILED,
			"the Docker Engine is too old: it speaks API %s, bardo "
			"needs %s (Docker 19.03) or newer; upgrade it",
			e->theirs, ENGINE_API_MIN);
	(void)snprintf(e->version, sizeof(e->version), "%s",
		number < version_number(ENGINE_API_MAX) ? e->theirs : ENGINE_API_MAX);
	return 0;
}

int engine_ready(struct engine *e, struct err *err)
{
	int rc = start_curl(e, err);

	if (rc || (e->version[0] && !e->hangs))
		return rc;
	rc = engine_ask_alive(e, err);
	return rc || e->version[0] ? rc : negotiate(e, err);
}

int engine_speaks(struct engine *e, const char *version, bool *does, struct err *err)
{
	int rc = engine_ready(e, err);

	*does = !rc && version_number(e->version) >= version_number(version);
	return rc;
}

int engine_format_path(
	char path[ENGINE_PATH_MAX], struct err *err, const char *fmt, va_list ap)
{
	int n = vsnprintf(path, ENGINE_PATH_MAX, fmt, ap);

	if (n < 0 || n >= ENGINE_PATH_MAX)
		return err_set(err, ERR_USAGE,
			"a request to the Docker Engine is longer than %d bytes",
			ENGINE_PATH_MAX);
	return 0;
}

char *engine_escape(const char *text, char *out, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	size_t len = 0;

	for (const char *p = text; *p; p++) {
		if (size < 4 || len > size - 4)
			return NULL;
		if (strchr(plain, *p))
			out[len++] = *p;
		else
			len += (size_t)snprintf(
				out + len, 4, "%%%02X", (unsigned)(unsigned char)*p);
	}
	if (len >= size)
		return NULL;
	out[len] = '\0';
	return out;
}
