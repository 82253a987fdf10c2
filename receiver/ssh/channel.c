#include "receiver/ssh/channel.h"

#include "config/base/err.h"
#include "config/base/log.h"
#include "receiver/ssh/ask.h"

#include <libssh/server.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* git takes the connection for broken if we go before it has closed the channel. */
#define CLOSE_WAIT_MS 10000
#define SIGNAL_NAME_MAX 16
#define LINE_MAX_BYTES (ERR_MSG_MAX + 64)

/* Of a request to run a command, all but the command itself: the packet's type, the
 * channel, "exec" and its length, whether an answer is wanted, the command's length. */
#define EXEC_OVERHEAD (1 + 4 + 4 + 4 + 1 + 4)

/* libssh's answers to a channel request. */
enum { ACCEPT = 0, REFUSE = 1 };

/* ---- requests ---- */

static void tell(struct channel *c, const char *text)
{
	char line[LINE_MAX_BYTES];

	(void)snprintf(
		line, sizeof(line), " !     %s%s", text, c->has_terminal ? "\r\n" : "\n");
	pump_say(&c->pump, line);
}

/* The client gets one line and this status from us, since no command gives them. */
static void fail(struct channel *c, const char *text, int status)
{
	tell(c, text);
	pump_set_status(&c->pump, status);
}

static int open_ends(struct channel *c, struct ends *ends, struct err *err)
{
	int master = c->terminal;

	if (!c->has_terminal)
		return ends_open_pipes(ends, err);
	c->terminal = -1;
	return ends_open_terminal(ends, master, err);
}

static void start(struct channel *c, const char *command)
{
	struct ask_run run = {
		.id = c->id,
		.command = command,
		.tty = c->has_terminal,
		.env = (const char *const *)c->env.entries,
		.env_len = c->env.len,
	};
	struct ends ends;
	struct err err;
	int rc;

	ends_init(&ends);
	run.fds = ends.theirs;
	rc = open_ends(c, &ends, &err);
	if (!rc)
		rc = ask_run(c->asker, &run, &err);
	if (!rc)
		pump_attach(&c->pump, &ends);
	ends_finish(&ends);
	c->phase = CHANNEL_RUNNING;
	if (rc == ERR_USAGE)
		fail(c, err.msg, err_exit_status(rc));
	else if (rc == ERR_AWAY)
		fail(c, "bardod is not running or restarts: try again in a moment",
			ENDING_UNKNOWN);
	else if (rc) {
		log_warn("cannot run a command: %s", err.msg);
		fail(c, "the server is out of resources: try again in a moment",
			ENDING_UNKNOWN);
	}
}

static int on_exec(ssh_session session, ssh_channel ssh, const char *command, void *data)
{
	struct channel *c = data;

	(void)session;
	(void)ssh;
	if (c->phase != CHANNEL_OPEN)
		return REFUSE;
	if (meter_packet_is_larger(c->meter, EXEC_OVERHEAD + strlen(command))) {
		c->phase = CHANNEL_RUNNING;
		fail(c, "the command has a NUL byte in it: leave it out",
			err_exit_status(ERR_USAGE));
		return ACCEPT;
	}
	start(c, command);
	return ACCEPT;
}

/* A plain login. */
static int on_shell(ssh_session session, ssh_channel ssh, void *data)
{
	struct channel *c = data;

	(void)session;
	(void)ssh;
	if (c->phase != CHANNEL_OPEN)
		return REFUSE;
	start(c, "");
	return ACCEPT;
}

static int on_environment(ssh_session session, ssh_channel ssh, const char *name,
	const char *value, void *data)
{
	struct channel *c = data;

	(void)session;
	(void)ssh;
	meter_mark(c->meter);
	/* TERM comes with the request for a terminal only. */
	if (c->phase != CHANNEL_OPEN || !strcmp(name, "TERM"))
		return REFUSE;
	return environment_set(&c->env, name, value, NULL) ? REFUSE : ACCEPT;
}

static int on_terminal(ssh_session session, ssh_channel ssh, const char *term,
	int columns, int rows, int width, int height, void *data)
{
	const struct terminal_size size = {columns, rows, width, height};
	struct channel *c = data;
	struct err err;

	(void)session;
	(void)ssh;
	meter_mark(c->meter);
	if (c->phase != CHANNEL_OPEN || c->has_terminal)
		return -1;
	c->terminal = terminal_open(&size, &err);
	if (c->terminal < 0) {
		log_warn("no terminal for a client: %s", err.msg);
		return -1;
	}
	c->has_terminal = true;
	/* A client with a strange terminal gets one without a name. */
	(void)environment_set(&c->env, "TERM", term, NULL);
	return 0;
}

static int on_resize(ssh_session session, ssh_channel ssh, int columns, int rows,
	int width, int height, void *data)
{
	const struct terminal_size size = {columns, rows, width, height};
	struct channel *c = data;
	int master = c->terminal >= 0 ? c->terminal : c->pump.out.fd;

	(void)session;
	(void)ssh;
	if (c->has_terminal && master >= 0)
		terminal_resize(master, &size);
	return 0;
}

static void on_signal(ssh_session session, ssh_channel ssh, const char *name, void *data)
{
	struct channel *c = data;

	(void)session;
	(void)ssh;
	if (c->phase == CHANNEL_RUNNING && strlen(name) <= SIGNAL_NAME_MAX)
		ask_signal(c->asker, c->id, name);
}

/* ---- data ---- */

/* libssh keeps what we don't take, and closes the window by it. We only note that there
 * is some: this may be called from inside our own calls of libssh. */
