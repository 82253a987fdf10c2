#include "builder/front/sites.h"

#include "builder/certificate/certificate.h"
#include "builder/front/front.h"
#include "builder/proxy/config.h"
#include "builder/proxy/fronts.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/settings.h"

#include <dirent.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FOLDER "nginx"
#define MARKER "# generation "
#define COPY_ENDING ".pem"

/* HAProxy waits longer (builder/proxy/fronts.c): what it had closed just when nginx sends
 * a request on it would be lost. */
#define KEEPALIVE "30s"
/* HAProxy decides how long to wait for an app: this is more than proxy.timeout can be. */
#define WAIT "25h"

struct writer {
	const struct server *server;
	struct buf *b;
	char key[HAPROXY_KEY_SIZE];
	bool http, https, ipv6, only_text;
	/* The copy of this app's certificate. */
	const char *handle;
	char copy[PATH_TEXT_MAX];
};

static bool is_on(const char *listen)
{
	return strcmp(listen, SETTING_OFF) != 0;
}

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

char *sites_own_name(const struct server *s, char *out)
{
	(void)snprintf(out, DOMAIN_SIZE, "%s.bardo.invalid", s->id);
	return out;
}

char *sites_marker(const char *generation, char *out)
{
	(void)snprintf(out, DOMAIN_SIZE, MARKER "%s", generation);
	return out;
}

