#include "config/settings.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/number.h"
#include "config/git_library.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SETTINGS_FILE_MAX (64 * 1024)
#define OVERRIDES_MAX 64
#define DATA_PATH_MAX 70
#define SECTION_MAX 128
#define KEY_MAX (2 * SECTION_MAX + 2)

/* Long enough for every wait, and far from what a clock can't be added to. */
#define DAY_MS ((int64_t)24 * 60 * 60 * 1000)
#define DURATION_MAX (30 * DAY_MS)

enum type { TEXT, BOOL, COUNT, BYTES, DURATION, PAUSE /* a duration that may be 0 */ };

struct setting {
	const char *key;
	enum type type;
	size_t offset;
	const char *fallback;
	/* -1 and what would be right, for values that the type alone can't judge. */
	int (*check)(struct settings *s, const char *value, const char **wanted);
};

static int check_absolute(const char *path)
{
	return path[0] == '/' && strlen(path) < 256 ? 0 : -1;
}

/* Sockets lie in it, whose names may have 107 bytes (unix(7)), and HAProxy wants twelve
 * of them for itself while it binds one. */
static int check_data(struct settings *s, const char *value, const char **wanted)
{
	(void)s;
	*wanted = "an absolute path of at most 70 bytes";
	return strlen(value) <= DATA_PATH_MAX ? check_absolute(value) : -1;
}

static int check_builder(struct settings *s, const char *value, const char **wanted)
{
	(void)s;
	*wanted = "buildkit or classic";
	return strcmp(value, "buildkit") && strcmp(value, "classic") ? -1 : 0;
}

static int check_driver(struct settings *s, const char *value, const char **wanted)
{
	(void)s;
	*wanted = "haproxy or none";
	return strcmp(value, "haproxy") && strcmp(value, SETTING_NO_PROXY) ? -1 : 0;
}

static int check_engine(struct settings *s, const char *value, const char **wanted)
{
	(void)s;
	*wanted = "unix:///path or tcp://host:port";
	if (!strncmp(value, "unix://", 7))
		return check_absolute(value + 7);
	return !strncmp(value, "tcp://", 6) && value[6] ? 0 : -1;
}

/* An address in words is looked up only when something listens there. */
static int check_listen(struct settings *s, const char *value, const char **wanted)
{
	const char *colon = strrchr(value, ':');
	size_t len = colon ? (size_t)(colon - value) : 0;
	int64_t port;

	(void)s;
	*wanted = "an address and a port, like [::]:2222 or 127.0.0.1:2222";
	if (!len || number_parse(colon + 1, 0, 65535, &port) < 0)
		return -1;
	if (value[0] == '[' && value[len - 1] == ']')
		return len > 2 ? 0 : -1;
	return memchr(value, ':', len) ? -1 : 0;
}

static int check_listen_or_off(struct settings *s, const char *value, const char **wanted)
{
	int rc = strcmp(value, SETTING_OFF) ? check_listen(s, value, wanted) : 0;

	*wanted = "an address and a port, like [::]:80 or 127.0.0.1:8080, or off";
	return rc;
}

static int check_front(struct settings *s, const char *value, const char **wanted)
{
	(void)s;
	*wanted = "off or nginx";
	return strcmp(value, SETTING_OFF) && strcmp(value, SETTING_NGINX) ? -1 : 0;
}

/* What comes there from nginx is believed. */
static int check_loopback(struct settings *s, const char *value, const char **wanted)
{
	int rc = check_listen(s, value, wanted);

	*wanted = "an address of this machine alone and a port, like 127.0.0.1:8081";
	return !rc && (!strncmp(value, "127.", 4) || !strncmp(value, "[::1]:", 6)) ? 0
										   : -1;
}

/* It stands in nginx's configuration, and in messages. */
static int check_front_file(struct settings *s, const char *value, const char **wanted)
{
	(void)s;
	*wanted = "an absolute path, or nothing";
	return *value ? check_absolute(value) : 0;
}

