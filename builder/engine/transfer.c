#include "builder/engine/private.h"

#include "config/base/clock.h"
#include "config/base/err.h"

/* How often the clock is looked at while nothing arrives. */
#define TICK 1000

/* A transfer under way. */
struct transfer {
	struct engine *e;
	CURL *easy;
	struct engine_wait *wait;
	int64_t started;
	int64_t ticked; /* when idle was last called */
	int64_t pinged; /* when the last ping began, and when it was answered */
	int64_t answered;
	bool pinging;
	bool done;
	CURLcode result; /* once done */
};

/* On a connection of its own: the silent one is taken. */
static int start_ping(struct transfer *t, struct err *err)
{
	CURL *ping = t->e->ping;
	int rc = engine_prepare(t->e, ping, NULL, "/_ping", err);

	if (rc)
		return rc;
	(void)curl_easy_setopt(ping, CURLOPT_WRITEFUNCTION, engine_ignore_body);
	(void)curl_easy_setopt(ping, CURLOPT_TIMEOUT_MS, t->e->ping_timeout);
	if (curl_multi_add_handle(t->e->multi, ping) != CURLM_OK)
		return err_set(err, ERR_FAILED, "out of memory");
	t->pinging = true;
	t->pinged = clock_monotonic_ms();
	return 0;
}

static void stop_ping(struct transfer *t)
{
	if (t->pinging)
		(void)curl_multi_remove_handle(t->e->multi, t->e->ping);
	t->pinging = false;
}

/* What curl has ended: the transfer itself, or the ping, whose failure means that the
 * Engine is away. */
static int read_messages(struct transfer *t, struct err *err)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(t->e->multi, &left))) {
		CURLcode result = m->data.result;
		long os_error = 0;

		if (m->msg != CURLMSG_DONE)
			continue;
		if (m->easy_handle == t->easy) {
			t->done = true;
			t->result = result;
			continue;
		}
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_OS_ERRNO, &os_error);
		stop_ping(t);
		t->answered = clock_monotonic_ms();
		if (result != CURLE_OK && t->wait->heard <= t->pinged)
			return engine_curl_error(
				t->e, result, os_error, t->wait->what, err);
	}
	return 0;
}

/* What is due now; *next is how long nothing is. */
static int look_at_clock(struct transfer *t, int *next, struct err *err)
{
	int64_t now = clock_monotonic_ms();
	int64_t quiet_since = t->wait->heard > t->answered ? t->wait->heard : t->answered;
	int64_t left = TICK;

	if (t->wait->timeout) {
		int64_t until_end = t->started + t->wait->timeout - now;

		if (until_end <= 0)
			return err_set(err, ERR_BUSY, "it took too long");
		left = until_end < left ? until_end : left;
	}
	if (!t->pinging) {
		int64_t until_ping = quiet_since + t->e->silence - now;

		if (until_ping <= 0)
			return start_ping(t, err);
		left = until_ping < left ? until_ping : left;
	}
	*next = (int)left;
	if (!t->wait->idle || now - t->wait->heard < TICK || now - t->ticked < TICK)
		return 0;
	t->ticked = now;
	return t->wait->idle(t->wait->ctx, err);
}

static int run(struct transfer *t, struct err *err)
{
	int running, next = 0, rc;

	for (;;) {
		if (curl_multi_perform(t->e->multi, &running) != CURLM_OK)
			return err_set(err, ERR_FAILED, "out of memory");
		rc = read_messages(t, err);
		if (rc || t->done)
			return rc;
		next = 0;
		rc = look_at_clock(t, &next, err);
		if (rc)
			return rc;
		(void)curl_multi_poll(t->e->multi, NULL, 0, next, NULL);
	}
}

int engine_transfer(struct engine *e, CURL *easy, struct engine_wait *w, struct err *err)
{
	struct transfer t = {.e = e, .easy = easy, .wait = w};
	long os_error = 0;
	int rc;

	t.started = t.ticked = t.answered = w->heard = clock_monotonic_ms();
	if (curl_multi_add_handle(e->multi, easy) != CURLM_OK)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = run(&t, err);
	stop_ping(&t);
	(void)curl_multi_remove_handle(e->multi, easy);
	if (rc)
		return rc;
	if (t.result == CURLE_WRITE_ERROR || t.result == CURLE_ABORTED_BY_CALLBACK)
		return err_set(err, ERR_FAILED, "it was given up");
	if (t.result != CURLE_OK) {
		(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
		return engine_curl_error(e, t.result, os_error, w->what, err);
	}
	return 0;
}
