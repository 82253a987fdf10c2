#include "builder/proxy/fronts.h"

#include "builder/proxy/certificates.h"
#include "builder/proxy/haproxy.h"
#include "builder/proxy/map.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/settings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* Nothing that a client says about where it comes from is believed: what apps trust is
 * taken away, also as headers with "_", which CGI can't tell from "-". */
static const char no_headers[] =
	"\toption http-restrict-req-hdr-names delete\n"
	"\thttp-request del-header X-Forwarded- -m beg\n"
	"\thttp-request del-header Forwarded\n"
	"\thttp-request del-header X-Real-IP\n"
	"\thttp-request del-header Proxy\n"
	"\thttp-request set-header X-Forwarded-Host %[req.fhdr(Host)]\n";

static char *key_path(const struct settings *s, char *out)
{
	return path_run(s, "proxy/nginx.key", out);
}

static int make_key(const char *path, struct err *err)
{
	unsigned char bytes[(HAPROXY_KEY_SIZE - 1) / 2];
	char text[HAPROXY_KEY_SIZE + 1];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return err_errno(err, "getrandom");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	text[2 * sizeof(bytes)] = '\n';
	return io_replace_file(path, 0600, text, HAPROXY_KEY_SIZE, err);
}

int haproxy_front_key(
	const struct settings *s, char out[HAPROXY_KEY_SIZE], struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct buf b;
	int rc = 0;

	buf_init(&b, 2 * HAPROXY_KEY_SIZE);
	if (access(key_path(s, path), F_OK) < 0)
		rc = make_key(path, err);
	if (!rc)
		rc = io_read_file(path, &b, err);
	if (!rc && b.len != HAPROXY_KEY_SIZE)
		rc = err_set(err, ERR_FAILED,
			"%s is not whole: remove it, end HAProxy and start bardod again",
			path);
	if (!rc)
		(void)snprintf(out, HAPROXY_KEY_SIZE, "%s", b.data);
	buf_finish(&b);
	return rc;
}

/* The wildcard of IPv6 is for both families. */
static const char *both_families(const char *address)
{
	return strncmp(address, "[::]", 4) ? "" : " v4v6";
}

static int add_headers(struct buf *b, const char *proto)
{
	return buf_adds(b, no_headers) |
		buf_addf(b,
			"\thttp-request set-header X-Forwarded-For %%[src]\n"
			"\thttp-request set-header X-Forwarded-Port %%[dst_port]\n"
			"\thttp-request set-header X-Forwarded-Proto %s\n",
			proto);
}

/* But for what nginx says, which shows that it is nginx by its key: txn.proto is how the
 * visitor came. */
static int add_headers_of_nginx(struct buf *b, const struct settings *s)
{
	static const char *const told[][3] = {
		{"for", "For", "src"},
		{"port", "Port", "dst_port"},
		{"proto", "Proto", "str(http)"},
	};
	char path[PATH_TEXT_MAX];
	int rc = buf_addf(b,
		"\thttp-request set-var(txn.nginx) bool(true) "
		"if { req.hdr(" HAPROXY_KEY_HEADER ") -m str -f %s }\n"
		"\thttp-request del-header " HAPROXY_KEY_HEADER "\n",
		key_path(s, path));

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		rc |= buf_addf(b,
			"\thttp-request set-var(txn.%s) %s\n"
			"\thttp-request set-var(txn.%s) req.hdr(X-Forwarded-%s) "
			"if { var(txn.nginx) -m found }\n",
			told[i][0], told[i][2], told[i][0], told[i][1]);
	rc |= buf_adds(b, no_headers);
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		rc |= buf_addf(b,
			"\thttp-request set-header X-Forwarded-%s %%[var(txn.%s)]\n",
			told[i][1], told[i][0]);
	return rc;
}

/* Where txn.slot leads, or to the page that stands before it. */
static int use_slot(struct buf *b, const struct settings *s)
{
	char path[PATH_TEXT_MAX], webs[PATH_TEXT_MAX];

	return buf_addf(b,
		"\thttp-request set-var(txn.webs) var(txn.slot),map(%s,1),add(0)\n"
		"\thttp-request set-var(txn.page) var(txn.slot),map(%s)\n"
		"\thttp-request return status 503 hdr Retry-After 120 "
		"hdr Cache-Control no-store content-type \"text/html; charset=utf-8\" "
		"lf-string \"%%[var(txn.page),b64dec]\" "
		"if { var(txn.page) -m found }\n"
		"\tuse_backend %%[var(txn.slot)] if { var(txn.slot) -m found }\n"
		"\tdefault_backend nobody\n",
		haproxy_map_path(s, HAPROXY_MAP_WEBS, webs),
		haproxy_map_path(s, HAPROXY_MAP_PAGES, path));
}

