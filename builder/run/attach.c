#include "builder/run/attach.h"

#include "builder/engine/engine.h"
#include "builder/run/tty.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CHUNK 16384

/* A pipe that poll(2) calls writable takes this much without blocking. Making it
 * non-blocking instead would do so for whoever shares it with us, a shell for one. */
#define WRITE_MAX PIPE_BUF

#define HUNG_UP (POLLERR | POLLHUP | POLLNVAL)

/* What was read on one side and not yet taken by the other. */
struct backlog {
	char data[CHUNK];
	size_t at, len;
};

struct outlet {
	int fd;
	bool is_closed;
	struct backlog backlog;
};

struct pump {
	const struct attach *attach;
	struct engine_frames frames;
	struct outlet out, err;
	struct backlog input;
	bool input_ended; /* no more comes, or the program takes no more */
	bool output_ended;
};

enum { AT_SIGNALS, AT_FOLLOW, AT_IN, AT_OUT, AT_ERR, AT_COUNT };

/* Nothing of ours ends a turn. */
#define GO_ON (-100)

static const struct {
	int number;
	const char *name;
} passed_on[] = {
	{SIGINT, "INT"},
	{SIGQUIT, "QUIT"},
	{SIGTERM, "TERM"},
	{SIGUSR1, "USR1"},
	{SIGUSR2, "USR2"},
};

int attach_hold_signals(struct err *err)
{
	sigset_t set;
	int fd;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGWINCH);
	for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
		(void)sigaddset(&set, passed_on[i].number);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_errno(err, "sigprocmask");
	(void)signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_errno(err, "signalfd") : fd;
}

static void tell_size(const struct attach *a)
{
	int rows, columns;

	if (a->terminal && a->resize && tty_size(STDIN_FILENO, &rows, &columns))
		a->resize(a->ctx, rows, columns);
}

