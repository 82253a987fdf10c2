#include "builder/proxy/haproxy.h"

#include "builder/proxy/config.h"
#include "builder/proxy/map.h"
#include "builder/proxy/socket.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/paths.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define ADDED_AT_ONCE 32
#define NAMED_AT_ONCE 32

/* What is to become of a slot, and what it was, to take it back. */
struct change {
	const struct settings *s;
	int slot;
	const struct haproxy_server *wanted;
	size_t wanted_len;
	struct haproxy_shown before[HAPROXY_SERVERS_MAX];
	size_t before_len, ready_before;
};

static const struct haproxy_server *find_wanted(const struct change *c, const char *name)
{
	for (size_t i = 0; i < c->wanted_len; i++) {
		if (!strcmp(c->wanted[i].name, name))
			return &c->wanted[i];
	}
	return NULL;
}

static const struct haproxy_shown *find_before(const struct change *c, const char *name)
{
	for (size_t i = 0; i < c->before_len; i++) {
		if (!strcmp(c->before[i].server.name, name))
			return &c->before[i];
	}
	return NULL;
}

int haproxy_check_server(const struct haproxy_server *server, struct err *err)
{
	static const char usable[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789._-";
	char host[INET_ADDRSTRLEN];
	const char *colon = strchr(server->address, ':');
	size_t len = colon ? (size_t)(colon - server->address) : sizeof(host);
	struct in_addr addr;
	int64_t port;

	if (!*server->name || server->name[strspn(server->name, usable)])
		return err_set(err, ERR_USAGE, "\"%s\" can't be the name of a server",
			server->name);
	if (len < sizeof(host)) {
		memcpy(host, server->address, len);
		host[len] = '\0';
		/* HAProxy would take anything else for a host's name, and wait for DNS.
		 */
		if (inet_pton(AF_INET, host, &addr) == 1 &&
			number_parse(colon + 1, 1, 65535, &port) == 0)
			return 0;
	}
	return err_set(err, ERR_USAGE,
		"\"%s\" is not where server %s can be: it takes an IPv4 address and a "
		"port",
		server->address, server->name);
}

static int prepare(struct change *c, struct err *err)
{
	size_t added = 0;
	int rc = 0;

	if (c->slot < 0 || c->slot >= HAPROXY_SLOTS_MAX)
		return err_set(err, ERR_USAGE, "there is no slot %d", c->slot);
	for (size_t i = 0; i < c->wanted_len && !rc; i++)
		rc = haproxy_check_server(&c->wanted[i], err);
	if (!rc)
		rc = haproxy_show(c->s, c->slot, c->before, &c->before_len, err);
	if (rc)
		return rc;
	for (size_t i = 0; i < c->wanted_len; i++)
		added += !find_before(c, c->wanted[i].name);
	for (size_t i = 0; i < c->before_len; i++)
		c->ready_before += c->before[i].state == HAPROXY_READY;
	if (c->before_len + added <= HAPROXY_SERVERS_MAX)
		return 0;
	return err_set(err, ERR_FAILED,
		"%zu servers beside %zu that are there, some of them draining, are more "
		"than %d: try again when those have gone",
		added, c->before_len, HAPROXY_SERVERS_MAX);
}

/* Takes the last separator off: HAProxy would see an unknown command behind it. */
static char *whole(struct buf *commands)
{
	commands->data[--commands->len] = '\0';
	return commands->data;
}

/* Runs commands, if any were written (written: 0 or what buf gave), and frees them. */
static int tell(const struct change *c, struct buf *commands, int written,
	const char *done, struct err *err)
{
	int rc = 0;

	if (written)
		rc = err_set(err, ERR_FAILED, "more than %d bytes of commands",
			HAPROXY_COMMAND_MAX);
	else if (commands->len)
		rc = haproxy_tell(c->s, whole(commands), done, err);
	buf_finish(commands);
	return rc;
}

/* Added servers take nothing until they are enabled. */
static int add_some(const struct change *c, size_t from, size_t to, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_COMMAND_MAX);
	for (size_t i = from; i < to && i < c->wanted_len; i++) {
		const struct haproxy_server *w = &c->wanted[i];

		if (!find_before(c, w->name))
			rc |= buf_addf(&b,
				"add server " SLOT_FORMAT "/%s %s " HAPROXY_CHECK ";",
				c->slot, w->name, w->address);
	}
	return tell(c, &b, rc, "New server registered.", err);
}

/* As many at once as fit into one line of commands. */
static int add_missing(const struct change *c, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < c->wanted_len && !rc; i += ADDED_AT_ONCE)
		rc = add_some(c, i, i + ADDED_AT_ONCE, err);
	return rc;
}

