#include "receiver/ssh/pump.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Bytes moved at a time. */
#define CHUNK (128 * 1024)

/* How far a client may be ahead of the command, in bytes, and after how many we tell it
 * so again. What is under way must fit, or a client from afar waits for us once each
 * round trip: this is more than kernels send ahead (4 MB by Linux's defaults). One byte
 * less, for the zero that a buf adds before it doubles. */
#define INPUT_WINDOW (8 * 1024 * 1024 - 1)
#define INPUT_RAISE (1024 * 1024)

/* A process that the command left behind may keep its output open for ever. */
#define LINGER_MS 2000

/* A command that is killed closes all it has, one after the other. After an EOF we could
 * not tell the client what happened, so wait whether it is only its output that ends. */
#define HALF_CLOSE_MS 100

static size_t backlog_len(const struct backlog *b)
{
	return b->bytes.len - b->taken;
}

static const char *backlog_data(const struct backlog *b)
{
	return b->bytes.data + b->taken;
}

/* Room for more after what is there, or NULL. */
static char *backlog_reserve(struct backlog *b, size_t len)
{
	if (b->bytes.max - b->bytes.len < len) {
		buf_consume(&b->bytes, b->taken);
		b->taken = 0;
	}
	return buf_reserve(&b->bytes, len);
}

/* Nothing moves: a slow reader takes a page at a time. */
static void backlog_take(struct backlog *b, size_t len)
{
	b->taken += len;
	if (b->taken < b->bytes.len)
		return;
	b->taken = 0;
	buf_reset(&b->bytes);
}

static void backlog_drop(struct backlog *b)
{
	backlog_take(b, backlog_len(b));
}

static void outlet_init(struct outlet *o, bool is_stderr)
{
	*o = (struct outlet){.fd = -1, .is_stderr = is_stderr};
	buf_init(&o->backlog.bytes, PUMP_KEPT_MAX);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void pump_init(struct pump *p, ssh_channel channel)
{
	*p = (struct pump){
		.channel = channel,
		.to_command = -1,
		.status_fd = -1,
		.linger_until = INT64_MAX,
		.half_close_at = INT64_MAX,
	};
	buf_init(&p->input.bytes, INPUT_WINDOW);
	outlet_init(&p->out, false);
	outlet_init(&p->err, true);
}

void pump_finish(struct pump *p)
{
	close_fd(&p->to_command);
	close_fd(&p->out.fd);
	close_fd(&p->err.fd);
	close_fd(&p->status_fd);
	buf_finish(&p->input.bytes);
	buf_finish(&p->out.backlog.bytes);
	buf_finish(&p->err.backlog.bytes);
}

static int take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

void pump_attach(struct pump *p, struct ends *ends)
{
	p->to_command = take(&ends->ours[DOOR_STDIN]);
	p->out.fd = take(&ends->ours[DOOR_STDOUT]);
	p->err.fd = take(&ends->ours[DOOR_STDERR]);
	p->status_fd = take(&ends->ours[DOOR_STATUS]);
}

void pump_say(struct pump *p, const char *text)
{
	(void)buf_adds(&p->err.backlog.bytes, text);
}

void pump_set_status(struct pump *p, int status)
{
	(void)snprintf(p->status, sizeof(p->status), "%d\n", status);
}

void pump_input_waits(struct pump *p)
{
	p->input_waits = true;
}

void pump_input_ended(struct pump *p)
{
	p->input_ended = true;
}

void pump_unheard(struct pump *p)
{
	p->unheard = true;
	p->input_ended = true;
	backlog_drop(&p->out.backlog);
	backlog_drop(&p->err.backlog);
}

void pump_let_go(struct pump *p)
{
	if (p->finishes)
		return;
	close_fd(&p->out.fd);
	close_fd(&p->err.fd);
}

void pump_detach(struct pump *p)
{
	pump_unheard(p);
	p->channel = NULL;
	p->input_waits = false;
}

/* ---- from the client to the command ---- */

/* How many bytes to ask libssh for: all that it holds, since it moves what stays whenever
 * more comes. Before 0.11, asking for more than the window holds is what makes it raise
 * the window; a command that keeps up is worth it. */
static size_t input_wanted(const struct pump *p, size_t available)
{
#if LIBSSH_VERSION_INT < SSH_VERSION_INT(0, 11, 0)
	if (available <= CHUNK && p->input_owed >= INPUT_RAISE)
		return INPUT_WINDOW;
#else
	(void)p;
#endif
	return available < INPUT_WINDOW ? available : INPUT_WINDOW;
}

/* Takes what libssh holds. False if that is nothing. */
static bool fill_input(struct pump *p)
{
	int available =
		p->channel && p->input_waits ? ssh_channel_poll(p->channel, 0) : 0;
	size_t wanted;
	char *to;
	int n;

	p->input_waits = false;
	if (available <= 0)
		return false;
	wanted = input_wanted(p, (size_t)available);
	/* Large, but pages that nothing was written to cost nothing. */
	to = buf_reserve(&p->input.bytes, wanted);
	n = to ? ssh_channel_read_timeout(p->channel, to, (uint32_t)wanted, 0, 0) : -1;
	if (n <= 0)
		return false;
	p->input.bytes.len += (size_t)n;
	p->input_owed = wanted > (size_t)available ? 0 : p->input_owed + (size_t)n;
	p->input_waits = n < available;
	return true;
}

/* Gives the command what it takes. False if it takes no more now. */
static bool drain_input(struct pump *p)
{
	size_t len = backlog_len(&p->input);
	ssize_t n = (ssize_t)len;

	if (p->to_command >= 0)
		n = write(p->to_command, backlog_data(&p->input), len);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n < 0) {
		/* It reads no more: what still comes is thrown away. */
		close_fd(&p->to_command);
		n = (ssize_t)len;
	}
	backlog_take(&p->input, (size_t)n);
	return (size_t)n == len;
}

