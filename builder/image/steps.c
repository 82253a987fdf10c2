#include "builder/image/steps.h"

#include "builder/image/build_error.h"
#include "builder/image/progress.h"
#include "builder/image/trace.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SIZE 80
#define LABEL_SIZE 48
#define TITLE_SIZE 160
/* A step that ran again and took less than this isn't worth a second line. */
#define AGAIN_MIN 1000
/* So short a time, as FROM takes, isn't worth a line either. */
#define TOLD_MIN 10
/* A line of output without an end is told in pieces of this size. */
#define LINE_MAX_LEN 4096
/* What is kept of the output beyond PROGRESS_OUTPUT_MAX. */
#define TAIL_MAX (8 * 1024)
/* A command within a message. */
#define COMMAND_MAX 60

struct step {
	char digest[DIGEST_SIZE];
	char label[LABEL_SIZE]; /* "2/5", "build 2/5"; "" for the builder's own work */
	char title[TITLE_SIZE];
	char error[STEPS_EXPLAIN_SIZE];
	struct buf line;	    /* of output, without an end yet */
	struct mask_stream *masked; /* before it is cut into lines; NULL: no secrets */
	bool announced;
	bool running;
	bool ended;
	bool disk_full;
};

struct steps {
	struct say *say;
	struct step *all[STEPS_MAX];
	size_t len;
	const struct step *heading; /* whose heading stands last on the screen */
	const struct step *failed;  /* the first that did, not those it canceled */
	size_t running;
	size_t output; /* bytes told so far */
	struct buf tail;
};

int steps_create(struct steps **out, struct say *say, struct err *err)
{
	struct steps *s = calloc(1, sizeof(*s));

	if (!s)
		return err_set(err, ERR_FAILED, "out of memory");
	s->say = say;
	buf_init(&s->tail, TAIL_MAX);
	*out = s;
	return 0;
}

void steps_destroy(struct steps *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->len; i++) {
		buf_finish(&s->all[i]->line);
		free(s->all[i]->masked);
		free(s->all[i]);
	}
	buf_finish(&s->tail);
	free(s);
}

/* The last ones are the busiest. */
static struct step *find(struct steps *s, const char *digest)
{
	for (size_t i = s->len; i > 0; i--) {
		if (!strcmp(s->all[i - 1]->digest, digest))
			return s->all[i - 1];
	}
	return NULL;
}

/* Copies text as one line that is cut to fit, at a whole character. */
static void copy_title(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = (unsigned char)*text < ' ' ? ' ' : *text;
	while (*text && n && ((unsigned char)*text & 0xc0) == 0x80)
		text--, n--;
	out[n] = '\0';
}

/* "FROM docker.io/library/debian:12@sha256:…" is what BuildKit made of "FROM debian:12".
 */
static void shorten_from(char *title)
{
	static const char *const hosts[] = {"docker.io/library/", "docker.io/"};
	char *name = title + strlen("FROM "), *digest;

	if (strncmp(title, "FROM ", strlen("FROM ")) != 0)
		return;
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(hosts[i]);

		if (!strncmp(name, hosts[i], n))
			memmove(name, name + n, strlen(name + n) + 1);
	}
	digest = strstr(name, "@sha256:");
	if (digest && memchr(name, ':', (size_t)(digest - name)))
		*digest = '\0';
}

/* A name is "[LABEL] TITLE", LABEL ends in "2/5". The builder's own work has no number:
 * "[internal] load build definition", "exporting to image". */
static void take_name(struct step *st, const char *name)
{
	const char *end = name[0] == '[' ? strchr(name, ']') : NULL;
	const char *slash = end ? memrchr(name, '/', (size_t)(end - name)) : NULL;

	if (!slash || slash[-1] < '0' || slash[-1] > '9' ||
		slash + 1 + strspn(slash + 1, "0123456789") != end || slash + 1 == end) {
		copy_title(st->title, sizeof(st->title), name);
		return;
	}
	(void)snprintf(
		st->label, sizeof(st->label), "%.*s", (int)(end - name - 1), name + 1);
	copy_title(st->title, sizeof(st->title), end + 1 + strspn(end + 1, " "));
	shorten_from(st->title);
}

static struct step *find_or_add(struct steps *s, const struct trace_vertex *v)
{
	struct step *st = find(s, v->digest);
	char *name;

