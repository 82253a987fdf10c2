#include "builder/check/check.h"

#include "builder/check/state.h"
#include "builder/engine/engine.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <poll.h>
#include <string.h>

/* The failure card: what a person needs in order to mend a life that failed. */

#define LOG_LINES 20
#define LOG_MAX (256 * 1024)
#define LOG_TIMEOUT 5000
#define READ_SIZE 8192
#define ESCAPED_SIZE 512

struct last_words {
	struct buf text;
	struct mask_stream masked; /* before what is too long is cut */
};

static int keep(void *ctx, const char *data, size_t len)
{
	struct buf *b = &((struct last_words *)ctx)->text;

	/* 20 lines may be longer than is worth showing: the last ones count. */
	if (len > b->max) {
		data += len - b->max;
		len = b->max;
	}
	if (b->len + len > b->max)
		buf_consume(b, b->len + len - b->max);
	return buf_add(b, data, len);
}

static int take(void *ctx, int stream, const char *data, size_t len)
{
	struct last_words *w = ctx;

	(void)stream;
	return mask_feed(&w->masked, data, len, keep, w);
}

static void read_log(
	struct engine *e, struct engine_follow *f, bool tty, struct last_words *w)
{
	int64_t until = clock_monotonic_ms() + LOG_TIMEOUT;
	struct engine_frames frames = {0};
	char data[READ_SIZE];

	for (;;) {
		ssize_t n = engine_follow_read(f, data, sizeof(data), NULL);
		struct pollfd p = {.fd = engine_follow_fd(f), .events = POLLIN};
		int64_t left = until - clock_monotonic_ms();

		if (n > 0 && tty)
			(void)take(w, 1, data, (size_t)n);
		else if (n > 0)
			(void)engine_frames_feed(&frames, data, (size_t)n, take, w);
		else if (n != ERR_BUSY || left <= 0)
			return;
		else if (engine_poll(e, &p, 1, left, NULL) < 0)
			return;
	}
}

static void say_log(struct engine *e, const struct check_options *o, struct say *say)
{
	struct engine_follow *f = NULL;
	struct check_state state = {0};
	char name[ESCAPED_SIZE];
	struct last_words last;

	buf_init(&last.text, LOG_MAX);
	mask_begin(&last.masked, say->mask);
	if (!engine_escape(o->container, name, sizeof(name)) ||
		check_state_read(&state, e, o->container, NULL))
		goto out;
	if (engine_follow(e, &f, NULL, NULL, "GET",
		    "/containers/%s/logs?stdout=1&stderr=1&tail=%d", name, LOG_LINES))
		goto out;
	read_log(e, f, state.tty, &last);
	(void)mask_end(&last.masked, false, keep, &last);
	if (!last.text.len) {
		say_problem(say, "It has written nothing.");
		goto out;
	}
	say_problem(say, "Its last lines:");
	say_output(say, last.text.data, last.text.len);
out:
	engine_follow_close(f);
	check_state_finish(&state);
	buf_finish(&last.text);
}

void check_card(struct engine *e, const struct check_options *o,
	const struct check_failure *f, struct say *say)
{
	say_problem(say, "%s failed its check.", o->container);
	if (f->name[0])
		say_problem(say, "Check: %s", f->name);
	if (f->exited)
		say_problem(say, "Exit code: %d%s", f->exit_code,
			f->out_of_memory ? ", killed for want of memory" : "");
	if (f->probed[0])
		say_problem(say, "Probed: %s", f->probed);
	if (f->answer[0])
		say_problem(say, "Answer: %s", f->answer);
	say_log(e, o, say);
	if (f->hint[0])
		say_problem(say, "Hint: %s", f->hint);
}
