#include "builder/proxy/config.h"

#include "builder/proxy/certificates.h"
#include "builder/proxy/fronts.h"
#include "builder/proxy/haproxy.h"
#include "builder/proxy/map.h"
#include "builder/proxy/socket.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/base/number.h"
#include "config/paths.h"
#include "config/privilege.h"
#include "config/settings.h"

#include <dirent.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_MAX (64 * 1024)
#define SLOT_FILE_MAX (64 * 1024)

/* Each thread costs a megabyte; four serve more than one machine's apps can answer. */
#define THREADS_MAX 4
/* Two for each visitor. Without a bound HAProxy sizes its tables by the machine's hard
 * limit, which may be a billion. */
#define DESCRIPTORS_MAX 65536

/* What a visitor may send over HTTP/2 before we say that it came. With HTTP/2's own 64
 * KiB an upload from 100 ms away gets 0.5 MB/s, over HTTP/1.1 it gets what the wire has.
 */
#define H2_WINDOW (1024 * 1024)

#define PROXY_USER "haproxy"

/* Older ones have no such line in a slot's file. */
#define LAST_RESORT "\tuse-server "

static int no_room(struct err *err)
{
	return err_set(err, ERR_FAILED, "out of memory for HAProxy's configuration");
}

bool haproxy_starts_as_root(const struct settings *s)
{
	return geteuid() == 0 || privilege_server_is_root(s);
}

static int threads(void)
{
	cpu_set_t cpus;
	int n = sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);

	return n < THREADS_MAX ? n : THREADS_MAX;
}

static const char tls[] =
	"\tssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets\n"
	"\tssl-default-bind-ciphers " HAPROXY_CIPHERS "\n"
	"\tssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:"
	"TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256\n";

static int add_global(struct buf *b, const struct settings *s)
{
	char path[PATH_TEXT_MAX];
	bool root = haproxy_starts_as_root(s);
	int rc = buf_addf(b,
		"# Written by bardo at each start: what is changed here is lost.\n"
		"global\n"
		"\tpidfile %s\n",
		path_run(s, "proxy/haproxy.pid", path));

	rc |= buf_addf(b, "\tstats socket unix@%s level admin mode 600",
		path_run(s, "proxy/proxy.sock", path));
	/* Made by root, used by us. */
	if (root)
		rc |= buf_addf(b, " uid %d gid %d", (int)geteuid(), (int)getegid());
	rc |= buf_addf(b, "\n\tstats timeout 30s\n\tnbthread %d\n\tfd-hard-limit %d\n",
		threads(), DESCRIPTORS_MAX);
	rc |= buf_addf(b, "\ttune.h2.initial-window-size %d\n", H2_WINDOW);
	rc |= buf_adds(b, tls);
	if (root && getpwnam(PROXY_USER))
		rc |= buf_adds(b, "\tuser " PROXY_USER "\n\tgroup " PROXY_USER "\n");
	return rc;
}

/*
 * http-server-close: a server's connection carries one request. Kept connections are four
 * times as fast when requests are tiny, but a server that closes an idle one just when a
 * request is sent on it loses that request, and 2.6 deletes no server that has some.
 * conn-failure alone is retried: what a server may have seen is never sent twice.
 *
 * httpchk: a server that hangs still accepts, since the kernel does. Any answer will do,
 * to what changes nothing and costs an app the least. persist: when none of a slot's
 * servers is healthy, its use-server leads to one of them all the same.
 */
static const char defaults[] =
	"\ndefaults app\n"
	"\tmode http\n"
	"\tbalance roundrobin\n"
	"\toption http-server-close\n"
	"\toption dontlognull\n"
	"\tretries 3\n"
	"\tretry-on conn-failure\n"
	"\toption redispatch 1\n"
	"\ttimeout connect 5s\n"
	"\ttimeout queue 30s\n"
	"\ttimeout http-request 30s\n"
	"\ttimeout http-keep-alive 10s\n"
	"\ttimeout client-fin 10s\n"
	"\ttimeout server-fin 10s\n"
	"\ttimeout tunnel 1h\n"
	"\ttimeout check 4s\n"
	"\toption httpchk\n"
	"\thttp-check send meth OPTIONS uri / ver HTTP/1.1 "
	"hdr Host localhost hdr User-Agent bardo\n"
	"\thttp-check expect rstatus ^[1-5]\n"
	"\toption persist\n"
	"\thttp-error status 502 content-type text/plain string "
	"\"502: the app gave no valid answer\\n\"\n"
	"\thttp-error status 503 content-type text/plain string "
	"\"503: no process of this app can be reached right now\\n\"\n"
	"\thttp-error status 504 content-type text/plain string "
	"\"504: the app took too long to answer\\n\"\n";

