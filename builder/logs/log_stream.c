#include "builder/logs/log_stream.h"

#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define READ_SIZE 16384
#define READY_MAX (2 * LOG_LINE_MAX + READ_SIZE)
#define TAIL_SIZE 24
#define TIME_TEXT_MAX 64
#define NS_PER_S INT64_C(1000000000)

/* ---- times ---- */

static int64_t parse_fraction(const char **at)
{
	int64_t ns = 0, unit = NS_PER_S / 10;

	if (**at != '.')
		return 0;
	for ((*at)++; isdigit((unsigned char)**at); (*at)++) {
		ns += (**at - '0') * unit;
		unit /= 10;
	}
	return ns;
}

/* "Z", or "+01:00" as podman writes it; in seconds. */
static int64_t parse_zone(const char *at)
{
	int hours = 0, minutes = 0;

	if ((*at != '+' && *at != '-') ||
		sscanf(at + 1, "%2d:%2d", &hours, &minutes) != 2)
		return 0;
	return (*at == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

int64_t log_time_parse(const char *text, size_t len)
{
	char copy[TIME_TEXT_MAX];
	struct tm tm = {0};
	const char *rest;
	int64_t ns;

	if (len >= sizeof(copy))
		return 0;
	(void)snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	rest = strptime(copy, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!rest)
		return 0;
	ns = parse_fraction(&rest);
	return ((int64_t)timegm(&tm) - parse_zone(rest)) * NS_PER_S + ns;
}

/* ---- from frames to lines ---- */

/* A line beyond the limit is cut, not kept. */
static void add_to_line(struct log_stream *st, const char *data, size_t len)
{
	size_t room = st->line.max - st->line.len;

	(void)buf_add(&st->line, data, len < room ? len : room);
}

static void end_line(struct log_stream *st)
{
	const char *line = buf_text(&st->line);
	size_t len = st->line.len;

	if (st->bare && len && line[len - 1] == '\r')
		len--;
	(void)buf_add(&st->ready, line, len);
	(void)buf_add(&st->ready, "\n", 1);
	buf_reset(&st->line);
}

/* The Engine keeps a long line in pieces, and gives each the time again: what is behind
 * the first one's belongs together. How much of data is such a time. */
static size_t skip_time(struct log_stream *st, const char *data, size_t len)
{
	const char *space;

	if (engine_frames_at_start(&st->frames))
		st->in_time = st->line.len > 0;
	if (!st->in_time)
		return 0;
	space = memchr(data, ' ', len);
	st->in_time = !space;
	return space ? (size_t)(space - data) + 1 : len;
}

static int take_text(void *ctx, int stream, const char *data, size_t len)
{
	struct log_stream *st = ctx;
	size_t skipped = st->bare ? 0 : skip_time(st, data, len);
	const char *newline;

	(void)stream;
	data += skipped;
	len -= skipped;
	while (len && (newline = memchr(data, '\n', len))) {
		size_t part = (size_t)(newline - data);

		add_to_line(st, data, part);
		end_line(st);
		data += part + 1;
		len -= part + 1;
	}
	add_to_line(st, data, len);
	return 0;
}

static int take_chunk(
	struct log_stream *st, const char *data, size_t len, struct err *err)
{
	if (st->bare)
		return take_text(st, 1, data, len);
	if (engine_frames_feed(&st->frames, data, len, take_text, st) < 0)
		return err_set(err, ERR_FAILED,
			"the Docker Engine sent what is no log of a container");
	return 0;
}

int log_stream_fill(struct log_stream *st, struct err *err)
{
	char data[READ_SIZE];
	ssize_t n;
	int rc = 0;

	if (st->taken == st->ready.len) {
		buf_reset(&st->ready);
		st->taken = 0;
	}
	while (st->follow && !st->ready.len) {
		n = engine_follow_read(st->follow, data, sizeof(data), err);
		if (n == ERR_BUSY)
			return ERR_BUSY;
		if (n > 0)
			rc = take_chunk(st, data, (size_t)n, err);
		/* Last words often come without a newline. */
		if (n == 0 && st->line.len)
			end_line(st);
		if (n <= 0 || rc) {
			engine_follow_close(st->follow);
			st->follow = NULL;
		}
		if (n < 0 || rc)
			return rc ? rc : (int)n;
	}
	return st->ready.len > 0;
}

bool log_stream_peek(struct log_stream *st, struct log_line *out)
{
	const char *newline, *space;

	if (st->taken == st->ready.len)
		return false;
	out->text = st->ready.data + st->taken;
	newline = memchr(out->text, '\n', st->ready.len - st->taken);
	out->len = (size_t)(newline - out->text);
	space = memchr(out->text, ' ', out->len);
	out->at =
		log_time_parse(out->text, space ? (size_t)(space - out->text) : out->len);
	return true;
}

void log_stream_take(struct log_stream *st, const struct log_line *line)
{
	st->taken += line->len + 1;
}

/* ---- opening ---- */

/* What a program with a terminal prints is kept without frames. */
static int is_bare(struct engine *e, const char *container, bool *bare, struct err *err)
{
	cJSON *reply = NULL;
	int rc = engine_call(
		e, &reply, NULL, err, "GET", "/containers/%s/json", container);
	const cJSON *config = cJSON_GetObjectItemCaseSensitive(reply, "Config");

	*bare = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(config, "Tty"));
	cJSON_Delete(reply);
	return rc;
}

int log_stream_open(struct log_stream *st, struct engine *e,
	const struct log_source *source, struct err *err)
{
	char tail[TAIL_SIZE] = "all";
	int rc;

	*st = (struct log_stream){0};
	buf_init(&st->line, LOG_LINE_MAX);
	buf_init(&st->ready, READY_MAX);
	if (source->lines != LOG_ALL)
		(void)snprintf(tail, sizeof(tail), "%lld", (long long)source->lines);
	rc = is_bare(e, source->container, &st->bare, err);
	if (rc)
		return rc;
	return engine_follow(e, &st->follow, NULL, err, "GET",
		"/containers/%s/logs?stdout=true&stderr=true&timestamps=true&follow=%s"
		"&tail=%s&since=%lld.%09lld",
		source->container, source->follow ? "true" : "false", tail,
		(long long)(source->since / NS_PER_S),
		(long long)(source->since % NS_PER_S));
}

void log_stream_close(struct log_stream *st)
{
	engine_follow_close(st->follow);
	buf_finish(&st->line);
	buf_finish(&st->ready);
	*st = (struct log_stream){0};
}