	if (st || s->len == STEPS_MAX || strlen(v->digest) >= DIGEST_SIZE)
		return st;
	st = calloc(1, sizeof(*st));
	if (!st)
		return NULL;
	(void)snprintf(st->digest, sizeof(st->digest), "%s", v->digest);
	name = say_masked(s->say, v->name);
	take_name(st, name ? name : "");
	free(name);
	buf_init(&st->line, LINE_MAX_LEN);
	s->all[s->len++] = st;
	return st;
}

/* Whether a line of this step's stands where everybody sees whose it is. */
static bool is_below_own_heading(const struct steps *s, const struct step *st)
{
	return s->heading == st && (s->running == 0 || (s->running == 1 && st->running));
}

/* Beyond the maximum only the last lines are kept. */
static void keep_tail(struct steps *s, const char *line, size_t len)
{
	while (s->tail.len && s->tail.len + len + 1 > TAIL_MAX) {
		const char *nl = memchr(s->tail.data, '\n', s->tail.len);

		buf_consume(&s->tail, nl ? (size_t)(nl - s->tail.data) + 1 : s->tail.len);
	}
	(void)buf_add(&s->tail, line, len);
	(void)buf_add(&s->tail, "\n", 1);
}

static void tell_output(struct steps *s, struct step *st, const char *line, size_t len)
{
	struct buf b;

	if (build_error_is_disk_full(line, len))
		st->disk_full = true;
	buf_init(&b, LINE_MAX_LEN + LABEL_SIZE + 8);
	if (!is_below_own_heading(s, st))
		(void)buf_addf(&b, "[%s] ", st->label[0] ? st->label : "builder");
	(void)buf_add(&b, line, len);
	if (s->output > PROGRESS_OUTPUT_MAX) {
		keep_tail(s, buf_text(&b), b.len);
	} else {
		say_output(s->say, buf_text(&b), b.len);
		s->output += b.len + 1;
		if (s->output > PROGRESS_OUTPUT_MAX)
			say_detail(s->say,
				"… the build has said more than %d MB: the "
				"rest is left out",
				PROGRESS_OUTPUT_MAX / 1024 / 1024);
	}
	buf_finish(&b);
}

static void tell_unfinished(struct steps *s, struct step *st)
{
	if (st->line.len)
		tell_output(s, st, st->line.data, st->line.len);
	buf_reset(&st->line);
}

/* What a carriage return overwrites is dropped at once, so that a progress bar without
 * a line end doesn't fill the line. One at the end may yet be part of a line end. */
static void drop_overwritten(struct step *st, const char **data, size_t *len)
{
	const char *cr;

	if (st->line.len && st->line.data[st->line.len - 1] == '\r')
		buf_reset(&st->line);
	while (*len > 1 && (*data)[*len - 1] == '\r' && (*data)[*len - 2] == '\r')
		(*len)--;
	cr = memrchr(*data, '\r', *len - 1);
	if (!cr)
		return;
	buf_reset(&st->line);
	*len -= (size_t)(cr + 1 - *data);
	*data = cr + 1;
}

static void add_piece(struct steps *s, struct step *st, const char *data, size_t len)
{
	if (!len)
		return;
	drop_overwritten(st, &data, &len);
	while (len) {
		size_t room = LINE_MAX_LEN - st->line.len;
		size_t n = len < room ? len : room;

		(void)buf_add(&st->line, data, n);
		data += n;
		len -= n;
		if (st->line.len == LINE_MAX_LEN)
			tell_unfinished(s, st);
	}
}

static void take_output(struct steps *s, struct step *st, const char *data, size_t len)
{
	const char *nl;

	while ((nl = memchr(data, '\n', len))) {
		size_t n = (size_t)(nl - data);

		add_piece(s, st, data, n);
		tell_unfinished(s, st);
		data += n + 1;
		len -= n + 1;
	}
	add_piece(s, st, data, len);
}

struct taking {
	struct steps *steps;
	struct step *step;
};

static int take_masked(void *ctx, const char *data, size_t len)
{
	const struct taking *t = ctx;

	take_output(t->steps, t->step, data, len);
	return 0;
}

void steps_log(struct steps *s, const char *digest, const char *data, size_t len)
{
	struct taking t = {s, find(s, digest)};

	if (!t.step)
		return;
	if (!s->say->mask) {
		take_output(s, t.step, data, len);
		return;
	}
	if (!t.step->masked) {
		t.step->masked = malloc(sizeof(*t.step->masked));
		if (!t.step->masked)
			return;
		mask_begin(t.step->masked, s->say->mask);
	}
	(void)mask_feed(t.step->masked, data, len, take_masked, &t);
}

/* The step's output has ended: what was held back or has no line's end is told too. */
static void end_output(struct steps *s, struct step *st)
{
	struct taking t = {s, st};

	if (st->masked)
		(void)mask_end(st->masked, false, take_masked, &t);
	tell_unfinished(s, st);
}