static int check_tries(struct settings *s, const char *value, const char **wanted)
{
	(void)value;
	*wanted = "a number from 1 to 1000";
	return s->ssh_max_tries <= 1000 ? 0 : -1;
}

static int check_grace(struct settings *s, const char *value, const char **wanted)
{
	(void)value;
	*wanted = "a duration of at most 24h, like 30s";
	return s->ssh_login_grace <= DAY_MS ? 0 : -1;
}

static int check_engine_timeout(
	struct settings *s, const char *value, const char **wanted)
{
	(void)value;
	*wanted = "a duration from 3s to 1h, like 30s";
	return s->engine_timeout >= 3000 && s->engine_timeout <= DAY_MS / 24 ? 0 : -1;
}

static int check_proxy_timeout(struct settings *s, const char *value, const char **wanted)
{
	(void)value;
	*wanted = "a duration from 1s to 24h, like 60s";
	return s->proxy_timeout >= 1000 && s->proxy_timeout <= DAY_MS ? 0 : -1;
}

static int read_ports(const char *value, int64_t *from, int64_t *to, const char **wanted)
{
	char first[16];
	const char *dash = strchr(value, '-');
	size_t len = dash ? (size_t)(dash - value) : 0;

	*wanted = "two ports, the lower first, at most 1000 apart, like 8100-8199";
	if (!dash || len >= sizeof(first))
		return -1;
	memcpy(first, value, len);
	first[len] = '\0';
	if (number_parse(first, 1, 65535, from) < 0 ||
		number_parse(dash + 1, 1, 65535, to) < 0)
		return -1;
	return *from <= *to && *to - *from <= 1000 ? 0 : -1;
}

static int check_ports(struct settings *s, const char *value, const char **wanted)
{
	return read_ports(value, &s->proxy_port_first, &s->proxy_port_last, wanted);
}

static int check_published(struct settings *s, const char *value, const char **wanted)
{
	return read_ports(
		value, &s->proxy_published_first, &s->proxy_published_last, wanted);
}

static int check_pool(struct settings *s, const char *value, const char **wanted)
{
	char base[INET_ADDRSTRLEN];
	const char *slash = strchr(value, '/');
	size_t len = slash ? (size_t)(slash - value) : 0;
	struct in_addr addr;
	int64_t bits;

	*wanted = "an IPv4 network of /8 to /27, like 10.213.0.0/16";
	if (!slash || len >= sizeof(base))
		return -1;
	memcpy(base, value, len);
	base[len] = '\0';
	if (inet_pton(AF_INET, base, &addr) != 1 ||
		number_parse(slash + 1, 8, 27, &bits) < 0)
		return -1;
	s->network_base = ntohl(addr.s_addr);
	s->network_bits = (int)bits;
	return s->network_base & ((1U << (32 - bits)) - 1) ? -1 : 0;
}

#define AT(field) offsetof(struct settings, field)