static int on_data(ssh_session session, ssh_channel ssh, void *bytes, uint32_t len,
	int is_stderr, void *data)
{
	struct channel *c = data;

	(void)session;
	(void)ssh;
	(void)bytes;
	if (is_stderr)
		return (int)len;
	pump_input_waits(&c->pump);
	return 0;
}

static void on_eof(ssh_session session, ssh_channel ssh, void *data)
{
	struct channel *c = data;

	(void)session;
	(void)ssh;
	pump_input_ended(&c->pump);
}

static void on_close(ssh_session session, ssh_channel ssh, void *data)
{
	struct channel *c = data;

	(void)session;
	(void)ssh;
	c->closed_by_client = true;
}

/* Forwarding, agent, X11 and subsystems have no callback: libssh refuses them. */
static const struct ssh_channel_callbacks_struct callbacks = {
	.channel_data_function = on_data,
	.channel_eof_function = on_eof,
	.channel_close_function = on_close,
	.channel_signal_function = on_signal,
	.channel_pty_request_function = on_terminal,
	.channel_shell_request_function = on_shell,
	.channel_pty_window_change_function = on_resize,
	.channel_exec_request_function = on_exec,
	.channel_env_request_function = on_environment,
};

/* ---- life ---- */

struct channel *channel_create(
	ssh_session session, struct asker *asker, struct meter *meter, uint32_t id)
{
	struct channel *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->id = id;
	c->asker = asker;
	c->meter = meter;
	c->terminal = -1;
	c->callbacks = callbacks;
	c->callbacks.userdata = c;
	ssh_callbacks_init(&c->callbacks);
	c->ssh = ssh_channel_new(session);
	pump_init(&c->pump, c->ssh);
	if (!c->ssh || ssh_set_channel_callbacks(c->ssh, &c->callbacks) != SSH_OK) {
		channel_destroy(c);
		return NULL;
	}
	return c;
}

static void release(struct channel *c)
{
	pump_detach(&c->pump);
	if (c->ssh) {
		/* It may outlive us inside libssh, until the client has closed it. */
		(void)ssh_remove_channel_callbacks(c->ssh, &c->callbacks);
		ssh_channel_free(c->ssh);
	}
	c->ssh = NULL;
}

void channel_destroy(struct channel *c)
{
	if (!c)
		return;
	release(c);
	pump_finish(&c->pump);
	environment_finish(&c->env);
	if (c->terminal >= 0)
		(void)close(c->terminal);
	free(c);
}

/* bardod tells the command. Without one it has only its descriptors to see it by. */
static void hang_up(struct channel *c)
{
	bool first = c->phase == CHANNEL_RUNNING && !c->hung_up;

	c->hung_up = true;
	pump_unheard(&c->pump);
	if (first && ask_hangup(c->asker, c->id) == ERR_AWAY)
		pump_let_go(&c->pump);
}

void channel_lose(struct channel *c)
{
	hang_up(c);
	pump_detach(&c->pump);
	c->ssh = NULL;
	c->closed_by_client = true;
}

/* Tells the client how the command ended. */
static void finish(struct channel *c, int64_t now)
{
	struct ending ending;

	c->phase = CHANNEL_CLOSING;
	c->close_until = now + CLOSE_WAIT_MS;
	if (c->closed_by_client)
		return;
	(void)ending_parse(&ending, c->pump.status);
	if (ending.signal[0])
		(void)ssh_channel_request_send_exit_signal(
			c->ssh, ending.signal, 0, "", "");
	else
		(void)ssh_channel_request_send_exit_status(c->ssh, ending.status);
	(void)ssh_channel_send_eof(c->ssh);
	(void)ssh_channel_close(c->ssh);
}

/* A command that was killed, or whose server was, could not say how it ended. And who
 * read too slowly is told what of. */
static bool explain(struct channel *c)
{
	struct ending ending;

	if (c->closed_by_client || c->is_explained)
		return false;
	c->is_explained = true;
	if (pump_was_cut(&c->pump)) {
		tell(c,
			"what came after this was thrown away, since you didn't read: a "
			"deploy is on record: lives APP, lives:log APP N");
		if (ending_parse(&ending, c->pump.status) == 0)
			return true;
	}
	if (ending_parse(&ending, c->pump.status) == 0)
		return false;
	fail(c,
		"the command ended without a status: it or the server was stopped. A "
		"deploy is on record: lives APP, lives:log APP N",
		ENDING_UNKNOWN);
	return true;
}

void channel_step(struct channel *c, const struct pollfd set[PUMP_FDS], int64_t now)
{
	if (c->closed_by_client)
		hang_up(c);
	if (c->phase != CHANNEL_RUNNING)
		return;
	pump_step(&c->pump, set, now);
	/* The client waits for our close, but its last bytes wait for the command. */
	if (c->closed_by_client && c->ssh && !c->pump.input_waits)
		release(c);
	if (pump_is_done(&c->pump) && explain(c))
		pump_step(&c->pump, set, now);
	if (pump_is_done(&c->pump))
		finish(c, now);
}

void channel_interest(const struct channel *c, struct pollfd set[PUMP_FDS])
{
	pump_interest(&c->pump, set);
}

int64_t channel_deadline(const struct channel *c)
{
	return c->phase == CHANNEL_CLOSING ? c->close_until : pump_deadline(&c->pump);
}

bool channel_is_over(const struct channel *c, int64_t now)
{
	switch (c->phase) {
	case CHANNEL_OPEN:
		return c->closed_by_client;
	case CHANNEL_RUNNING:
		return false;
	case CHANNEL_CLOSING:
		return c->closed_by_client || now >= c->close_until;
	}
	return true;
}