/* All but the description, which is made of it. */
static int add_config(struct buf *b, const struct settings *s, const char *description,
	const struct haproxy_fronts *fronts, struct err *err)
{
	int rc = add_global(b, s);

	if (description)
		rc |= buf_addf(b, "\tdescription %s\n", description);
	rc |= buf_adds(b, defaults);
	/* Of a visitor, and of an app, who are to say something. */
	rc |= buf_addf(b, "\ttimeout client %" PRId64 "\n\ttimeout server %" PRId64 "\n",
		s->proxy_timeout, s->proxy_timeout);
	rc |= haproxy_add_fronts(b, s, fronts);
	return rc ? no_room(err) : 0;
}

static bool is_on(const char *listen)
{
	return strcmp(listen, SETTING_OFF) != 0;
}

bool haproxy_is_behind_nginx(const struct settings *s)
{
	return !strcmp(s->proxy_front, SETTING_NGINX);
}

/* Where names come in, as far as `has` finds that HAProxy may have it. */
static struct haproxy_fronts choose_fronts(const struct settings *s,
	bool (*has)(const struct settings *s, const char *name, const char *listen))
{
	if (haproxy_is_behind_nginx(s))
		return (struct haproxy_fronts){
			.nginx = has(s, "proxy.front-listen", s->proxy_front_listen)};
	return (struct haproxy_fronts){
		.http = has(s, "proxy.http", s->proxy_http),
		.https = has(s, "proxy.https", s->proxy_https),
	};
}

static bool is_wanted(const struct settings *s, const char *name, const char *listen)
{
	(void)s;
	(void)name;
	return is_on(listen);
}

int haproxy_fingerprint(
	const struct settings *s, char out[HAPROXY_FINGERPRINT_SIZE], struct err *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	const struct haproxy_fronts all = choose_fronts(s, is_wanted);
	unsigned long long shown;
	struct buf b;
	int rc;

	buf_init(&b, CONFIG_MAX);
	rc = add_config(&b, s, NULL, &all, err);
	if (!rc && !EVP_Digest(b.data, b.len, digest, NULL, EVP_sha256(), NULL))
		rc = err_set(err, ERR_FAILED, "SHA-256 is not available");
	if (!rc) {
		memcpy(&shown, digest, sizeof(shown));
		(void)snprintf(out, HAPROXY_FINGERPRINT_SIZE, "bardo-%" PRId64 "-%016llx",
			s->proxy_apps, shown);
	}
	buf_finish(&b);
	return rc;
}

static char *slot_path(const struct settings *s, int slot, char *out)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "proxy/backends/%03d.cfg", slot);
	return path_run(s, name, out);
}

/* What is unhealthy is better than nobody: any of them, so that those that are only
 * overwhelmed share it. */
static int add_last_resort(struct buf *b, const struct settings *s)
{
	char path[PATH_TEXT_MAX];

	return buf_addf(b,
		LAST_RESORT "%%[rand,mod(txn.webs),concat(/,txn.slot),map(%s)] "
			    "if { nbsrv eq 0 }\n",
		haproxy_map_path(s, HAPROXY_MAP_WEBS, path));
}

static int slot_text(struct buf *b, const struct settings *s, int slot,
	const struct haproxy_server *servers, size_t len)
{
	int rc = buf_addf(b, "backend " SLOT_FORMAT " from app\n", slot) |
		add_last_resort(b, s);

	for (size_t i = 0; i < len; i++)
		rc |= buf_addf(b, "\tserver %s %s " HAPROXY_CHECK "\n", servers[i].name,
			servers[i].address);
	return rc;
}

