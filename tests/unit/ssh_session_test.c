#include "config/base/err.h"
#include "receiver/ssh/session.h"

#include "config/base/io.h"
#include "tests/support/ssh_world.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_MS 60000
#define CHANNELS_MAX 16

/* ---- who comes in ---- */

static void names_the_key_once_for_several_commands(void **state)
{
	struct world *w = *state;
	struct command first, second;
	ssh_channel a, b;

	world_login(w);
	a = world_channel(w);
	b = world_channel(w);
	world_run(w, a, "one", &first);
	assert_string_equal(first.request.command, "one");
	assert_string_equal(first.request.peer, "192.0.2.7:4711");
	assert_string_equal(first.request.local, "192.0.2.1");
	assert_false(first.request.tty);
	/* world_run takes a login if there is one; a second would not be a run. */
	assert_int_equal(ssh_channel_request_exec(b, "two"), SSH_OK);
	world_ask(w, &second.message, &second.request);
	assert_int_equal(second.request.kind, DOOR_RUN);
	assert_int_not_equal(second.request.id, first.request.id);
	message_finish(&second.message);
	command_end(&first, "0\n");
}

static void refuses_a_key_that_is_not_listed_and_logs_it(void **state)
{
	struct world *w = *state;
	char *log;

	world_connect(w, LONG_MS, 10);
	assert_int_equal(
		ssh_userauth_publickey(w->client, NULL, w->stranger), SSH_AUTH_DENIED);
	log = world_log(w);
	assert_non_null(strstr(log, "refused key SHA256:"));
	assert_non_null(strstr(log, "(user anybody) from 192.0.2.7:4711"));
	free(log);
	/* The right one may follow. */
	assert_int_equal(
		ssh_userauth_publickey(w->client, NULL, w->key), SSH_AUTH_SUCCESS);
}

static void refuses_passwords_and_dialogues(void **state)
{
	struct world *w = *state;

	world_connect(w, LONG_MS, 10);
	assert_int_equal(
		ssh_userauth_password(w->client, NULL, "secret"), SSH_AUTH_DENIED);
	assert_int_equal(ssh_userauth_kbdint(w->client, NULL, NULL), SSH_AUTH_DENIED);
	assert_int_equal(ssh_userauth_none(w->client, NULL), SSH_AUTH_DENIED);
}

static void hangs_up_after_the_tries_that_were_allowed(void **state)
{
	struct world *w = *state;
	char *log;

	world_connect(w, LONG_MS, 2);
	/* "none" asks for the methods, and is no try. */
	assert_int_equal(ssh_userauth_none(w->client, NULL), SSH_AUTH_DENIED);
	assert_int_equal(ssh_userauth_password(w->client, NULL, "a"), SSH_AUTH_DENIED);
	(void)ssh_userauth_password(w->client, NULL, "b");
	assert_int_equal(world_wait(w), err_exit_status(ERR_DENIED));
	log = world_log(w);
	assert_non_null(strstr(log, "too many refused logins from 192.0.2.7:4711"));
	free(log);
}

static void hangs_up_when_nobody_logs_in_in_time(void **state)
{
	struct world *w = *state;
	char *log;

	world_connect(w, 100, 10);
	assert_int_equal(world_wait(w), err_exit_status(ERR_DENIED));
	log = world_log(w);
	assert_non_null(strstr(log, "no login in time from 192.0.2.7:4711"));
	free(log);
}

static void gives_no_channel_before_login(void **state)
{
	struct world *w = *state;
	ssh_channel channel;

	world_connect(w, 300, 10);
	channel = ssh_channel_new(w->client);
	assert_int_not_equal(ssh_channel_open_session(channel), SSH_OK);
}

/* ---- requests ---- */

static void passes_what_git_needs_in_the_environment_and_no_more(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	world_login(w);
	channel = world_channel(w);
	assert_int_equal(
		ssh_channel_request_env(channel, "GIT_PROTOCOL", "version=2"), SSH_OK);
	assert_int_equal(ssh_channel_request_env(channel, "LD_PRELOAD", "/x"), SSH_ERROR);
	assert_int_equal(ssh_channel_request_env(channel, "TERM", "vt100"), SSH_ERROR);
	world_run(w, channel, "git-upload-pack 'shop'", &c);
	assert_int_equal(c.request.env_len, 1);
	assert_string_equal(c.request.env[0], "GIT_PROTOCOL=version=2");
	command_end(&c, "0\n");
}

static void runs_a_plain_login_as_an_empty_command(void **state)
{
	struct world *w = *state;
	struct command c;

	world_login(w);
	world_run(w, world_channel(w), "", &c);
	assert_string_equal(c.request.command, "");
	command_end(&c, "0\n");
}