static int add_ports(struct buf *b, const struct settings *s)
{
	char path[PATH_TEXT_MAX];

	return buf_addf(b,
		       "\nfrontend ports from app\n"
		       "\tbind %s:%" PRId64 "-%" PRId64 "%s\n",
		       s->proxy_bind, s->proxy_port_first, s->proxy_port_last,
		       both_families(s->proxy_bind)) |
		add_headers(b, "http") |
		buf_addf(b, "\thttp-request set-var(txn.slot) dst_port,map(%s)\n",
			haproxy_map_path(s, HAPROXY_MAP_PORTS, path)) |
		use_slot(b, s) |
		buf_adds(b,
			"\nbackend nobody from app\n"
			"\thttp-request return status 404 content-type text/plain "
			"string \"404: no app here\\n\"\n");
}

/* A name that is in the map, else its wildcard, else nobody's: txn.name is what was found
 * and txn.slot where it leads. */
static int find_slot(struct buf *b, const struct settings *s)
{
	char path[PATH_TEXT_MAX];

	(void)haproxy_map_path(s, HAPROXY_MAP_DOMAINS, path);
	return buf_addf(b,
		"\thttp-request set-var(txn.host) "
		"req.fhdr(Host),field(1,:),lower,rtrim(.)\n"
		"\thttp-request set-var(txn.name) var(txn.host)\n"
		"\thttp-request set-var(txn.slot) var(txn.name),map(%s)\n"
		"\thttp-request set-var(txn.name) var(txn.host),regsub(^[^.]+,*) "
		"if !{ var(txn.slot) -m found }\n"
		"\thttp-request set-var(txn.slot) var(txn.name),map(%s) "
		"if !{ var(txn.slot) -m found }\n",
		path, path);
}

/* ":8443" of proxy.https, nothing for the port that browsers expect. */
static const char *https_port(const struct settings *s)
{
	const char *colon = strrchr(s->proxy_https, ':');

	return colon && strcmp(colon, ":443") != 0 ? colon : "";
}

/* What isn't GET keeps its method and body (308). condition: an ACL, or "". */
static int add_to_https(struct buf *b, const struct settings *s, const char *condition)
{
	char path[PATH_TEXT_MAX];
	int rc = buf_addf(b, "\thttp-request set-var(txn.secure) var(txn.name),map(%s)\n",
		haproxy_map_path(s, HAPROXY_MAP_TO_HTTPS, path));

	for (int i = 0; i < 2; i++)
		rc |= buf_addf(b,
			"\thttp-request redirect location "
			"https://%%[var(txn.host)]%s%%[pathq] code %d "
			"if { var(txn.secure) -m found } %s%s{ method GET HEAD }\n",
			https_port(s), i ? 308 : 301, condition, i ? "!" : "");
	return rc;
}

static int add_hsts(struct buf *b, const struct settings *s, const char *condition)
{
	char path[PATH_TEXT_MAX];

	(void)haproxy_map_path(s, HAPROXY_MAP_HSTS, path);
	return buf_addf(b,
		"\thttp-response set-header Strict-Transport-Security "
		"%%[var(txn.name),map(%s)] "
		"if %s{ var(txn.name),map(%s) -m found }\n",
		path, condition, path);
}

static int add_http(struct buf *b, const struct settings *s, bool https)
{
	return buf_addf(b,
		       "\nfrontend http from app\n"
		       "\tbind %s%s\n",
		       s->proxy_http, both_families(s->proxy_http)) |
		add_headers(b, "http") | find_slot(b, s) |
		(https ? add_to_https(b, s, "") : 0) | use_slot(b, s);
}

static int add_https(struct buf *b, const struct settings *s)
{
	char list[PATH_TEXT_MAX];

	return buf_addf(b,
		       "\nfrontend https from app\n"
		       "\tbind %s%s ssl crt-list %s alpn h2,http/1.1\n",
		       s->proxy_https, both_families(s->proxy_https),
		       haproxy_certificate_list(s, list)) |
		add_headers(b, "https") | find_slot(b, s) | add_hsts(b, s, "") |
		use_slot(b, s);
}

/* nginx closes its idle connections after FRONT_KEEPALIVE_S (builder/front/sites.c); if
 * we did so first, a request that it just sends on one would be lost. */
static int add_nginx(struct buf *b, const struct settings *s)
{
	bool https = strcmp(s->proxy_https, SETTING_OFF) != 0;

	return buf_addf(b,
		       "\nfrontend nginx from app\n"
		       "\tbind %s\n"
		       "\ttimeout http-keep-alive 5m\n",
		       s->proxy_front_listen) |
		add_headers_of_nginx(b, s) | find_slot(b, s) |
		(https ? add_to_https(b, s, "{ var(txn.proto) -m str http } ") : 0) |
		add_hsts(b, s, "{ var(txn.proto) -m str https } ") | use_slot(b, s);
}

int haproxy_add_fronts(
	struct buf *b, const struct settings *s, const struct haproxy_fronts *fronts)
{
	int rc = add_ports(b, s);

	if (fronts->http)
		rc |= add_http(b, s, fronts->https);
	if (fronts->https)
		rc |= add_https(b, s);
	if (fronts->nginx)
		rc |= add_nginx(b, s);
	return rc;
}