/* A terminal has no end of file but the character for it. A deploy may take long from
 * here on: it needs no room for input. */
static void end_input(struct pump *p)
{
	struct termios t;

	if (p->to_command >= 0 && tcgetattr(p->to_command, &t) == 0 &&
		(t.c_lflag & ICANON))
		(void)!write(p->to_command, &t.c_cc[VEOF], 1);
	close_fd(&p->to_command);
	buf_finish(&p->input.bytes);
	buf_init(&p->input.bytes, INPUT_WINDOW);
}

static void move_input(struct pump *p)
{
	while (backlog_len(&p->input) || fill_input(p)) {
		if (!drain_input(p))
			return;
	}
	if (p->input_ended && !p->input_waits)
		end_input(p);
}

/* ---- from the command to the client ---- */

/* How many bytes the client takes now. */
static size_t output_room(const struct pump *p)
{
	size_t window;

	if (p->unheard)
		return CHUNK;
	if (!p->channel ||
		(ssh_get_status(ssh_channel_get_session(p->channel)) & SSH_WRITE_PENDING))
		return 0;
	window = ssh_channel_window_size(p->channel);
	return window < CHUNK ? window : CHUNK;
}

/* A rekey may let libssh take less than the window has. */
static bool write_some(struct pump *p, struct outlet *o)
{
	const char *data = backlog_data(&o->backlog);
	size_t len = backlog_len(&o->backlog), room = output_room(p);
	uint32_t some = (uint32_t)(len < room ? len : room);
	int n = (int)some;

	if (!some)
		return false;
	if (!p->unheard && o->is_stderr)
		n = ssh_channel_write_stderr(p->channel, data, some);
	else if (!p->unheard)
		n = ssh_channel_write(p->channel, data, some);
	if (n < 0)
		pump_unheard(p);
	else
		backlog_take(&o->backlog, (size_t)n);
	return n > 0;
}

/* All that fits: nothing else may wake us for the rest. */
static void drain_outlet(struct pump *p, struct outlet *o)
{
	while (write_some(p, o))
		continue;
}

/* How many bytes may be read from the command now. */
static size_t wanted_output(const struct pump *p, const struct outlet *o)
{
	if (p->finishes || o->is_cut)
		return CHUNK;
	return backlog_len(&o->backlog) ? 0 : output_room(p);
}

static void fill_outlet(struct pump *p, struct outlet *o)
{
	size_t room = wanted_output(p, o), kept = backlog_len(&o->backlog);
	char thrown_away[PIPE_BUF], *to;
	ssize_t n;

	if (!room)
		return;
	if (room > PUMP_KEPT_MAX - kept)
		room = PUMP_KEPT_MAX - kept;
	to = room && !o->is_cut ? backlog_reserve(&o->backlog, room) : NULL;
	n = read(o->fd, to ? to : thrown_away, to ? room : sizeof(thrown_away));
	o->is_cut = o->is_cut || (n > 0 && !to);
	if (n > 0 && to)
		o->backlog.bytes.len += (size_t)n;
	else if (n > 0)
		return;
	/* A terminal ends with EIO when its last user has closed it. */
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(&o->fd);
}

