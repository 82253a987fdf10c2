#include "builder/front/probe.h"

#include "builder/server.h"
#include "config/app/domains.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/settings.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 4096
#define ANSWER_TIMEOUT_MS 5000L
#define AWAIT_MS 10000
/* New processes of nginx begin before the old ones end, which it tells them 100 ms later.
 */
#define STEADY_MS 250
#define PAUSE_MS 20

static bool is_on(const char *listen)
{
	return strcmp(listen, SETTING_OFF) != 0;
}

/* The address and port to connect to, as curl wants it. */
static void where(const char *listen, char out[SETTING_TEXT_MAX + 32])
{
	const char *colon = strrchr(listen, ':');
	int len = colon ? (int)(colon - listen) : 0;
	bool any = len == 1 || !strncmp(listen, "[::]:", 5) ||
		!strncmp(listen, "0.0.0.0:", 8);

	(void)snprintf(out, SETTING_TEXT_MAX + 32, "::%.*s%s", any ? 9 : len,
		any ? "127.0.0.1" : listen, colon ? colon : "");
}

static size_t take(char *data, size_t size, size_t n, void *ctx)
{
	struct buf *b = ctx;

	return buf_add(b, data, size * n) < 0 ? 0 : size * n;
}

static CURLcode get(const struct server *s, struct buf *answer, long *status)
{
	const struct settings *set = s->settings;
	bool http = is_on(set->proxy_http);
	const char *listen = http ? set->proxy_http : set->proxy_https;
	char name[DOMAIN_SIZE], url[DOMAIN_SIZE + 64], to[SETTING_TEXT_MAX + 32];
	struct curl_slist *connect_to;
	CURL *easy = curl_easy_init();
	CURLcode result = CURLE_OUT_OF_MEMORY;

	(void)snprintf(url, sizeof(url), "http%s://%s%s/generation", http ? "" : "s",
		sites_own_name(s, name), strrchr(listen, ':'));
	where(listen, to);
	connect_to = curl_slist_append(NULL, to);
	if (easy && connect_to) {
		(void)curl_easy_setopt(easy, CURLOPT_URL, url);
		(void)curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
		(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
		(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ANSWER_TIMEOUT_MS);
		/* It is about what it serves, not about who it is. */
		(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
		(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
		(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer);
		result = curl_easy_perform(easy);
		(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, status);
	}
	curl_slist_free_all(connect_to);
	curl_easy_cleanup(easy);
	return result;
}

int probe_generation(
	const struct server *s, char out[SITES_GENERATION_SIZE], struct err *err)
{
	const struct settings *set = s->settings;
	struct buf answer;
	long status = 0;
	CURLcode result;
	int rc = 0;

	buf_init(&answer, ANSWER_MAX);
	result = get(s, &answer, &status);
	out[0] = '\0';
	if (result == CURLE_COULDNT_CONNECT)
		rc = err_set(err, ERR_AWAY, "nobody answers at %s",
			is_on(set->proxy_http) ? set->proxy_http : set->proxy_https);
	else if (result == CURLE_OK && status == 200 &&
		answer.len == SITES_GENERATION_SIZE)
		(void)snprintf(out, SITES_GENERATION_SIZE, "%s", answer.data);
	buf_finish(&answer);
	return rc;
}

int probe_await(const struct server *s, const char *generation, struct err *err)
{
	int64_t now = clock_monotonic_ms(), deadline = now + AWAIT_MS, since = 0;
	char shown[SITES_GENERATION_SIZE];

	if (!is_on(s->settings->proxy_http) && !is_on(s->settings->proxy_https))
		return 0;
	while (now < deadline) {
		(void)probe_generation(s, shown, NULL);
		now = clock_monotonic_ms();
		if (strcmp(shown, generation) != 0)
			since = 0;
		else if (!since)
			since = now;
		else if (now - since >= STEADY_MS)
			return 0;
		(void)poll(NULL, 0, PAUSE_MS);
	}
	return err_set(err, ERR_FAILED,
		"nginx took the configuration and goes on with the one before: its error "
		"log says why (has another program, or a site with ipv6only=off, the "
		"port of proxy.http or proxy.https?)");
}
