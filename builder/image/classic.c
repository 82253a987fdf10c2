#include "builder/image/classic.h"

#include "builder/image/steps.h"
#include "builder/image/trace.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_LEN (64 * 1024)
#define NAME_SIZE 512
#define DIGEST_SIZE 32
/* The builder wraps each piece of a program's standard error in these. */
#define RED "\x1b[91m"
#define PLAIN "\x1b[0m"

struct classic {
	struct steps *steps;
	struct buf line;
	int count; /* of steps so far */
	bool under_way;
	bool waiting; /* for the next line, which may say that it is cached */
	bool cached;
	int64_t started;
	char name[NAME_SIZE];
};

int classic_create(struct classic **out, struct steps *steps, struct err *err)
{
	struct classic *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(err, ERR_FAILED, "out of memory");
	c->steps = steps;
	buf_init(&c->line, LINE_MAX_LEN);
	*out = c;
	return 0;
}

void classic_destroy(struct classic *c)
{
	if (!c)
		return;
	buf_finish(&c->line);
	free(c);
}

static const char *digest(const struct classic *c, char out[DIGEST_SIZE])
{
	(void)snprintf(out, DIGEST_SIZE, "classic-%d", c->count);
	return out;
}

static void tell(struct classic *c, bool completed, const char *error)
{
	char id[DIGEST_SIZE];
	const struct trace_vertex v = {
		.digest = digest(c, id),
		.name = c->name,
		.error = error,
		.cached = c->cached,
		.started = c->started,
		.completed = completed ? clock_unix_ms() : 0,
	};

	steps_vertex(c->steps, &v);
}

static void end_step(struct classic *c, const char *error)
{
	if (c->under_way)
		tell(c, true, error);
	c->under_way = c->waiting = c->cached = false;
}

/* What follows the heading: a cached step says so at once, any other line means that it
 * runs. */
static void settle(struct classic *c, bool cached)
{
	if (!c->waiting)
		return;
	c->waiting = false;
	c->cached = cached;
	if (cached)
		end_step(c, "");
	else
		tell(c, false, "");
}

/* Reads "2/5" at text; its length, or 0. */
static size_t fraction(const char *text)
{
	size_t n = strspn(text, "0123456789");
	size_t m = n && text[n] == '/' ? strspn(text + n + 1, "0123456789") : 0;

	return m ? n + 1 + m : 0;
}

/* "Step 2/5 : RUN make", "STEP 2/5: RUN make", "[1/2] STEP 2/5: RUN make" of podman's
 * with several stages. Makes c->name of it. */
static bool take_heading(struct classic *c, const char *line)
{
	size_t stage = line[0] == '[' ? fraction(line + 1) : 0;
	const char *p = stage ? line + stage + 2 : line, *title;
	size_t n;

	if (stage && strncmp(line + 1 + stage, "] ", 2) != 0)
		return false;
	p += stage ? 1 : 0;
	if (strncmp(p, "Step ", 5) != 0 && strncmp(p, "STEP ", 5) != 0)
		return false;
	p += 5;
	n = fraction(p);
	title = p + n + strspn(p + n, " ");
	if (!n || *title != ':')
		return false;
	title += 1 + strspn(title + 1, " ");
	end_step(c, "");
	if (stage)
		(void)snprintf(c->name, sizeof(c->name), "[%.*s, %.*s] %s", (int)stage,
			line + 1, (int)n, p, title);
	else
		(void)snprintf(c->name, sizeof(c->name), "[%.*s] %s", (int)n, p, title);
	c->count++;
	c->started = clock_unix_ms();
	c->under_way = c->waiting = true;
	return true;
}

static bool starts_with(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* The builder's own lines that say nothing to people. */
static bool is_noise(const char *line)
{
	static const char *const starts[] = {" ---> ", "--> ", "COMMIT ",
		"Removing intermediate container ", "Successfully built ",
		"Successfully tagged ", "building at STEP "};
	size_t stage = line[0] == '[' ? fraction(line + 1) : 0;

	/* podman's stages: "[1/2] COMMIT …". */
	if (stage && !strncmp(line + 1 + stage, "] ", 2))
		line += stage + 3;

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		if (starts_with(line, starts[i]))
			return true;
	}
	/* podman's last line is the image's id. */
	return strlen(line) == 64 && strspn(line, "0123456789abcdef") == 64;
}

static void take_line(struct classic *c)
{
	const char *line = buf_text(&c->line);
	size_t len = c->line.len;
	char id[DIGEST_SIZE];

	if (take_heading(c, line))
		return;
	if (starts_with(line, " ---> Using cache") ||
		starts_with(line, "--> Using cache")) {
		settle(c, true);
		return;
	}
	/* Behind the heading the builder ends its line by an empty one. */
	if (c->waiting && !len)
		return;
	settle(c, false);
	if (is_noise(line))
		return;
	steps_log(c->steps, digest(c, id), line, len);
	steps_log(c->steps, id, "\n", 1);
}

int classic_text(struct classic *c, const char *text, struct err *err)
{
	size_t len = strlen(text);

	if (starts_with(text, RED) && len >= strlen(RED PLAIN) &&
		!strcmp(text + len - strlen(PLAIN), PLAIN)) {
		text += strlen(RED);
		len -= strlen(RED PLAIN);
	}
	while (len) {
		const char *nl = memchr(text, '\n', len);
		size_t n = nl ? (size_t)(nl - text) : len;
		size_t room = LINE_MAX_LEN - c->line.len;

		if (n > room) {
			n = room;
			nl = NULL;
		}
		if (buf_add(&c->line, text, n) < 0)
			return err_set(err, ERR_FAILED, "out of memory");
		if (nl || n == room) {
			take_line(c);
			buf_reset(&c->line);
		}
		n += nl != NULL;
		text += n;
		len -= n;
	}
	return 0;
}

void classic_fail(struct classic *c, const char *message)
{
	settle(c, false);
	if (c->line.len)
		take_line(c);
	buf_reset(&c->line);
	end_step(c, message);
}

void classic_end(struct classic *c, bool complete)
{
	if (c->line.len)
		take_line(c);
	buf_reset(&c->line);
	settle(c, false);
	if (complete)
		end_step(c, "");
}