static const struct setting table[] = {
	{"server.data", TEXT, AT(server_data), "/var/lib/bardo", check_data},
	{"server.hostname", TEXT, AT(server_hostname), "", NULL},
	{"server.create-on-push", BOOL, AT(server_create_on_push), "true", NULL},
	{"ssh.listen", TEXT, AT(ssh_listen), "[::]:2222", check_listen},
	{"ssh.max-connections", COUNT, AT(ssh_max_connections), "100", NULL},
	{"ssh.max-per-address", COUNT, AT(ssh_max_per_address), "20", NULL},
	{"ssh.logins-per-minute", COUNT, AT(ssh_logins_per_minute), "120", NULL},
	{"ssh.login-grace", DURATION, AT(ssh_login_grace), "30s", check_grace},
	{"ssh.max-tries", COUNT, AT(ssh_max_tries), "10", check_tries},
	{"http.listen", TEXT, AT(http_listen), "127.0.0.1:8080", check_listen},
	{"git.max-pack-size", BYTES, AT(git_max_pack_size), "4g", NULL},
	{"engine.host", TEXT, AT(engine_host), NULL, check_engine},
	{"engine.timeout", DURATION, AT(engine_timeout), "30s", check_engine_timeout},
	{"build.dockerfile", TEXT, AT(build_dockerfile), "Dockerfile", NULL},
	{"build.dir", TEXT, AT(build_dir), "", NULL},
	{"build.timeout", DURATION, AT(build_timeout), "30m", NULL},
	{"build.builder", TEXT, AT(build_builder), "buildkit", check_builder},
	{"build.min-free", BYTES, AT(build_min_free), "512m", NULL},
	{"check.timeout", DURATION, AT(check_timeout), "60s", NULL},
	{"deploy.drain", PAUSE, AT(deploy_drain), "30s", NULL},
	{"deploy.bake", PAUSE, AT(deploy_bake), "30s", NULL},
	{"deploy.keep-images", COUNT, AT(deploy_keep_images), "10", NULL},
	{"events.keep", COUNT, AT(events_keep), "10000", NULL},
	{"proxy.driver", TEXT, AT(proxy_driver), "haproxy", check_driver},
	{"proxy.bind", TEXT, AT(proxy_bind), "[::]", NULL},
	{"proxy.http", TEXT, AT(proxy_http), "[::]:80", check_listen_or_off},
	{"proxy.https", TEXT, AT(proxy_https), "[::]:443", check_listen_or_off},
	{"proxy.front", TEXT, AT(proxy_front), SETTING_OFF, check_front},
	{"proxy.front-listen", TEXT, AT(proxy_front_listen), "127.0.0.1:8081",
		check_loopback},
	{"proxy.front-file", TEXT, AT(proxy_front_file), "", check_front_file},
	{"proxy.front-command", TEXT, AT(proxy_front_command), "nginx", NULL},
	{"proxy.ports", TEXT, AT(proxy_ports), "8100-8199", check_ports},
	{"proxy.published", TEXT, AT(proxy_published), "8200-8299", check_published},
	{"proxy.apps", COUNT, AT(proxy_apps), "256", NULL},
	{"proxy.timeout", DURATION, AT(proxy_timeout), "60s", check_proxy_timeout},
	{"network.pool", TEXT, AT(network_pool), "10.213.0.0/16", check_pool},
};

#define SETTINGS (sizeof(table) / sizeof(table[0]))

bool settings_have_proxy(const struct settings *s)
{
	return strcmp(s->proxy_driver, SETTING_NO_PROXY) != 0;
}

static const struct setting *find(const char *key)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		if (!strcasecmp(table[i].key, key))
			return &table[i];
	}
	return NULL;
}

static int store_bool(bool *at, const char *value)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0"};

	for (size_t i = 0; i < 4; i++) {
		if (!strcasecmp(value, yes[i]) || !strcasecmp(value, no[i])) {
			*at = !strcasecmp(value, yes[i]);
			return 0;
		}
	}
	return -1;
}

static int store_duration(int64_t *at, const char *value, int64_t least)
{
	int64_t ms;

	if (number_parse_duration(value, &ms) < 0 || ms < least || ms > DURATION_MAX)
		return -1;
	*at = ms;
	return 0;
}

/* Puts the value where it belongs; -1 and what would be right. */
static int store_value(struct settings *s, const struct setting *t, const char *value,
	const char **wanted)
{
	char *at = (char *)s + t->offset;

	switch (t->type) {
	case BOOL:
		*wanted = "true or false";
		if (store_bool((bool *)at, value) < 0)
			return -1;
		break;
	case COUNT:
		*wanted = "a number from 1 to 65535";
		if (number_parse(value, 1, 65535, (int64_t *)at) < 0)
			return -1;
		break;
	case BYTES:
		*wanted = "a size like 512m or 4g";
		if (number_parse_size(value, (int64_t *)at) < 0)
			return -1;
		break;
	case DURATION:
	case PAUSE:
		*wanted = t->type == PAUSE ? "a duration like 30s, or 0; 720h at most"
					   : "a duration like 30s or 20m; 720h at most";
		if (store_duration((int64_t *)at, value, t->type == PAUSE ? 0 : 1) < 0)
			return -1;
		break;
	case TEXT:
		*wanted = "one line of less than 512 bytes";
		if (strlen(value) >= SETTING_TEXT_MAX || strpbrk(value, "\n\r"))
			return -1;
		(void)strncpy(at, value, SETTING_TEXT_MAX - 1);
		break;
	}
	return t->check ? t->check(s, value, wanted) : 0;
}

