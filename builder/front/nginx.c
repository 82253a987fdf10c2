#include "builder/front/nginx.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/number.h"
#include "config/door.h"
#include "config/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* It may look names up while it reads its configuration. */
#define PATIENCE_MS 60000
#define LINE_MAX_SIZE 1024
#define CONFIGURATION "# configuration file "
/* bardod could not start it. */
#define STATUS_NOT_STARTED 127

void nginx_answer_init(struct nginx_answer *a)
{
	*a = (struct nginx_answer){.status = -1};
	buf_init(&a->says, NGINX_SAYS_MAX);
}

void nginx_answer_finish(struct nginx_answer *a)
{
	buf_finish(&a->says);
}

/* First it says what it thinks of its configuration; what follows is that itself, which
 * may be long and holds other people's secrets, and isn't kept. */
struct listener {
	struct nginx_answer *answer;
	const char *marker;
	bool in_configuration;
	char line[LINE_MAX_SIZE];
	size_t len;
};

/* "[emerg] unknown directive …" of "nginx: [emerg] unknown directive …", and of
 * "2026/11/21 07:53:01 [emerg] 26460#26460: unknown directive …". */
static int add_line(struct buf *says, const char *line)
{
	size_t digits = strspn(line, "0123456789/: ");
	const char *end = strchr(line, ']');

	if (!strncmp(line, "nginx: ", 7))
		return buf_addf(says, "%s\n", line + 7);
	if (!digits || line[digits] != '[' || !end)
		return buf_addf(says, "%s\n", line);
	return buf_addf(says, "%.*s %s\n", (int)(end + 1 - line - (long)digits),
		line + digits, end + 1 + strspn(end + 1, "0123456789#: "));
}

static void end_line(struct listener *l)
{
	l->line[l->len] = '\0';
	l->len = 0;
	if (!strncmp(l->line, CONFIGURATION, strlen(CONFIGURATION)))
		l->in_configuration = true;
	if (!l->in_configuration)
		(void)add_line(&l->answer->says, l->line);
	else if (*l->marker && strstr(l->line, l->marker))
		l->answer->is_included = true;
}

static void listen_to(struct listener *l, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\n')
			end_line(l);
		else if (l->len + 1 < sizeof(l->line))
			l->line[l->len++] = data[i];
	}
}

/* Reads to the end. False when the time is over. */
static bool read_output(int fd, struct listener *l, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char data[16384];

	for (;;) {
		int64_t left = deadline - clock_monotonic_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return false;
		n = read(fd, data, sizeof(data));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n > 0)
			listen_to(l, data, (size_t)n);
		else if (l->len)
			end_line(l);
		if (n <= 0)
			return true;
	}
}

static int read_status(int fd, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int64_t left = deadline - clock_monotonic_ms(), status;
	char text[16];
	ssize_t n;

	if (left <= 0 || poll(&p, 1, (int)left) <= 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return number_parse(text, 0, 255, &status) < 0 ? -1 : (int)status;
}

static int listen_all(struct listener *l, int output, int status, struct err *err)
{
	int64_t deadline = clock_monotonic_ms() + PATIENCE_MS;

	if (read_output(output, l, deadline))
		l->answer->status = read_status(status, deadline);
	if (l->answer->status < 0)
		return err_set(err, ERR_AWAY, "nginx gave no answer within %d s",
			PATIENCE_MS / 1000);
	return 0;
}

static int ask(
	const struct settings *s, const char *action, struct listener *l, struct err *err)
{
	char path[PATH_TEXT_MAX];
	int output[2], status[2], rc;

	if (pipe2(output, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	if (pipe2(status, O_CLOEXEC) < 0) {
		rc = err_errno(err, "pipe");
		(void)close(output[0]);
		(void)close(output[1]);
		return rc;
	}
	rc = door_front(path_door(s, path), action,
		(int[DOOR_FRONT_FDS]){
			[DOOR_FRONT_OUTPUT] = output[1],
			[DOOR_FRONT_STATUS] = status[1],
		},
		err);
	(void)close(output[1]);
	(void)close(status[1]);
	if (!rc)
		rc = listen_all(l, output[0], status[0], err);
	(void)close(output[0]);
	(void)close(status[0]);
	return rc;
}

static int check_started(struct nginx_answer *a, struct err *err)
{
	if (a->status != STATUS_NOT_STARTED)
		return 0;
	return err_set(err, ERR_AWAY, "nginx could not be asked: %s", nginx_complaint(a));
}

int nginx_test(const struct settings *s, const char *marker, struct nginx_answer *out,
	struct err *err)
{
	struct listener l = {.answer = out, .marker = marker};
	int rc = ask(s, DOOR_FRONT_TEST, &l, err);

	return rc ? rc : check_started(out, err);
}

int nginx_reload(const struct settings *s, struct err *err)
{
	struct nginx_answer a;
	struct listener l = {.answer = &a, .marker = ""};
	int rc;

	nginx_answer_init(&a);
	rc = ask(s, DOOR_FRONT_RELOAD, &l, err);
	if (!rc)
		rc = check_started(&a, err);
	if (!rc && a.status)
		rc = err_set(err, ERR_AWAY,
			"nginx does not run: when it starts, it serves this; it said: %s",
			nginx_complaint(&a));
	nginx_answer_finish(&a);
	return rc;
}

const char *nginx_complaint(struct nginx_answer *a)
{
	static const char *const levels[] = {"[emerg]", "[alert]", "[crit]", "[error]"};
	char *text = a->says.data, *at = NULL, *next;

	if (!text || !*text)
		return "nothing";
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]) && !at; i++)
		at = strstr(text, levels[i]);
	while (!at && (next = strchr(text, '\n')) && next[1])
		text = next + 1;
	at = at ? at : text;
	at[strcspn(at, "\n")] = '\0';
	return at;
}