static int add_move(struct buf *b, int slot, const char *name, const char *address)
{
	const char *colon = strchr(address, ':');

	return buf_addf(b, "set server " SLOT_FORMAT "/%s addr %.*s port %s;", slot, name,
		(int)(colon - address), address, colon + 1);
}

/* A server that is there under the same name, and elsewhere: its container was made
 * again. HAProxy's answer is a sentence either way; verify() sees whether it moved. */
static int move_servers(const struct change *c, struct err *err)
{
	struct buf b, reply;
	int rc = 0;

	buf_init(&b, HAPROXY_COMMAND_MAX);
	buf_init(&reply, HAPROXY_REPLY_MAX);
	for (size_t i = 0; i < c->wanted_len; i++) {
		const struct haproxy_server *w = &c->wanted[i];
		const struct haproxy_shown *was = find_before(c, w->name);

		if (was && strcmp(was->server.address, w->address))
			rc |= add_move(&b, c->slot, w->name, w->address);
	}
	if (!rc && b.len)
		rc = haproxy_ask(c->s, whole(&b), &reply, err);
	buf_finish(&reply);
	buf_finish(&b);
	return rc;
}

static int enable_wanted(const struct change *c, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_COMMAND_MAX);
	for (size_t i = 0; i < c->wanted_len; i++)
		rc |= buf_addf(&b, "set server " SLOT_FORMAT "/%s state ready;", c->slot,
			c->wanted[i].name);
	return tell(c, &b, rc, NULL, err);
}

/* One that isn't looked at any more is up, whatever was seen of it last. */
static int add_watch(struct buf *b, int slot, const char *name, bool watched)
{
	if (watched)
		return buf_addf(b, "enable health " SLOT_FORMAT "/%s;", slot, name);
	return buf_addf(b,
		"disable health " SLOT_FORMAT "/%s;set server " SLOT_FORMAT
		"/%s health up;",
		slot, name, slot, name);
}

/* A server that was started by an older bardo can't be watched, and serves all the same:
 * what HAProxy says of that is nobody's trouble. */
static int watch_wanted(const struct change *c, struct err *err)
{
	struct buf b, reply;
	int rc = 0;

	buf_init(&b, HAPROXY_COMMAND_MAX);
	buf_init(&reply, HAPROXY_REPLY_MAX);
	for (size_t i = 0; i < c->wanted_len; i++)
		rc |= add_watch(&b, c->slot, c->wanted[i].name, c->wanted_len > 1);
	if (!rc && b.len)
		rc = haproxy_ask(c->s, whole(&b), &reply, err);
	buf_finish(&reply);
	buf_finish(&b);
	return rc;
}

/* ---- who may be asked when none of them is healthy ---- */

static int add_entry(struct buf *b, const char *map, const char *key, const char *value)
{
	int rc = buf_addf(b, "del map %s %s;", map, key);

	return value ? rc | buf_addf(b, "add map %s %s %s;", map, key, value) : rc;
}

/* "N/SLOT" leads to the Nth name, SLOT to how many there are. An entry that isn't there
 * yet can't be deleted: HAProxy's sentence about that is nobody's trouble, as is a proxy
 * that was started by an older bardo and has no such map. */
static int name_some(const struct change *c, const char *const *names, size_t len,
	size_t from, struct err *err)
{
	char map[PATH_TEXT_MAX], key[32], count[32];
	struct buf b, reply;
	int rc = 0;

	buf_init(&b, HAPROXY_COMMAND_MAX);
	buf_init(&reply, HAPROXY_REPLY_MAX);
	(void)haproxy_map_path(c->s, HAPROXY_MAP_WEBS, map);
	(void)snprintf(count, sizeof(count), "%zu", len);
	for (size_t i = from; i < from + NAMED_AT_ONCE; i++) {
		(void)snprintf(key, sizeof(key), "%zu/" SLOT_FORMAT, i, c->slot);
		rc |= add_entry(&b, map, key, i < len ? names[i] : NULL);
	}
	(void)snprintf(key, sizeof(key), SLOT_FORMAT, c->slot);
	rc |= add_entry(&b, map, key, len ? count : NULL);
	if (!rc)
		rc = haproxy_ask(c->s, whole(&b), &reply, err);
	buf_finish(&reply);
	buf_finish(&b);
	return rc;
}

/* A lone server isn't looked at, and never left out. */
static int name_all(const struct change *c, const char *const *names, size_t len,
	size_t before, struct err *err)
{
	size_t most = len > before ? len : before;
	int rc = 0;

	if (most < 2)
		return 0;
	for (size_t i = 0; i < most && !rc; i += NAMED_AT_ONCE)
		rc = name_some(c, names, len > 1 ? len : 0, i, err);
	return rc;
}

