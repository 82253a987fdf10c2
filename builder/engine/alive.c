#include "builder/engine/engine.h"

#include "builder/engine/private.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * Whether a silent Engine is alive: a build, a stop or a stream of events may well be
 * silent for long. So it is asked `/_ping`, on a connection of its own beside what is
 * waited for, and whatever it says on any connection counts as an answer.
 */

/* How often the clock is looked at at least. */
#define TICK 1000
/* The same while a ping is under way and others are waited for, in poll(2). */
#define PING_TICK 50
/* Of the timeout, how long nobody worries. */
#define SILENCE_PART 3
/* Of the patience, how soon people hear that it doesn't answer, and what one that hangs
 * already gets. */
#define TELL_PART 10
#define AGAIN_PART 7

#define VERSION_HEADER "Api-Version:"
#define NOTE_SIZE 128

void engine_set_timeout(struct engine *e, int64_t ms)
{
	e->silence = ms / SILENCE_PART;
	e->patience = ms - e->silence;
}

struct engine_listener engine_on_silence(
	struct engine *e, struct engine_listener listener)
{
	struct engine_listener before = e->listener;

	e->listener = listener;
	return before;
}

void engine_heard(struct engine *e)
{
	e->heard = clock_monotonic_ms();
}

/* What begins has heard nothing yet, but hasn't waited either. */
void engine_begin_to_listen(struct engine *e)
{
	if (!e->pinging)
		engine_heard(e);
}

static void tell(struct engine *e, const char *text)
{
	if (e->listener.tell)
		e->listener.tell(e->listener.ctx, text);
}

static void tell_silence(struct engine *e)
{
	char note[NOTE_SIZE];

	e->told = true;
	(void)snprintf(note, sizeof(note),
		"The Docker Engine has not answered for %d s: waiting",
		(int)((clock_monotonic_ms() - e->heard + 500) / 1000));
	tell(e, note);
}

/* ---- a ping ---- */

static size_t take_version(char *data, size_t size, size_t n, void *ctx)
{
	char *version = ctx;
	size_t len = size * n, at = strlen(VERSION_HEADER), out = 0;

	if (len <= at || strncasecmp(data, VERSION_HEADER, at) != 0)
		return len;
	while (at < len && data[at] == ' ')
		at++;
	while (at < len && out + 1 < ENGINE_VERSION_SIZE && (unsigned char)data[at] > ' ')
		version[out++] = data[at++];
	version[out] = '\0';
	return len;
}

static size_t ignore_body(char *data, size_t size, size_t n, void *ctx)
{
	(void)data;
	(void)ctx;
	return size * n;
}

static int begin_ping(struct engine *e, int64_t limit, struct err *err)
{
	int rc = engine_prepare(e, e->ping, NULL, "/_ping", err);

	if (rc)
		return rc;
	e->theirs[0] = '\0';
	(void)curl_easy_setopt(e->ping, CURLOPT_HEADERFUNCTION, take_version);
	(void)curl_easy_setopt(e->ping, CURLOPT_HEADERDATA, (void *)e->theirs);
	(void)curl_easy_setopt(e->ping, CURLOPT_WRITEFUNCTION, ignore_body);
	if (curl_multi_add_handle(e->multi, e->ping) != CURLM_OK)
		return err_set(err, ERR_FAILED, "out of memory");
	e->pinging = true;
	e->pinged = e->looked = clock_monotonic_ms();
	e->unanswered = 0;
	e->limit = limit;
	return 0;
}

static void end_ping(struct engine *e)
{
	if (e->pinging)
		(void)curl_multi_remove_handle(e->multi, e->ping);
	e->pinging = false;
}

static void note_answer(struct engine *e)
{
	end_ping(e);
	engine_heard(e);
	e->hangs = false;
	if (e->told)
		tell(e, "The Docker Engine answers again");
	e->told = false;
}

static bool was_heard_since(const struct engine *e)
{
	return e->heard > e->pinged;
}

