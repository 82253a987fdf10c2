#ifndef BARDO_TESTS_PROXY_H
#define BARDO_TESTS_PROXY_H

#include "builder/proxy/haproxy.h"
#include "config/base/err.h"
#include "config/settings.h"
#include "tests/support/web.h"

/* A HAProxy of a test's own, and apps behind it, for cmocka tests. */

#define PORTS 4

struct proxy {
	struct settings s;
	char folder[64];
	struct err err;
};

/* Setup: a folder with settings for it, and no proxy yet. */
int make_proxy(void **state);

/* Setup: one that runs, if this machine has one. Port i leads to slot i, but for the
 * last, which leads nowhere. */
int make_running(void **state);

/* Teardown of both. */
int destroy(void **state);

void start_proxy(struct proxy *p);
void stop_proxy(struct proxy *p);

/* Skips the test if this machine has no HAProxy. */
void need_haproxy(void);

int port_of(const struct proxy *p, int i);

/* A web server with this page, and what haproxy_route calls it. */
struct web *web(const char *text);
struct haproxy_server server(const char *name, const struct web *w);

/* Two lives of slot 0, whose pages are "old" and "new"; the first has the traffic. */
struct lives {
	struct web *old_web, *new_web;
	struct haproxy_server old, new;
};

struct lives start_lives(struct proxy *p);
void stop_lives(struct lives *l);

/* That what filled p->err succeeded. */
void assert_done(const struct proxy *p, int rc);
void assert_page(int port, const char *text);
/* servers are the file's lines after the first. */
void assert_slot_file(struct proxy *p, int slot, const char *servers);

#endif