int haproxy_write_slot(const struct settings *s, int slot,
	const struct haproxy_server *servers, size_t len, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct buf b, old;
	int rc;

	buf_init(&b, SLOT_FILE_MAX);
	buf_init(&old, SLOT_FILE_MAX);
	rc = slot_text(&b, s, slot, servers, len) ? no_room(err) : 0;
	/* A reconcile routes each app to where it is already: spare the disk. */
	if (!rc &&
		(io_read_file(slot_path(s, slot, path), &old, NULL) ||
			strcmp(buf_text(&old), b.data) != 0))
		rc = io_replace_file(slot_path(s, slot, path), 0600, b.data, b.len, err);
	buf_finish(&old);
	buf_finish(&b);
	return rc;
}

/* The word at *at, which moves behind it. */
static bool take_word(const char **at, char *out, size_t size)
{
	size_t len = strcspn(*at, " \n");

	if (!len || len >= size)
		return false;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at += len;
	return true;
}

/* One line as slot_text writes it; how it is looked at was another in older ones. */
static bool take_server(const char **at, struct haproxy_server *out)
{
	static const char start[] = "\tserver ";

	if (strncmp(*at, start, strlen(start)) != 0)
		return false;
	*at += strlen(start);
	if (!take_word(at, out->name, sizeof(out->name)) || *(*at)++ != ' ' ||
		!take_word(at, out->address, sizeof(out->address)))
		return false;
	*at += strcspn(*at, "\n");
	return *(*at)++ == '\n' && haproxy_check_server(out, NULL) == 0;
}

static bool parse_slot(const char *text, int slot,
	struct haproxy_server out[HAPROXY_SERVERS_MAX], size_t *len)
{
	char first[64];

	*len = 0;
	(void)snprintf(first, sizeof(first), "backend " SLOT_FORMAT " from app\n", slot);
	if (strncmp(text, first, strlen(first)) != 0)
		return false;
	text += strlen(first);
	if (!strncmp(text, LAST_RESORT, strlen(LAST_RESORT)))
		text += strcspn(text, "\n") + 1;
	while (*text) {
		if (*len == HAPROXY_SERVERS_MAX || !take_server(&text, &out[*len]))
			return false;
		(*len)++;
	}
	return true;
}

int haproxy_read_slot(const struct settings *s, int slot, struct haproxy_server *out,
	size_t *len, struct err *err)
{
	char path[PATH_TEXT_MAX];
	struct buf b;
	int rc;

	*len = 0;
	buf_init(&b, SLOT_FILE_MAX);
	rc = io_read_file(slot_path(s, slot, path), &b, err);
	if (!rc &&
		(memchr(buf_text(&b), '\0', b.len) ||
			!parse_slot(buf_text(&b), slot, out, len)))
		rc = err_set(err, ERR_FAILED, "%s is not as bardo wrote it", path);
	buf_finish(&b);
	return rc;
}

/* What a full disk, a power cut or a hand left is not whole, and HAProxy starts with all
 * of the files or not at all: such a slot has no servers. */
static void read_or_give_up(
	const struct settings *s, int slot, struct haproxy_server *out, size_t *len)
{
	struct err why = {0};

	if (haproxy_read_slot(s, slot, out, len, &why) == 0)
		return;
	*len = 0;
	if (why.code == ERR_FAILED)
		log_warn("%s: its app has no servers until it is routed again", why.msg);
}

/* What older ones wrote otherwise is written as it is by now. */
static int write_slots(const struct settings *s, struct err *err)
{
	struct haproxy_server servers[HAPROXY_SERVERS_MAX];
	size_t len;
	int rc = 0;

	for (int slot = 0; slot < s->proxy_apps && !rc; slot++) {
		read_or_give_up(s, slot, servers, &len);
		rc = haproxy_write_slot(s, slot, servers, len, err);
	}
	return rc;
}

/* proxy.apps has shrunk: slots that apps still have stay. */
static int remove_slots_above(const struct settings *s, struct err *err)
{
	struct haproxy_server servers[HAPROXY_SERVERS_MAX];
	char path[PATH_TEXT_MAX];
	DIR *dir = opendir(path_run(s, "proxy/backends", path));
	struct dirent *e;
	size_t len;

	if (!dir)
		return err_errno(err, "%s", path);
	while ((e = readdir(dir))) {
		char *dot = strchr(e->d_name, '.');
		int64_t slot;

		if (!dot || strcmp(dot, ".cfg"))
			continue;
		*dot = '\0';
		if (number_parse(e->d_name, 0, HAPROXY_SLOTS_MAX, &slot) < 0 ||
			slot < s->proxy_apps)
			continue;
		if (haproxy_read_slot(s, (int)slot, servers, &len, NULL) == 0 && !len)
			(void)unlink(slot_path(s, (int)slot, path));
	}
	(void)closedir(dir);
	return 0;
}