static int take_end_of_ping(struct engine *e, CURLcode result, struct err *err)
{
	long os_error = 0;

	(void)curl_easy_getinfo(e->ping, CURLINFO_OS_ERRNO, &os_error);
	if (result == CURLE_OK || was_heard_since(e)) {
		note_answer(e);
		return 0;
	}
	end_ping(e);
	return engine_curl_error(e, result, os_error, NULL, err);
}

static int give_up(struct engine *e, struct err *err)
{
	end_ping(e);
	e->hangs = true;
	e->told = false;
	return err_set(err, ERR_AWAY,
		"the Docker Engine does not answer, not even a ping, and seems to hang; "
		"look at its log: journalctl -u docker");
}

/* ---- looking ---- */

static int read_messages(struct engine *e, struct engine_end *of, struct err *err)
{
	CURLMsg *m;
	int left, rc = 0;

	while (!rc && (m = curl_multi_info_read(e->multi, &left))) {
		if (m->msg != CURLMSG_DONE)
			continue;
		if (m->easy_handle == e->ping)
			rc = take_end_of_ping(e, m->data.result, err);
		else if (of && m->easy_handle == of->easy)
			*of = (struct engine_end){of->easy, true, m->data.result};
	}
	return rc;
}

/* A time in which we ourselves didn't run is no silence of the Engine's. */
static void count_silence(struct engine *e)
{
	int64_t now = clock_monotonic_ms(), passed = now - e->looked;

	e->looked = now;
	e->unanswered += passed < 2 * TICK ? passed : 2 * TICK;
}

static int judge_ping(struct engine *e, int *next, struct err *err)
{
	int64_t left, until_tell;

	if (was_heard_since(e)) {
		note_answer(e);
		return 0;
	}
	count_silence(e);
	left = e->limit - e->unanswered;
	if (left <= 0)
		return give_up(e, err);
	until_tell = e->patience / TELL_PART - e->unanswered;
	if (!e->told && until_tell <= 0)
		tell_silence(e);
	if (!e->told && until_tell < left)
		left = until_tell;
	*next = left < TICK ? (int)left : TICK;
	return 0;
}

int engine_look(struct engine *e, struct engine_end *of, int *next, struct err *err)
{
	int64_t left;
	int running, rc;

	*next = 0;
	if (curl_multi_perform(e->multi, &running) != CURLM_OK)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = read_messages(e, of, err);
	if (rc || (of && of->is_over))
		return rc;
	if (e->pinging)
		return judge_ping(e, next, err);
	left = e->heard + e->silence - clock_monotonic_ms();
	if (left <= 0)
		return begin_ping(e, e->patience, err);
	*next = left < TICK ? (int)left : TICK;
	return 0;
}

int engine_ask_alive(struct engine *e, struct err *err)
{
	int next, rc;

	end_ping(e);
	engine_heard(e);
	rc = begin_ping(e, e->hangs ? e->patience / AGAIN_PART : e->patience, err);
	e->told = e->hangs;
	while (!rc && e->pinging) {
		rc = engine_look(e, NULL, &next, err);
		if (!rc && e->pinging)
			(void)curl_multi_poll(e->multi, NULL, 0, next, NULL);
	}
	return rc;
}

int engine_poll(
	struct engine *e, struct pollfd *polls, nfds_t len, int64_t ms, struct err *err)
{
	int64_t until = clock_monotonic_ms() + ms;

	for (;;) {
		int64_t left = until - clock_monotonic_ms();
		int next, n, rc = engine_look(e, NULL, &next, err);

		if (rc)
			return rc;
		if (e->pinging && next > PING_TICK)
			next = PING_TICK;
		if (ms >= 0 && left < next)
			next = left > 0 ? (int)left : 0;
		n = poll(polls, len, next);
		for (nfds_t i = 0; n < 0 && i < len; i++)
			polls[i].revents = 0;
		if (n)
			return n > 0 ? n : 0;
		if (ms >= 0 && left <= 0)
			return 0;
	}
}