static int set(struct settings *s, const char *key, const char *value, const char *where,
	struct err *err)
{
	const struct setting *t = find(key);
	const char *wanted;

	if (!t)
		return err_set(err, ERR_USAGE,
			"%s: unknown setting %.100s; `bardo settings` lists all", where,
			key);
	if (!value && t->type != BOOL)
		return err_set(err, ERR_USAGE, "%s: %s has no value: write %s = …", where,
			t->key, t->key);
	value = value ? value : "true";
	if (store_value(s, t, value, &wanted) < 0)
		return err_set(err, ERR_USAGE, "%s: %s = %.100s: it must be %s", where,
			t->key, value, wanted);
	return 0;
}

/* libgit2 gives the entries in the file's order, but not on which lines they stand: a
 * second look at the text goes along. */
struct mentions {
	const char *at; /* start of a line */
	int line;
	char section[SECTION_MAX];
};

/* Takes a line off m, and gives the key that it sets, "" if it sets none. */
static void next_key(struct mentions *m, char key[KEY_MAX])
{
	const char *p = m->at + strspn(m->at, " \t");
	char name[SECTION_MAX];
	int len = 0;

	key[0] = '\0';
	if (*p == '[') {
		if (sscanf(p, "[%127[^] \t\n\"]]%n", m->section, &len) != 1 || !len)
			m->section[0] = '\0'; /* a subsection: no setting has one */
		p += len + (int)strspn(p + len, " \t");
	}
	if (sscanf(p, "%127[A-Za-z0-9-]", name) == 1)
		(void)snprintf(key, KEY_MAX, "%s.%s", m->section, name);
	m->line++;
	m->at += strcspn(m->at, "\n");
	m->at += *m->at ? 1 : 0;
}

/* The line of the next mention of key, 0 if it isn't found. */
static int find_line(struct mentions *m, const char *key)
{
	struct mentions ahead = *m;
	char found[KEY_MAX];

	while (*ahead.at) {
		next_key(&ahead, found);
		if (!strcasecmp(found, key)) {
			*m = ahead;
			return ahead.line;
		}
	}
	return 0;
}

static int git_failed(const char *file, int code, struct err *err)
{
	const git_error *e = git_error_last();

	return err_set(
		err, code, "%s: %s", file, e && e->message ? e->message : "unreadable");
}

static int read_entries(struct settings *s, git_config *config, const char *file,
	const char *text, struct err *err)
{
	struct mentions mentions = {.at = text};
	git_config_iterator *it = NULL;
	git_config_entry *entry;
	int rc = 0;

	if (git_config_iterator_new(&it, config) < 0)
		return git_failed(file, ERR_FAILED, err);
	while (!rc && git_config_next(&entry, it) == 0) {
		char where[SETTING_TEXT_MAX + 32];
		int line = find_line(&mentions, entry->name);

		if (line)
			(void)snprintf(where, sizeof(where), "%.400s:%d", file, line);
		else
			(void)snprintf(where, sizeof(where), "%.400s", file);
		rc = set(s, entry->name, entry->value, where, err);
	}
	git_config_iterator_free(it);
	return rc;
}

