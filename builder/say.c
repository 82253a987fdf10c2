#include "builder/say.h"

#include "builder/mask.h"
#include "builder/say_text.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A formatted text may hold many lines; more than this is cut. */
#define TEXT_MAX (64 * 1024)
#define PREFIX_STEP "-----> "
#define PREFIX_DETAIL "       "
#define PREFIX_PROBLEM " !     "

void say_init(struct say *s, int terminal)
{
	*s = (struct say){.terminal = terminal, .log = -1, .patience = SAY_PATIENCE_MS};
}

int say_open_log(struct say *s, const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_errno(err, "%s", path);
	if (s->log >= 0)
		(void)close(s->log);
	s->log = fd;
	s->room = SAY_LOG_MAX;
	return 0;
}

void say_finish(struct say *s)
{
	if (s->log >= 0)
		(void)close(s->log);
	*s = (struct say){.terminal = -1, .log = -1};
}

/* One write a line, so that lines of several writers don't mix; the rest of a short write
 * follows. False when nobody reads there any more. */
static bool write_line(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};

			(void)poll(&p, 1, -1);
			continue;
		}
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* A pipe that poll finds writable takes a line (less than PIPE_BUF) at once. */
static bool is_read(int fd, int patience)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int n;

	do {
		n = poll(&p, 1, patience);
	} while (n < 0 && errno == EINTR);
	return n != 0;
}

static bool tell_missed(const struct say *s)
{
	static const char text[] =
		PREFIX_PROBLEM "What came meanwhile is left out, since nobody read it";
	static const char logged[] = ": `lives:log` has it";

	return write_line(s->terminal, text, strlen(text)) &&
		(s->log < 0 || write_line(s->terminal, logged, strlen(logged))) &&
		write_line(s->terminal, "\n", 1);
}

/* The caller holds an app's lock: who stands behind a pipe on the host, or has typed
 * Ctrl-S, must not hold it too. bardo-ssh takes everything. */
static void tell(struct say *s, const char *line, size_t len)
{
	if (s->terminal < 0)
		return;
	if (!is_read(s->terminal, s->stalled ? 0 : s->patience)) {
		s->stalled = true;
		return;
	}
	if (s->stalled && tell_missed(s) && !is_read(s->terminal, 0))
		return;
	s->stalled = false;
	if (!write_line(s->terminal, line, len))
		s->terminal = -1;
}

/* Controls that are left out may have stood in a secret, so it is looked for in what is
 * left, and before that is cut. */
static void clean(const struct say *s, struct buf *out, const char *line, size_t len)
{
	struct buf whole;

	if (!s->mask) {
		say_clean(out, line, len, SAY_LINE_MAX);
		return;
	}
	/* Each kept byte may become three (U+FFFD). */
	buf_init(&whole, len * 3 + SAY_LINE_MAX);
	say_clean(&whole, line, len, len * 3);
	if (whole.len)
		whole.len = mask_text(s->mask, whole.data, whole.len, false);
	say_clean(out, buf_text(&whole), whole.len, SAY_LINE_MAX);
	buf_finish(&whole);
}

/* Steps and problems are few, and always kept. A full disk must not fail the deploy that
 * is being told about. */
static void keep(struct say *s, const char *prefix, const char *line, size_t len)
{
	static const char full[] =
		PREFIX_PROBLEM "More is not kept: the log of this life is full\n";
	bool is_output = !strcmp(prefix, PREFIX_DETAIL);

	if (s->log < 0 || (is_output && !s->room))
		return;
	if (is_output && s->room <= (int64_t)len) {
		s->room = 0;
		(void)write_line(s->log, full, strlen(full));
		return;
	}
	if (is_output)
		s->room -= (int64_t)len;
	(void)write_line(s->log, line, len);
}

static void say_line(struct say *s, const char *prefix, const char *line, size_t len)
{
	struct buf b;

	buf_init(&b, SAY_LINE_MAX + 64);
	(void)buf_adds(&b, prefix);
	clean(s, &b, line, len);
	while (b.len && b.data[b.len - 1] == ' ')
		b.len--;
	if (buf_add(&b, "\n", 1) == 0) {
		if (s->problem || !s->quiet)
			tell(s, b.data, b.len);
		keep(s, prefix, b.data, b.len);
	}
	buf_finish(&b);
}

static void say_masked_lines(struct say *s, const char *prefix, const char *rest_prefix,
	const char *text, size_t len)
{
	for (;;) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;

		say_line(s, prefix, text, n);
		if (!nl || n + 1 == len)
			return;
		prefix = rest_prefix;
		text += n + 1;
		len -= n + 1;
	}
}

/* A secret may span lines. */
static void say_lines(struct say *s, const char *prefix, const char *rest_prefix,
	const char *text, size_t len)
{
	char *copy = s->mask && len ? malloc(len) : NULL;

	if (copy) {
		memcpy(copy, text, len);
		len = mask_text(s->mask, copy, len, false);
		text = copy;
	}
	if (copy || !s->mask || !len)
		say_masked_lines(s, prefix, rest_prefix, text, len);
	free(copy);
}

static void say_format(struct say *s, const char *prefix, const char *rest_prefix,
	const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static void say_format(struct say *s, const char *prefix, const char *rest_prefix,
	const char *fmt, va_list ap)
{
	char *text = NULL;
	int len = vasprintf(&text, fmt, ap);

	if (len < 0)
		return;
	mask_string(s->mask, text);
	say_lines(s, prefix, rest_prefix, text, strnlen(text, TEXT_MAX));
	free(text);
}

void say_step(struct say *s, const char *fmt, ...)
{
	va_list ap;

	s->problem = false;
	va_start(ap, fmt);
	say_format(s, PREFIX_STEP, PREFIX_DETAIL, fmt, ap);
	va_end(ap);
}

void say_detail(struct say *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_format(s, PREFIX_DETAIL, PREFIX_DETAIL, fmt, ap);
	va_end(ap);
}

void say_problem(struct say *s, const char *fmt, ...)
{
	va_list ap;

	s->problem = true;
	va_start(ap, fmt);
	say_format(s, PREFIX_PROBLEM, PREFIX_PROBLEM, fmt, ap);
	va_end(ap);
}

void say_output(struct say *s, const char *line, size_t len)
{
	say_lines(s, PREFIX_DETAIL, PREFIX_DETAIL, line, len);
}

char *say_masked(const struct say *s, const char *text)
{
	char *copy = strdup(text);

	if (copy)
		mask_string(s->mask, copy);
	return copy;
}

char *say_duration(int64_t ms, char out[SAY_DURATION_SIZE])
{
	long long seconds = (long long)ms / 1000;

	if (ms > 0 && ms < 100)
		(void)snprintf(out, SAY_DURATION_SIZE, "%d ms", (int)ms);
	else if (ms % 1000 / 100 && seconds < 60)
		(void)snprintf(out, SAY_DURATION_SIZE, "%.1f s", (double)ms / 1000);
	else if (seconds < 60)
		(void)snprintf(out, SAY_DURATION_SIZE, "%lld s", seconds);
	else if (seconds % 60)
		(void)snprintf(out, SAY_DURATION_SIZE, "%lldm %llds", seconds / 60,
			seconds % 60);
	else
		(void)snprintf(out, SAY_DURATION_SIZE, "%lldm", seconds / 60);
	return out;
}

void say_plain(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = ' ';
	}
}