static int name_wanted(const struct change *c, struct err *err)
{
	const char *names[HAPROXY_SERVERS_MAX];

	for (size_t i = 0; i < c->wanted_len; i++)
		names[i] = c->wanted[i].name;
	return name_all(c, names, c->wanted_len, c->before_len, err);
}

static void name_as_before(const struct change *c)
{
	const char *names[HAPROXY_SERVERS_MAX];
	size_t len = 0;

	for (size_t i = 0; i < c->before_len; i++) {
		if (c->before[i].state == HAPROXY_READY)
			names[len++] = c->before[i].server.name;
	}
	(void)name_all(c, names, len, c->wanted_len, NULL);
}

static int drain_others(const struct change *c, struct err *err)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, HAPROXY_COMMAND_MAX);
	for (size_t i = 0; i < c->before_len; i++) {
		const struct haproxy_shown *was = &c->before[i];

		if (was->state == HAPROXY_READY && !find_wanted(c, was->server.name))
			rc |= buf_addf(&b, "set server " SLOT_FORMAT "/%s state drain;",
				      c->slot, was->server.name) |
				add_watch(&b, c->slot, was->server.name, false);
	}
	return tell(c, &b, rc, NULL, err);
}

/* That HAProxy has what was asked for, whatever it said. */
static int verify(const struct change *c, struct err *err)
{
	struct haproxy_shown now[HAPROXY_SERVERS_MAX];
	size_t len, ready = 0;
	int rc = haproxy_show(c->s, c->slot, now, &len, err);

	for (size_t i = 0; i < len && !rc; i++) {
		const struct haproxy_server *w = find_wanted(c, now[i].server.name);
		bool right = w && !strcmp(w->address, now[i].server.address);

		if ((now[i].state == HAPROXY_READY) != right)
			rc = err_set(err, ERR_FAILED,
				"HAProxy has server %s at %s %s after it was told not to",
				now[i].server.name, now[i].server.address,
				now[i].state == HAPROXY_READY ? "in use" : "out of use");
		ready += right;
	}
	if (!rc && ready != c->wanted_len)
		rc = err_set(err, ERR_FAILED,
			"HAProxy has %zu of the %zu servers that it was given", ready,
			c->wanted_len);
	return rc;
}

/* The servers that were there serve again before the added ones go; given up when
 * HAProxy has died or hangs: it starts again with the files, which are as before. */
static void take_back(const struct change *c)
{
	static const char *const states[] = {
		[HAPROXY_READY] = "ready",
		[HAPROXY_DRAIN] = "drain",
		[HAPROXY_MAINT] = "maint",
	};
	struct buf b, reply;
	int rc = 0;

	buf_init(&b, 2 * HAPROXY_COMMAND_MAX);
	buf_init(&reply, HAPROXY_REPLY_MAX);
	for (size_t i = 0; i < c->before_len && rc != ERR_AWAY; i++) {
		const struct haproxy_shown *was = &c->before[i];
		const struct haproxy_server *w = find_wanted(c, was->server.name);

		buf_reset(&b);
		if (w && strcmp(w->address, was->server.address))
			(void)add_move(
				&b, c->slot, was->server.name, was->server.address);
		(void)buf_addf(&b, "set server " SLOT_FORMAT "/%s state %s;", c->slot,
			was->server.name, states[was->state]);
		(void)add_watch(&b, c->slot, was->server.name,
			was->state == HAPROXY_READY && c->ready_before > 1);
		rc = haproxy_ask(c->s, whole(&b), &reply, NULL);
	}
	if (rc != ERR_AWAY)
		name_as_before(c);
	for (size_t i = 0; i < c->wanted_len && rc != ERR_AWAY; i++) {
		if (!find_before(c, c->wanted[i].name))
			rc = haproxy_delete(c->s, c->slot, c->wanted[i].name, NULL);
	}
	buf_finish(&reply);
	buf_finish(&b);
}

int haproxy_route(const struct settings *s, int slot,
	const struct haproxy_server *servers, size_t len, struct err *err)
{
	static int (*const steps[])(const struct change *, struct err *) = {add_missing,
		move_servers, enable_wanted, name_wanted, watch_wanted, drain_others,
		verify};
	struct change c = {.s = s, .slot = slot, .wanted = servers, .wanted_len = len};
	int rc = prepare(&c, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++)
		rc = steps[i](&c, err);
	if (!rc)
		rc = haproxy_write_slot(s, slot, servers, len, err);
	if (rc)
		take_back(&c);
	return rc;
}