static void gives_a_terminal_of_the_client_s_size(void **state)
{
	struct world *w = *state;
	struct command c;
	struct winsize size;
	ssh_channel channel;
	char byte;

	world_login(w);
	channel = world_channel(w);
	assert_int_equal(
		ssh_channel_request_pty_size(channel, "xterm-256color", 80, 24), SSH_OK);
	world_run(w, channel, "run shop sh", &c);
	assert_true(c.request.tty);
	assert_string_equal(c.request.env[0], "TERM=xterm-256color");
	assert_true(isatty(c.in) && isatty(c.out) && isatty(c.err));
	assert_int_equal(ioctl(c.in, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_col, 80);
	assert_int_equal(size.ws_row, 24);
	/* The echo of a key tells that what came before it was done. */
	assert_int_equal(ssh_channel_change_pty_size(channel, 132, 50), SSH_OK);
	assert_int_equal(ssh_channel_write(channel, "x", 1), 1);
	client_read(channel, &byte, 1, 0);
	assert_int_equal(ioctl(c.in, TIOCGWINSZ, &size), 0);
	assert_int_equal(size.ws_col, 132);
	command_end(&c, "0\n");
}

static void asks_for_the_client_s_signals_at_the_door(void **state)
{
	struct world *w = *state;
	struct command c;
	struct door_request r;
	struct message m;
	ssh_channel channel;

	world_login(w);
	channel = world_channel(w);
	world_run(w, channel, "run shop sleep", &c);
	assert_int_equal(ssh_channel_request_send_signal(channel, "INT"), SSH_OK);
	world_ask(w, &m, &r);
	assert_int_equal(r.kind, DOOR_SIGNAL);
	assert_int_equal(r.id, c.request.id);
	assert_string_equal(r.signal, "INT");
	message_finish(&m);
	command_end(&c, "0\n");
}

static void refuses_forwarding_x11_and_subsystems(void **state)
{
	struct world *w = *state;
	ssh_channel channel, forward;
	int port;

	world_login(w);
	channel = world_channel(w);
	assert_int_equal(ssh_channel_request_subsystem(channel, "sftp"), SSH_ERROR);
	assert_int_equal(ssh_channel_request_x11(channel, 0, NULL, NULL, 0), SSH_ERROR);
	forward = ssh_channel_new(w->client);
	assert_int_equal(
		ssh_channel_open_forward(forward, "127.0.0.1", 80, "x", 1), SSH_ERROR);
	assert_int_equal(
		ssh_channel_listen_forward(w->client, NULL, 0, &port), SSH_ERROR);
}

static void runs_one_command_a_channel(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	world_login(w);
	channel = world_channel(w);
	world_run(w, channel, "one", &c);
	assert_int_equal(ssh_channel_request_exec(channel, "two"), SSH_ERROR);
	command_end(&c, "0\n");
}

static void bounds_the_channels_and_gives_them_back(void **state)
{
	struct world *w = *state;
	ssh_channel channels[CHANNELS_MAX], extra;

	world_login(w);
	for (int i = 0; i < CHANNELS_MAX; i++)
		channels[i] = world_channel(w);
	extra = ssh_channel_new(w->client);
	assert_int_equal(ssh_channel_open_session(extra), SSH_ERROR);
	assert_int_equal(ssh_channel_close(channels[3]), SSH_OK);
	/* The close may still be on its way through the server. */
	do {
		ssh_channel_free(extra);
		extra = ssh_channel_new(w->client);
	} while (ssh_channel_open_session(extra) != SSH_OK);
}

static void tells_of_a_command_that_is_too_long(void **state)
{
	struct world *w = *state;
	ssh_channel channel;
	char *line = malloc(MESSAGE_MAX + 1);
	char *text;

	memset(line, 'a', MESSAGE_MAX);
	line[MESSAGE_MAX] = '\0';
	world_login(w);
	channel = world_channel(w);
	assert_int_equal(ssh_channel_request_exec(channel, line), SSH_OK);
	text = client_read_text(channel, 1);
	assert_non_null(strstr(text, " !     the command is too large"));
	assert_int_equal(client_status(channel), 2);
	free(text);
	free(line);
}

/* ---- the end of a command ---- */

static void passes_the_exit_status_on(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	world_login(w);
	channel = world_channel(w);
	world_run(w, channel, "fail", &c);
	command_end(&c, "42\n");
	free(client_read_text(channel, 0));
	assert_int_equal(client_status(channel), 42);
}

static void passes_the_signal_on_that_ended_a_command(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;
	char *text;

	world_login(w);
	channel = world_channel(w);
	world_run(w, channel, "die", &c);
	command_end(&c, "signal TERM\n");
	text = client_read_text(channel, 1);
	assert_string_equal(text, "");
	/* libssh's client knows no status then. */
	assert_int_equal(client_status(channel), -1);
	free(text);
}

static void says_so_when_a_command_ends_without_a_status(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;
	char *text;

	world_login(w);
	channel = world_channel(w);
	world_run(w, channel, "die", &c);
	command_end(&c, "");
	text = client_read_text(channel, 1);
	assert_non_null(strstr(text, "lives:log"));
	assert_int_equal(client_status(channel), 255);
	free(text);
}

static void ends_although_a_left_process_holds_the_output(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;
	char *text;
	int held;

	world_login(w);
	channel = world_channel(w);
	world_run(w, channel, "daemon", &c);
	held = dup(c.out);
	assert_int_equal(io_write_all(c.out, "started", 7), 0);
	command_end(&c, "0\n");
	text = client_read_text(channel, 0);
	assert_string_equal(text, "started");
	assert_int_equal(client_status(channel), 0);
	free(text);
	(void)close(held);
}

/* ---- when somebody goes ---- */

static void drains_a_command_whose_client_has_vanished(void **state)
{
	static char output[1024 * 1024];
	struct world *w = *state;
	struct command c;
	struct door_request r;
	struct message m;
	char byte;

	world_login(w);
	world_run(w, world_channel(w), "git-receive-pack 'shop'", &c);
	/* As kill -9 does: no word, just the end of the connection. */
	assert_int_equal(shutdown(ssh_get_fd(w->client), SHUT_RDWR), 0);
	world_ask(w, &m, &r);
	assert_int_equal(r.kind, DOOR_HANGUP);
	assert_int_equal(r.id, c.request.id);
	message_finish(&m);
	assert_int_equal(read(c.in, &byte, 1), 0);
	assert_int_equal(io_write_all(c.out, output, sizeof(output)), 0);
	assert_int_equal(io_write_all(c.err, output, sizeof(output)), 0);
	assert_int_equal(waitpid(w->server, NULL, WNOHANG), 0);
	command_end(&c, "0\n");
	assert_int_equal(world_wait(w), 0);
}

static void hangs_up_one_channel_and_keeps_the_other(void **state)
{
	struct world *w = *state;
	struct command gone, kept;
	struct door_request r;
	struct message m;
	ssh_channel a, b;
	char *text;

	world_login(w);
	a = world_channel(w);
	b = world_channel(w);
	world_run(w, a, "logs -t", &gone);
	world_run(w, b, "other", &kept);
	assert_int_equal(ssh_channel_close(a), SSH_OK);
	world_ask(w, &m, &r);
	assert_int_equal(r.kind, DOOR_HANGUP);
	assert_int_equal(r.id, gone.request.id);
	message_finish(&m);
	command_end(&gone, "0\n");
	assert_int_equal(io_write_all(kept.out, "here", 4), 0);
	command_end(&kept, "0\n");
	text = client_read_text(b, 0);
	assert_string_equal(text, "here");
	free(text);
}

static void gives_the_command_all_input_before_it_tells_it_the_end(void **state)
{
	static char sent[512 * 1024], got[sizeof(sent)];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	random_bytes(sent, sizeof(sent));
	world_login(w);
	channel = world_channel(w);
	world_run(w, channel, "slow", &c);
	/* More than the pipe holds, and the client goes at once. */
	assert_int_equal(
		ssh_channel_write(channel, sent, sizeof(sent)), (int)sizeof(sent));
	assert_int_equal(ssh_channel_close(channel), SSH_OK);
	command_read(&c, got, sizeof(got));
	assert_memory_equal(got, sent, sizeof(got));
	assert_int_equal(read(c.in, got, 1), 0);
	command_end(&c, "0\n");
}

static void goes_on_when_bardod_has_gone_and_says_so_to_new_commands(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel running, late;
	char *text;

	world_login(w);
	running = world_channel(w);
	world_run(w, running, "one", &c);
	command_close(&w->door);
	late = world_channel(w);
	assert_int_equal(ssh_channel_request_exec(late, "two"), SSH_OK);
	text = client_read_text(late, 1);
	assert_non_null(strstr(text, "try again"));
	assert_int_equal(client_status(late), 255);
	free(text);
	assert_int_equal(io_write_all(c.out, "done", 4), 0);
	command_end(&c, "0\n");
	text = client_read_text(running, 0);
	assert_string_equal(text, "done");
	assert_int_equal(client_status(running), 0);
	free(text);
}

#define claim(f) cmocka_unit_test_teardown(f, world_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		claim(names_the_key_once_for_several_commands),
		claim(refuses_a_key_that_is_not_listed_and_logs_it),
		claim(refuses_passwords_and_dialogues),
		claim(hangs_up_after_the_tries_that_were_allowed),
		claim(hangs_up_when_nobody_logs_in_in_time),
		claim(gives_no_channel_before_login),
		claim(passes_what_git_needs_in_the_environment_and_no_more),
		claim(runs_a_plain_login_as_an_empty_command),
		claim(gives_a_terminal_of_the_client_s_size),
		claim(asks_for_the_client_s_signals_at_the_door),
		claim(refuses_forwarding_x11_and_subsystems),
		claim(runs_one_command_a_channel),
		claim(bounds_the_channels_and_gives_them_back),
		claim(tells_of_a_command_that_is_too_long),
		claim(passes_the_exit_status_on),
		claim(passes_the_signal_on_that_ended_a_command),
		claim(says_so_when_a_command_ends_without_a_status),
		claim(ends_although_a_left_process_holds_the_output),
		claim(drains_a_command_whose_client_has_vanished),
		claim(hangs_up_one_channel_and_keeps_the_other),
		claim(gives_the_command_all_input_before_it_tells_it_the_end),
		claim(goes_on_when_bardod_has_gone_and_says_so_to_new_commands),
	};

	return cmocka_run_group_tests(tests, world_create, world_destroy);
}