static int read_file(struct settings *s, const char *file, struct err *err)
{
	git_config *config = NULL;
	struct buf text;
	int rc;

	buf_init(&text, SETTINGS_FILE_MAX);
	rc = io_read_file(file, &text, err);
	if (!rc) {
		git_library_start();
		if (git_config_open_ondisk(&config, file) < 0)
			rc = git_failed(file, ERR_USAGE, err);
		else
			rc = read_entries(s, config, file, buf_text(&text), err);
		git_config_free(config);
		(void)git_libgit2_shutdown();
	}
	buf_finish(&text);
	return rc;
}

static int apply_override(struct settings *s, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	char key[128], where[160];

	if (!equals || (size_t)(equals - text) >= sizeof(key))
		return err_set(
			err, ERR_USAGE, "-c %.100s: write -c section.key=value", text);
	memcpy(key, text, (size_t)(equals - text));
	key[equals - text] = '\0';
	(void)snprintf(where, sizeof(where), "-c %s", key);
	return set(s, key, equals + 1, where, err);
}

static int apply_defaults(struct settings *s, struct err *err)
{
	int rc = 0;

	*s = (struct settings){0};
	for (size_t i = 0; i < SETTINGS && !rc; i++) {
		if (table[i].fallback)
			rc = set(s, table[i].key, table[i].fallback, "default", err);
	}
	return rc;
}

/* Last, since DOCKER_HOST may be something that docker understands and we don't. */
static int apply_docker_host(struct settings *s, struct err *err)
{
	const char *docker = getenv("DOCKER_HOST");

	if (s->engine_host[0])
		return 0;
	return set(s, "engine.host",
		docker && *docker ? docker : "unix:///var/run/docker.sock", "DOCKER_HOST",
		err);
}

static int check_together(const struct settings *s, struct err *err)
{
	if (settings_have_proxy(s) || !strcmp(s->proxy_front, SETTING_OFF))
		return 0;
	return err_set(err, ERR_USAGE,
		"proxy.front = %s passes visitors on to HAProxy: it must be off with "
		"proxy.driver = %s",
		s->proxy_front, s->proxy_driver);
}

int settings_load(struct settings *s, const char *file, const char *const *overrides,
	size_t overrides_len, struct err *err)
{
	int rc = apply_defaults(s, err);

	if (!rc && file)
		rc = read_file(s, file, err);
	for (size_t i = 0; i < overrides_len && !rc; i++)
		rc = apply_override(s, overrides[i], err);
	if (!rc)
		rc = check_together(s, err);
	return rc ? rc : apply_docker_host(s, err);
}

int settings_print(const struct settings *s, FILE *to)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const char *at = (const char *)s + table[i].offset;

		(void)fprintf(to, "%s=", table[i].key);
		if (table[i].type == TEXT)
			(void)fprintf(to, "%s\n", at);
		else if (table[i].type == BOOL)
			(void)fprintf(to, "%s\n", *(const bool *)at ? "true" : "false");
		else
			(void)fprintf(to, "%lld%s\n", (long long)*(const int64_t *)at,
				table[i].type == DURATION || table[i].type == PAUSE ? "ms"
										    : "");
	}
	return fflush(to) ? -1 : 0;
}

int settings_load_exported(struct settings *s, struct err *err)
{
	const char *resolved = getenv("BARDO_SETTINGS");
	const char *file = resolved ? NULL : getenv("BARDO_CONFIG");
	const char *lines = resolved ? resolved : getenv("BARDO_OVERRIDES");
	const char *overrides[OVERRIDES_MAX];
	char *text = strdup(lines ? lines : ""), *save = NULL;
	size_t n = 0;
	int rc;

	if (!text)
		return err_set(err, ERR_FAILED, "out of memory");
	for (char *p = strtok_r(text, "\n", &save); p; p = strtok_r(NULL, "\n", &save)) {
		if (n == OVERRIDES_MAX) {
			free(text);
			return err_set(err, ERR_USAGE, "more than %d -c", OVERRIDES_MAX);
		}
		overrides[n++] = p;
	}
	rc = settings_load(s, file && *file ? file : NULL, overrides, n, err);
	free(text);
	return rc;
}