static void move_output(struct pump *p, struct outlet *o, bool readable)
{
	drain_outlet(p, o);
	if (o->fd >= 0 && readable) {
		fill_outlet(p, o);
		drain_outlet(p, o);
	}
}

static bool output_is_done(const struct pump *p)
{
	return p->out.fd < 0 && p->err.fd < 0 && !backlog_len(&p->out.backlog) &&
		!backlog_len(&p->err.backlog);
}

/* ---- the end ---- */

/* DOOR_FINISHES stands before the status, and a write of so little comes whole. */
static void take_promise(struct pump *p)
{
	size_t len = strlen(DOOR_FINISHES);

	if (p->finishes || strncmp(p->status, DOOR_FINISHES, len) != 0)
		return;
	p->finishes = true;
	p->status_len -= len;
	memmove(p->status, p->status + len, p->status_len + 1);
}

static void read_status(struct pump *p, int64_t now)
{
	char rest[ENDING_TEXT_MAX];
	size_t room = sizeof(p->status) - 1 - p->status_len;
	ssize_t n = read(p->status_fd, room ? p->status + p->status_len : rest,
		room ? room : sizeof(rest));

	if (n > 0 && room)
		p->status_len += (size_t)n;
	take_promise(p);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		close_fd(&p->status_fd);
		p->linger_until = now + LINGER_MS;
	}
}

/* Whether an output was looked at in this turn and had nothing to give. */
static bool was_quiet(const struct outlet *o, const struct pollfd *seen)
{
	return o->fd < 0 || (seen->fd == o->fd && !seen->revents);
}

static void stop_lingering(struct pump *p, const struct pollfd *set, int64_t now)
{
	if (p->status_fd >= 0 || p->linger_until == INT64_MAX)
		return;
	if (!was_quiet(&p->out, &set[DOOR_STDOUT]) ||
		!was_quiet(&p->err, &set[DOOR_STDERR])) {
		p->linger_until = now + LINGER_MS;
	} else if (now >= p->linger_until) {
		close_fd(&p->out.fd);
		close_fd(&p->err.fd);
	}
}

/* The client may learn that no more output comes while it goes on sending. */
static void half_close(struct pump *p, int64_t now)
{
	if (p->status_fd < 0 || p->unheard || p->half_closed || pump_was_cut(p) ||
		!output_is_done(p))
		return;
	if (p->half_close_at == INT64_MAX) {
		p->half_close_at = now + HALF_CLOSE_MS;
	} else if (now >= p->half_close_at) {
		(void)ssh_channel_send_eof(p->channel);
		p->half_closed = true;
	}
}

void pump_interest(const struct pump *p, struct pollfd set[PUMP_FDS])
{
	bool input = backlog_len(&p->input) || p->input_waits;
	int out = wanted_output(p, &p->out) ? p->out.fd : -1;
	int err = wanted_output(p, &p->err) ? p->err.fd : -1;

	set[DOOR_STDIN] = (struct pollfd){input ? p->to_command : -1, POLLOUT, 0};
	set[DOOR_STDOUT] = (struct pollfd){out, POLLIN, 0};
	set[DOOR_STDERR] = (struct pollfd){err, POLLIN, 0};
	set[DOOR_STATUS] = (struct pollfd){p->status_fd, POLLIN, 0};
}

void pump_step(struct pump *p, const struct pollfd set[PUMP_FDS], int64_t now)
{
	move_input(p);
	move_output(p, &p->out, set[DOOR_STDOUT].revents != 0);
	move_output(p, &p->err, set[DOOR_STDERR].revents != 0);
	if (p->status_fd >= 0 && set[DOOR_STATUS].revents)
		read_status(p, now);
	stop_lingering(p, set, now);
	half_close(p, now);
}

int64_t pump_deadline(const struct pump *p)
{
	if (p->status_fd >= 0)
		return p->unheard || p->half_closed ? INT64_MAX : p->half_close_at;
	return p->out.fd < 0 && p->err.fd < 0 ? INT64_MAX : p->linger_until;
}

bool pump_was_cut(const struct pump *p)
{
	return p->out.is_cut || p->err.is_cut;
}

bool pump_is_done(const struct pump *p)
{
	return p->status_fd < 0 && output_is_done(p);
}