static int take_signals(const struct attach *a)
{
	struct signalfd_siginfo info;

	while (read(a->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			return ATTACH_HUNG_UP;
		if (info.ssi_signo == SIGWINCH)
			tell_size(a);
		for (size_t i = 0; i < sizeof(passed_on) / sizeof(passed_on[0]); i++) {
			if ((int)info.ssi_signo == passed_on[i].number && a->pass_on)
				a->pass_on(a->ctx, passed_on[i].name);
		}
	}
	return GO_ON;
}

/* ---- from the program ---- */

static int take_output(void *ctx, int stream, const char *data, size_t len)
{
	struct pump *p = ctx;
	struct backlog *b = stream == 1 ? &p->out.backlog : &p->err.backlog;

	/* What was read at once has room: it is at most a chunk. */
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

static bool has_output(const struct pump *p)
{
	return p->out.backlog.len || p->err.backlog.len;
}

static int take_chunk(struct pump *p, const char *data, size_t len, struct err *err)
{
	if (p->attach->terminal)
		return take_output(p, 1, data, len);
	if (engine_frames_feed(&p->frames, data, len, take_output, p) < 0)
		return err_set(err, ERR_FAILED,
			"the Docker Engine sent what is no stream of a container");
	return 0;
}

static int read_output(struct pump *p, struct err *err)
{
	char data[CHUNK];
	int rc = 0;

	while (!rc && !p->output_ended && !has_output(p)) {
		ssize_t n =
			engine_follow_read(p->attach->follow, data, sizeof(data), err);

		if (n == ERR_BUSY)
			break;
		if (n == 0)
			p->output_ended = true;
		rc = n > 0 ? take_chunk(p, data, (size_t)n, err) : (int)n;
	}
	return rc;
}

static int write_output(struct outlet *o)
{
	struct backlog *b = &o->backlog;
	size_t len = b->len - b->at < WRITE_MAX ? b->len - b->at : WRITE_MAX;
	ssize_t n = write(o->fd, b->data + b->at, len);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? GO_ON : ATTACH_HUNG_UP;
	b->at += (size_t)n;
	if (b->at == b->len)
		b->at = b->len = 0;
	return GO_ON;
}

/* Who reads the output no more wants nothing more; errors alone may well be closed. */
static int serve_outlet(struct outlet *o, short revents)
{
	int rc = GO_ON;

	if (revents & POLLOUT && o->backlog.len)
		rc = write_output(o);
	if (revents & HUNG_UP && !(revents & POLLOUT))
		rc = ATTACH_HUNG_UP;
	if (rc == ATTACH_HUNG_UP && o->fd == STDERR_FILENO) {
		o->is_closed = true;
		rc = GO_ON;
	}
	if (o->is_closed)
		o->backlog.at = o->backlog.len = 0;
	return rc;
}

/* ---- to the program ---- */

static int read_input(struct pump *p)
{
	ssize_t n = read(STDIN_FILENO, p->input.data, sizeof(p->input.data));

	if (n > 0) {
		p->input.len = (size_t)n;
		return GO_ON;
	}
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return GO_ON;
	/* A raw terminal has no end but its user's going. */
	if (p->attach->terminal && isatty(STDIN_FILENO))
		return ATTACH_HUNG_UP;
	p->input_ended = true;
	(void)engine_follow_end_write(p->attach->follow);
	return GO_ON;
}

/* A program that takes no more input may still have much to say. */
static void write_input(struct pump *p)
{
	struct backlog *b = &p->input;
	ssize_t n = engine_follow_write(
		p->attach->follow, b->data + b->at, b->len - b->at, NULL);

	if (n == ERR_BUSY)
		return;
	if (n < 0)
		p->input_ended = true;
	else
		b->at += (size_t)n;
	if (n < 0 || b->at == b->len)
		b->at = b->len = 0;
}

/* ---- the loop ---- */

static void gather(const struct pump *p, struct pollfd polls[AT_COUNT])
{
	const struct attach *a = p->attach;
	bool reads = !p->output_ended && !has_output(p), writes = p->input.len > 0;
	bool listens = !p->input_ended && !p->input.len && !p->output_ended;

	polls[AT_SIGNALS] = (struct pollfd){a->signals, POLLIN, 0};
	/* Left out while nothing is wanted of it: its end would wake us all the time. */
	polls[AT_FOLLOW] =
		(struct pollfd){reads || writes ? engine_follow_fd(a->follow) : -1,
			(short)((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0};
	polls[AT_IN] = (struct pollfd){listens ? STDIN_FILENO : -1, POLLIN, 0};
	polls[AT_OUT] =
		(struct pollfd){p->out.fd, (short)(p->out.backlog.len ? POLLOUT : 0), 0};
	polls[AT_ERR] = (struct pollfd){p->err.is_closed ? -1 : p->err.fd,
		(short)(p->err.backlog.len ? POLLOUT : 0), 0};
}

static int wait_for(
	const struct attach *a, struct pollfd *polls, nfds_t len, struct err *err)
{
	int64_t left = a->until ? a->until - clock_monotonic_ms() : -1;
	int rc;

	if (a->until && left <= 0)
		return ATTACH_OVERDUE;
	rc = engine_poll(a->engine, polls, len, left, err);
	if (rc < 0)
		return rc;
	return polls[0].revents ? take_signals(a) : GO_ON;
}

static int turn(struct pump *p, struct err *err)
{
	struct pollfd polls[AT_COUNT];
	int rc = read_output(p, err);

	if (rc)
		return rc;
	if (p->output_ended && !has_output(p))
		return ATTACH_ENDED;
	gather(p, polls);
	rc = wait_for(p->attach, polls, AT_COUNT, err);
	if (rc == GO_ON)
		rc = serve_outlet(&p->out, polls[AT_OUT].revents);
	if (rc == GO_ON)
		rc = serve_outlet(&p->err, polls[AT_ERR].revents);
	if (rc == GO_ON && polls[AT_IN].revents)
		rc = read_input(p);
	if (rc == GO_ON && p->input.len)
		write_input(p);
	return rc;
}

int attach_pump(const struct attach *a, struct err *err)
{
	struct pump p = {
		.attach = a,
		.out.fd = STDOUT_FILENO,
		.err.fd = STDERR_FILENO,
	};
	struct tty tty = {0};
	int rc;

	if (a->terminal)
		tty_make_raw(&tty, STDIN_FILENO);
	tell_size(a);
	do
		rc = turn(&p, err);
	while (rc == GO_ON);
	tty_restore(&tty);
	return rc;
}

int attach_wait(const struct attach *a, int fd, struct err *err)
{
	for (;;) {
		struct pollfd polls[] = {{a->signals, POLLIN, 0}, {fd, POLLIN, 0}};
		int rc = wait_for(a, polls, 2, err);

		if (rc != GO_ON)
			return rc;
		if (polls[1].revents)
			return 0;
	}
}
