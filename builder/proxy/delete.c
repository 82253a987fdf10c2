#include "builder/proxy/haproxy.h"

#include "builder/proxy/config.h"
#include "builder/proxy/socket.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

/* How long a drained server's last requests may take once it is to go, and how long
 * HAProxy may then take to be rid of what it cut. */
#define LAST_REQUESTS_MS 1000
#define CUT_MS 5000
#define LOOK_FIRST_MS 1
#define LOOK_MAX_MS 50

struct removal {
	const struct settings *s;
	char name[HAPROXY_NAME_SIZE + 32]; /* slot/server */
	struct buf said;
};

static int ask(struct removal *r, const char *verb, const char *state, struct err *err)
{
	char command[sizeof(r->name) + 64];

	(void)snprintf(command, sizeof(command), "%s %s%s", verb, r->name, state);
	return haproxy_ask(r->s, command, &r->said, err);
}

static bool said(const struct removal *r, const char *what)
{
	return !strcmp(buf_text(&r->said), what);
}

/* Tries until it is gone or ms have passed: 0, ERR_BUSY as long as requests hold it. */
static int delete_within(struct removal *r, int64_t ms, struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + ms;
	int pause = LOOK_FIRST_MS, rc;

	while (!(rc = ask(r, "del server", "", err))) {
		if (said(r, "Server deleted.") || said(r, "No such server."))
			return 0;
		if (clock_monotonic_ms() >= deadline)
			return ERR_BUSY;
		/* HAProxy tells nobody when a connection ends. */
		(void)poll(NULL, 0, pause);
		pause = pause * 2 < LOOK_MAX_MS ? pause * 2 : LOOK_MAX_MS;
	}
	return rc;
}

int haproxy_delete(
	const struct settings *s, int slot, const char *server, struct err *err)
{
	struct removal r = {.s = s};
	int rc;

	(void)snprintf(r.name, sizeof(r.name), SLOT_FORMAT "/%s", slot, server);
	buf_init(&r.said, HAPROXY_REPLY_MAX);
	rc = ask(&r, "set server", " state maint", err);
	if (!rc && !said(&r, "") && !said(&r, "No such server."))
		rc = err_set(err, ERR_FAILED, "HAProxy doesn't let go of %s: %s", r.name,
			buf_text(&r.said));
	if (!rc)
		rc = delete_within(&r, LAST_REQUESTS_MS, err);
	if (rc == ERR_BUSY) {
		rc = ask(&r, "shutdown sessions server", "", err);
		if (!rc)
			rc = delete_within(&r, CUT_MS, err);
	}
	if (rc == ERR_BUSY)
		rc = err_set(err, ERR_FAILED,
			"HAProxy doesn't delete %s, whose connections were cut: %s",
			r.name, buf_text(&r.said));
	buf_finish(&r.said);
	return rc;
}
