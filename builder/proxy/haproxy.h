#ifndef BARDO_BUILDER_HAPROXY_H
#define BARDO_BUILDER_HAPROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct settings;

/*
 * HAProxy, driven by its runtime socket (docs.haproxy.org/2.6/management.html 9.3). The
 * configuration declares `proxy.apps` backends that are empty; lives add their servers to
 * one of them and delete them again. What the socket did is also written to the backend's
 * own file, by rename, so that a restart has the same routes. Nothing ever reloads.
 *
 * One process at a time changes a slot: the app's lock sees to that.
 *
 * ERR_AWAY, from all but haproxy_write_config, is that no proxy answered within 5 s; what
 * a proxy reads when it starts (maps, certificates) needs none, but one that is there and
 * hangs doesn't read it. Where HAProxy refuses something the error has its own words.
 */

#define HAPROXY_SERVERS_MAX 64
#define HAPROXY_SLOTS_MAX 10000
#define HAPROXY_NAME_SIZE 128
#define HAPROXY_DOMAIN_SIZE 256

struct haproxy_server {
	char name[HAPROXY_NAME_SIZE]; /* "web.3.1": process, life, index */
	char address[64];	      /* "10.213.0.2:5000": IPv4 and port */
};

/* Writes the configuration's fixed part, an empty backend file for each slot that has
 * none, and an empty map; removes the files of slots that are above `proxy.apps` and
 * empty. Harmless when it is there already. ERR_USAGE: a setting that HAProxy could not
 * read. ERR_FAILED: among others, a port that another program has. */
int haproxy_write_config(const struct settings *s, struct err *err);

/* 0 if a proxy answers on the socket; ERR_AWAY. */
int haproxy_ping(const struct settings *s, struct err *err);

/* Whether the proxy that runs was started with the configuration that these settings
 * give: more backends or other ports need a restart of it. */
int haproxy_is_current(const struct settings *s, bool *current, struct err *err);

/* Makes exactly these servers take the traffic of a slot (0-based): missing ones are
 * added and enabled, and only then others go to drain and keep what they are doing. The
 * file says the same afterwards. len 0 sends it to nobody: visitors get a 503.
 * ERR_FAILED: it refused; then what was added is taken back and the old servers go on.
 * ERR_USAGE: a name or an address that no server can have. */
int haproxy_route(const struct settings *s, int slot,
	const struct haproxy_server *servers, size_t len, struct err *err);

/* What a slot holds, to compare it with what it should. */
enum haproxy_state {
	HAPROXY_READY,
	HAPROXY_DRAIN,
	HAPROXY_MAINT, /* takes nothing: added and not enabled, or about to be deleted */
};

struct haproxy_shown {
	struct haproxy_server server;
	enum haproxy_state state;
	int64_t connections; /* as haproxy_connections */
};

/* Fills out in the order in which they were added. */
int haproxy_show(const struct settings *s, int slot,
	struct haproxy_shown out[HAPROXY_SERVERS_MAX], size_t *len, struct err *err);

/* Connections and requests under way on a server, those that wait for one among them; 0
 * also for one that is not there. A client's idle connection doesn't count. */
int haproxy_connections(const struct settings *s, int slot, const char *server,
	int64_t *out, struct err *err);

/* Takes a drained server away. What is still under way there has a second to end, and is
 * cut then: a request that came in between the last look and this call isn't lost. Not
 * there: success. */
int haproxy_delete(
	const struct settings *s, int slot, const char *server, struct err *err);

/* Which port leads to which slot: replaces the whole map, in its file and at run time. A
 * proxy that doesn't run reads the file when it starts: success. */
struct haproxy_port {
	int port;
	int slot;
};
int haproxy_map_ports(const struct settings *s, const struct haproxy_port *ports,
	size_t len, struct err *err);

/* Which domain leads to which slot, as above: "shop.example.org", or "*.example.org" for
 * every name of one more label that isn't there itself. Lower case. */
struct haproxy_domain {
	char name[HAPROXY_DOMAIN_SIZE];
	int slot;
	bool to_https; /* who comes by HTTP is sent there */
	int64_t hsts;  /* seconds that browsers remember that (RFC 6797); 0: not at all */
};
int haproxy_map_domains(const struct settings *s, const struct haproxy_domain *domains,
	size_t len, struct err *err);

/* Slots whose visitors get a page (HTML) and status 503 instead of an answer: replaces
 * the whole map, as above. Line breaks become blanks: HAProxy writes them as %0A. */
#define HAPROXY_PAGE_MAX (10 * 1024)
struct haproxy_page {
	int slot;
	const char *html; /* at most HAPROXY_PAGE_MAX bytes */
};
int haproxy_map_pages(const struct settings *s, const struct haproxy_page *pages,
	size_t len, struct err *err);

/* Of two processes that replace a map, the later one must have read its list later: take
 * this before reading, close it after mapping. A descriptor, or negative. */
#define HAPROXY_MAP_PORTS "ports"
#define HAPROXY_MAP_DOMAINS "domains"
#define HAPROXY_MAP_TO_HTTPS "to-https"
#define HAPROXY_MAP_HSTS "hsts"
#define HAPROXY_MAP_PAGES "pages"
/* Of a slot with several servers, to which HAPROXY_MAP_WEBS leads when none of them is
 * healthy. Its file is empty: what routes them anew after a start fills it. */
#define HAPROXY_MAP_WEBS "webs"
#define HAPROXY_START "start" /* no map: whoever starts the proxy holds it */
int haproxy_lock_map(const struct settings *s, const char *name, struct err *err);

#endif