/* A configuration has no quoting that holds in all the places where our paths stand. */
static int check_settings(const struct settings *s, struct err *err)
{
	static const char usable[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789/._-+@~";
	char path[PATH_TEXT_MAX];

	if (s->server_data[strspn(s->server_data, usable)])
		return err_set(err, ERR_USAGE,
			"server.data = %s holds a character that HAProxy's configuration "
			"can't: use letters, digits and / . _ - + @ ~",
			s->server_data);
	if (strlen(path_run(s, "proxy/proxy.sock", path)) > HAPROXY_SOCKET_PATH_MAX)
		return err_set(err, ERR_USAGE,
			"server.data = %s is too long for the proxy's socket: use at "
			"most "
			"%zu bytes",
			s->server_data,
			HAPROXY_SOCKET_PATH_MAX -
				(strlen(path) - strlen(s->server_data)));
	if (s->proxy_apps < 1 || s->proxy_apps > HAPROXY_SLOTS_MAX)
		return err_set(err, ERR_USAGE, "proxy.apps = %" PRId64 ": use 1 to %d",
			s->proxy_apps, HAPROXY_SLOTS_MAX);
	return 0;
}

static int make_folders(const struct settings *s, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int rc = io_make_dir(path_run(s, "proxy", path), 0700, err);

	return rc ? rc : io_make_dir(path_run(s, "proxy/backends", path), 0700, err);
}

/* Another web server may have the port: apps are reached by their own ports then. */
static bool can_have(const struct settings *s, const char *name, const char *listen)
{
	char why[HAPROXY_WHY_SIZE];

	if (!is_on(listen))
		return false;
	if (haproxy_can_bind(s, listen, why))
		return true;
	log_warn("names are not served there: %s = %s %s", name, listen, why);
	return false;
}

static int write_main(const struct settings *s, struct err *err)
{
	char description[HAPROXY_FINGERPRINT_SIZE], path[PATH_TEXT_MAX];
	const struct haproxy_fronts fronts = choose_fronts(s, can_have);
	char key[HAPROXY_KEY_SIZE];
	struct buf b;
	int rc = haproxy_fingerprint(s, description, err);

	buf_init(&b, CONFIG_MAX);
	if (!rc && fronts.nginx)
		rc = haproxy_front_key(s, key, err);
	if (!rc)
		rc = add_config(&b, s, description, &fronts, err);
	if (!rc)
		rc = io_replace_file(
			path_run(s, "proxy/haproxy.cfg", path), 0600, b.data, b.len, err);
	buf_finish(&b);
	return rc;
}

int haproxy_write_config(const struct settings *s, struct err *err)
{
	int rc = check_settings(s, err);

	if (!rc && haproxy_ping(s, NULL) == ERR_AWAY)
		rc = haproxy_check_ports(s, err);
	if (!rc)
		rc = make_folders(s, err);
	if (!rc)
		rc = write_main(s, err);
	if (!rc)
		rc = haproxy_make_map(s, HAPROXY_MAP_PORTS, err);
	if (!rc)
		rc = haproxy_make_map(s, HAPROXY_MAP_DOMAINS, err);
	if (!rc)
		rc = haproxy_make_map(s, HAPROXY_MAP_TO_HTTPS, err);
	if (!rc)
		rc = haproxy_make_map(s, HAPROXY_MAP_HSTS, err);
	if (!rc)
		rc = haproxy_make_map(s, HAPROXY_MAP_PAGES, err);
	if (!rc)
		rc = haproxy_make_map(s, HAPROXY_MAP_WEBS, err);
	if (!rc)
		rc = haproxy_make_certificates(s, err);
	if (!rc)
		rc = write_slots(s, err);
	return rc ? rc : remove_slots_above(s, err);
}