void steps_warning(struct steps *s, const char *text, size_t len)
{
	say_detail(s->say, "warning: %.*s", (int)len, text);
}

static void announce(struct steps *s, struct step *st, const char *outcome)
{
	say_step(s->say, "Step %s: %s%s", st->label, st->title, outcome);
	s->heading = st;
	st->announced = true;
}

static void start(struct steps *s, struct step *st)
{
	if (st->running)
		return;
	st->running = true;
	s->running++;
	if (!st->announced)
		announce(s, st, "");
}

static void tell_end(struct steps *s, struct step *st, const char *outcome)
{
	if (is_below_own_heading(s, st))
		say_detail(s->say, "%s", outcome);
	else
		say_detail(s->say, "[%s] %s", st->label, outcome);
}

static void end(struct steps *s, struct step *st, const struct trace_vertex *v)
{
	int64_t took = v->completed - v->started;
	char text[SAY_DURATION_SIZE], outcome[SAY_DURATION_SIZE + 16];
	bool again = st->ended;

	end_output(s, st);
	if (!st->running && again)
		return;
	s->running -= st->running;
	st->running = false;
	st->ended = true;
	if (v->error[0]) {
		if (st->announced && build_error_is_canceled(v->error))
			tell_end(s, st, "stopped");
		return;
	}
	if (v->cached && !st->announced) {
		announce(s, st, " (cached)");
		return;
	}
	if (!st->announced)
		announce(s, st, "");
	if (took < (again ? AGAIN_MIN : TOLD_MIN))
		return;
	(void)snprintf(outcome, sizeof(outcome), "done in %s", say_duration(took, text));
	tell_end(s, st, v->cached ? "cached" : outcome);
}

/* Of the builder's own work only what people wait for. */
static void end_unnumbered(
	struct steps *s, const struct step *st, const struct trace_vertex *v)
{
	int64_t took = v->completed - v->started;
	char text[SAY_DURATION_SIZE];

	if (!strcmp(st->title, "exporting to image") && took >= AGAIN_MIN)
		say_detail(s->say, "image saved in %s", say_duration(took, text));
}

void steps_vertex(struct steps *s, const struct trace_vertex *v)
{
	struct step *st = find_or_add(s, v);

	if (!st)
		return;
	if (v->error[0]) {
		char *error = say_masked(s->say, v->error);

		(void)snprintf(
			st->error, sizeof(st->error), "%s", error ? error : "it failed");
		free(error);
		if (!s->failed && !build_error_is_canceled(v->error))
			s->failed = st;
	}
	if (!st->label[0]) {
		if (v->completed && !v->error[0])
			end_unnumbered(s, st, v);
		return;
	}
	if (v->completed)
		end(s, st, v);
	else if (v->started)
		start(s, st);
}

void steps_end(struct steps *s, bool failed)
{
	const char *line = buf_text(&s->tail), *nl;

	for (size_t i = 0; i < s->len; i++)
		end_output(s, s->all[i]);
	if (!failed || !s->tail.len)
		return;
	say_detail(s->say, "… its last lines:");
	for (; (nl = strchr(line, '\n')); line = nl + 1)
		say_output(s->say, line, (size_t)(nl - line));
}

void steps_explain(const struct steps *s, const char *message, int code,
	char out[STEPS_EXPLAIN_SIZE])
{
	const struct step *st = s->failed;
	const char *reason = st && st->error[0] ? st->error : message;
	char command[COMMAND_MAX], tidy[STEPS_EXPLAIN_SIZE / 2];
	const char *more = "";

	code = code ? code : build_error_exit_code(reason);
	(void)build_error_tidy(
		reason[0] ? reason : "the build failed", tidy, sizeof(tidy));
	if (!st || !st->label[0] || build_error_is_disk_full(reason, strlen(reason))) {
		(void)snprintf(out, STEPS_EXPLAIN_SIZE, "%s", tidy);
		return;
	}
	copy_title(command, sizeof(command), st->title);
	if (!code) {
		(void)snprintf(out, STEPS_EXPLAIN_SIZE, "step %s (%s) failed: %s",
			st->label, command, tidy);
		return;
	}
	if (st->disk_full)
		more = ": no space left on the server's disk";
	else if (code == 137)
		more = ", killed: did the server run out of memory?";
	(void)snprintf(out, STEPS_EXPLAIN_SIZE, "step %s (%s) exited with %d%s",
		st->label, command, code, more);
}