static void digest(const void *data, size_t len, char out[SITES_GENERATION_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE] = {0};

	(void)EVP_Digest(data, len, bytes, NULL, EVP_sha256(), NULL);
	for (size_t i = 0; i < (SITES_GENERATION_SIZE - 1) / 2; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* ---- certificates ---- */

/* The file that nginx reads stays as it is for as long as a configuration names it, also
 * one that nginx goes back to: each content has a name of its own. */
static int copy_certificate(struct writer *w, const char *handle, struct err *err)
{
	char path[PATH_TEXT_MAX], name[DOMAIN_SIZE], sum[SITES_GENERATION_SIZE];
	const struct settings *set = w->server->settings;
	struct buf pem;
	int rc;

	if (w->handle && !strcmp(w->handle, handle))
		return 0;
	buf_init(&pem, CERTIFICATE_PEM_MAX);
	rc = io_read_file(path_certificate(set, handle, path), &pem, err);
	if (!rc) {
		digest(pem.data, pem.len, sum);
		(void)snprintf(
			name, sizeof(name), FOLDER "/%s.%s" COPY_ENDING, handle, sum);
		(void)path_run(set, name, w->copy);
		if (!w->only_text && access(w->copy, F_OK) < 0)
			rc = io_replace_file(w->copy, 0600, pem.data, pem.len, err);
		w->handle = rc ? NULL : handle;
	}
	if (pem.data)
		explicit_bzero(pem.data, pem.len);
	buf_finish(&pem);
	return rc;
}

void sites_tidy(const struct server *s, const char *text)
{
	char path[PATH_TEXT_MAX];
	DIR *dir = opendir(path_run(s->settings, FOLDER, path));
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		size_t len = strlen(e->d_name);
		size_t ending = strlen(COPY_ENDING);

		if (len > ending && !strcmp(e->d_name + len - ending, COPY_ENDING) &&
			!strstr(text, e->d_name))
			(void)unlinkat(dirfd(dir), e->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
}

/* ---- server blocks ---- */

/* nginx has a socket for each family. */
static int add_listen(struct writer *w, const char *listen, const char *more)
{
	bool any = !strncmp(listen, "[::]:", 5);

	return (any ? buf_addf(w->b, "\tlisten %s%s;\n", listen + 5, more) : 0) |
		(!any || w->ipv6 ? buf_addf(w->b, "\tlisten %s%s;\n", listen, more) : 0);
}

static int add_tls(struct writer *w, const char *pem)
{
	return add_listen(w, w->server->settings->proxy_https, " ssl") |
		buf_addf(w->b,
			"\tssl_certificate %s;\n"
			"\tssl_certificate_key %s;\n"
			"\tssl_protocols TLSv1.2 TLSv1.3;\n"
			"\tssl_ciphers " HAPROXY_CIPHERS ";\n"
			"\tssl_prefer_server_ciphers off;\n"
			"\tssl_session_cache shared:bardo_%s:1m;\n"
			"\tssl_session_tickets off;\n",
			pem, pem, w->server->id);
}

/* As it comes and as it goes: nothing is kept back, changed, limited or tried twice that
 * an app may have seen. What visitors say of where they come from is replaced. */
static int add_pass(struct writer *w)
{
	const char *id = w->server->id;
	int64_t timeout = w->server->settings->proxy_timeout;

	return buf_addf(w->b,
		"\tclient_max_body_size 0;\n"
		"\tlarge_client_header_buffers 4 16k;\n"
		"\tgzip off;\n"
		"\tclient_body_timeout %" PRId64 "ms;\n"
		"\tsend_timeout %" PRId64 "ms;\n"
		"\tlocation / {\n"
		"\t\tproxy_pass http://bardo_%s;\n"
		"\t\tproxy_http_version 1.1;\n"
		"\t\tproxy_set_header Host $http_host;\n"
		"\t\tproxy_set_header Upgrade $http_upgrade;\n"
		"\t\tproxy_set_header Connection $bardo_%s;\n"
		"\t\tproxy_set_header X-Forwarded-For $remote_addr;\n"
		"\t\tproxy_set_header X-Forwarded-Port $server_port;\n"
		"\t\tproxy_set_header X-Forwarded-Proto $scheme;\n"
		"\t\tproxy_set_header " HAPROXY_KEY_HEADER " %s;\n"
		"\t\tproxy_request_buffering off;\n"
		"\t\tproxy_buffering off;\n"
		"\t\tproxy_buffer_size 32k;\n"
		"\t\tproxy_buffers 8 32k;\n"
		"\t\tproxy_redirect off;\n"
		"\t\tproxy_connect_timeout 10s;\n"
		"\t\tproxy_read_timeout " WAIT ";\n"
		"\t\tproxy_send_timeout " WAIT ";\n"
		"\t}\n",
		timeout, timeout, id, id, w->key);
}

static int add_site(struct writer *w, const struct front_site *site, struct err *err)
{
	bool tls = w->https && *site->handle;
	int rc;

	if (!w->http && !tls)
		return 0;
	rc = tls ? copy_certificate(w, site->handle, err) : 0;
	if (rc)
		return rc;
	rc = buf_addf(w->b, "\nserver {\n\tserver_name %s;\n", site->name);
	if (w->http)
		rc |= add_listen(w, w->server->settings->proxy_http, "");
	if (tls)
		rc |= add_tls(w, w->copy);
	rc |= add_pass(w) | buf_adds(w->b, "}\n");
	return rc ? err_set(err, ERR_FAILED, "too many names for nginx") : 0;
}

/* Ours comes first: where nobody else listens, unknown names get its 404 and its
 * certificate, and no app's. */
static int add_own(struct writer *w, const char *generation)
{
	const struct settings *set = w->server->settings;
	char path[PATH_TEXT_MAX], name[DOMAIN_SIZE];
	int rc;

	if (!w->http && !w->https)
		return 0;
	rc = buf_addf(
		w->b, "\nserver {\n\tserver_name %s;\n", sites_own_name(w->server, name));
	if (w->http)
		rc |= add_listen(w, set->proxy_http, "");
	if (w->https)
		rc |= add_tls(w, path_run(set, "proxy/bardo.pem", path));
	return rc |
		buf_addf(w->b,
			"\taccess_log off;\n"
			"\tdefault_type text/plain;\n"
			"\tlocation / {\n"
			"\t\treturn 404 \"404: no app here\\n\";\n"
			"\t}\n"
			"\tlocation = /generation {\n"
			"\t\treturn 200 \"%s\\n\";\n"
			"\t}\n"
			"}\n",
			generation);
}

static int add_upstream(struct writer *w)
{
	const char *id = w->server->id;

	return buf_addf(w->b,
		"\nupstream bardo_%s {\n"
		"\tserver %s;\n"
		"\tkeepalive 64;\n"
		"\tkeepalive_timeout " KEEPALIVE ";\n"
		"}\n"
		"\nmap $http_upgrade $bardo_%s {\n"
		"\tdefault upgrade;\n"
		"\t'' '';\n"
		"}\n",
		id, w->server->settings->proxy_front_listen, id);
}

/* ---- the whole ---- */

static bool has_certificate(const struct front_site *sites, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (*sites[i].handle)
			return true;
	}
	return false;
}

static int write_sites(struct writer *w, const char *generation,
	const struct front_site *sites, size_t len, struct err *err)
{
	char marker[DOMAIN_SIZE];
	int rc;

	w->handle = NULL;
	buf_reset(w->b);
	rc = buf_addf(w->b,
		     "# Written by bardo when names change: what is changed here is "
		     "lost.\n%s\n",
		     sites_marker(generation, marker)) |
		add_upstream(w) | add_own(w, generation);
	rc = rc ? err_set(err, ERR_FAILED, "out of memory") : 0;
	for (size_t i = 0; i < len && !rc; i++)
		rc = add_site(w, &sites[i], err);
	return rc;
}

/* The generation stands in the text, and is made of it: the text is written twice. */
int sites_write(struct sites *out, const struct server *s, const struct front_site *sites,
	size_t len, struct err *err)
{
	const struct settings *set = s->settings;
	struct writer w = {
		.server = s,
		.b = out->text,
		.http = is_on(set->proxy_http),
		.ipv6 = has_ipv6(),
		.only_text = out->only_text,
	};
	char path[PATH_TEXT_MAX];
	int rc = io_make_dir(path_run(set, FOLDER, path), 0700, err);

	w.https = is_on(set->proxy_https) && (has_certificate(sites, len) || !w.http);
	if (!rc)
		rc = haproxy_front_key(set, w.key, err);
	if (!rc)
		rc = write_sites(&w, "", sites, len, err);
	if (!rc) {
		digest(out->text->data, out->text->len, out->generation);
		rc = write_sites(&w, out->generation, sites, len, err);
	}
	return rc;
}

bool sites_has(const char *text, const char *name)
{
	char line[DOMAIN_SIZE + 32];

	(void)snprintf(line, sizeof(line), "\tserver_name %s;\n", name);
	return strstr(text, line) != NULL;
}
