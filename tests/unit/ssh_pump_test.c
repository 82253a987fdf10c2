#include "receiver/ssh/pump.h"

#include "config/base/io.h"
#include "tests/support/ssh_world.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What fits the pipe of a command, however small that is made. */
#define PIECE (32 * 1024)
/* Windows, pipes and the kernel's buffers hold less than this. */
#define STALLED_MAX (48 * 1024 * 1024)
/* A wire of 50 MB/s holds so much at 100 ms of round trip. */
#define FAR_AHEAD (5 * 1024 * 1024)
/* So long without any progress counts as none. */
#define QUIET_MS 500

static void start(struct world *w, ssh_channel *channel, struct command *c)
{
	world_login(w);
	*channel = world_channel(w);
	world_run(w, *channel, "command", c);
}

/* Sends pieces through the client to the command and back, and compares. */
static void echo(ssh_channel channel, struct command *c, size_t bytes)
{
	static char sent[PIECE], got[PIECE];

	for (size_t done = 0; done < bytes; done += PIECE) {
		random_bytes(sent, PIECE);
		assert_int_equal(ssh_channel_write(channel, sent, PIECE), PIECE);
		command_read(c, got, PIECE);
		assert_memory_equal(got, sent, PIECE);
		random_bytes(sent, PIECE);
		assert_int_equal(io_write_all(c->out, sent, PIECE), 0);
		client_read(channel, got, PIECE, 0);
		assert_memory_equal(got, sent, PIECE);
	}
}

static void carries_bytes_both_ways_unchanged(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	start(w, &channel, &c);
	echo(channel, &c, 16 * 1024 * 1024);
	command_end(&c, "0\n");
}

static void survives_new_keys_in_mid_transfer(void **state)
{
	struct world *w = *state;
	const uint64_t rekey_bytes = 256 * 1024;
	struct command c;
	ssh_channel channel;

	start(w, &channel, &c);
	assert_int_equal(
		ssh_options_set(w->client, SSH_OPTIONS_REKEY_DATA, &rekey_bytes), 0);
	echo(channel, &c, 4 * 1024 * 1024);
	command_end(&c, "0\n");
	free(client_read_text(channel, 0));
	assert_int_equal(client_status(channel), 0);
}

static void keeps_the_two_outputs_apart(void **state)
{
	static char out[PIECE], err[PIECE], got[PIECE];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	random_bytes(out, PIECE);
	random_bytes(err, PIECE);
	start(w, &channel, &c);
	assert_int_equal(io_write_all(c.err, err, PIECE), 0);
	assert_int_equal(io_write_all(c.out, out, PIECE), 0);
	command_end(&c, "0\n");
	client_read(channel, got, PIECE, 0);
	assert_memory_equal(got, out, PIECE);
	client_read(channel, got, PIECE, 1);
	assert_memory_equal(got, err, PIECE);
}

static void closes_input_while_output_goes_on(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;
	char got[6];
	char *text;

	start(w, &channel, &c);
	assert_int_equal(ssh_channel_write(channel, "input", 5), 5);
	assert_int_equal(ssh_channel_send_eof(channel), SSH_OK);
	command_read(&c, got, 5);
	assert_memory_equal(got, "input", 5);
	assert_int_equal(read(c.in, got, 1), 0);
	assert_int_equal(io_write_all(c.out, "output", 6), 0);
	command_end(&c, "0\n");
	text = client_read_text(channel, 0);
	assert_string_equal(text, "output");
	free(text);
}

static void closes_output_while_input_goes_on(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;
	char got[4];

	start(w, &channel, &c);
	command_close(&c.out);
	command_close(&c.err);
	/* Its end comes though the command has not ended. */
	free(client_read_text(channel, 0));
	assert_true(ssh_channel_is_eof(channel));
	assert_int_equal(ssh_channel_write(channel, "late", 4), 4);
	command_read(&c, got, 4);
	assert_memory_equal(got, "late", 4);
	command_end(&c, "0\n");
}

static void throws_input_away_that_the_command_does_not_read(void **state)
{
	static char bytes[PIECE];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	start(w, &channel, &c);
	command_close(&c.in);
	/* Far more than any buffer between: it stalls unless it is thrown away. */
	for (size_t done = 0; done < STALLED_MAX; done += PIECE)
		assert_int_equal(ssh_channel_write(channel, bytes, PIECE), PIECE);
	command_end(&c, "3\n");
	free(client_read_text(channel, 0));
	assert_int_equal(client_status(channel), 3);
}

/* Writes to fd until nobody takes more. */
static size_t write_until_stalled(int fd)
{
	static char bytes[PIECE];
	struct pollfd set = {fd, POLLOUT, 0};
	size_t total = 0;

	assert_int_equal(io_set_nonblocking(fd, true), 0);
	while (total < STALLED_MAX && poll(&set, 1, QUIET_MS) > 0) {
		ssize_t n = write(fd, bytes, PIECE);

		assert_true(n > 0);
		total += (size_t)n;
	}
	return total;
}

static void slows_the_command_down_to_its_client(void **state)
{
	static char got[PIECE];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;
	size_t total, read = 0;
	int n;

	start(w, &channel, &c);
	total = write_until_stalled(c.out);
	assert_true(total < STALLED_MAX);
	/* Nothing of it is lost. */
	command_end(&c, "0\n");
	while ((n = ssh_channel_read(channel, got, PIECE, 0)) > 0)
		read += (size_t)n;
	assert_int_equal(read, total);
}

static void never_slows_down_a_command_that_finishes(void **state)
{
	static char sent[PIECE], got[PIECE];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	start(w, &channel, &c);
	assert_int_equal(io_write_all(c.status, DOOR_FINISHES, strlen(DOOR_FINISHES)), 0);
	random_bytes(sent, PIECE);
	for (size_t done = 0; done < PUMP_KEPT_MAX; done += PIECE) {
		struct pollfd set = {c.out, POLLOUT, 0};

		assert_int_equal(poll(&set, 1, 20 * QUIET_MS), 1);
		assert_int_equal(write(c.out, sent, PIECE), PIECE);
	}
	command_end(&c, "7\n");
	/* The client gets it all when it reads again. */
	for (size_t done = 0; done < PUMP_KEPT_MAX; done += PIECE) {
		client_read(channel, got, PIECE, 0);
		assert_memory_equal(got, sent, PIECE);
	}
	assert_int_equal(client_status(channel), 7);
}

static void tells_a_client_that_read_too_slowly_what_it_missed(void **state)
{
	static char got[PIECE];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;
	size_t read = 0;
	char *told;
	int n;

	start(w, &channel, &c);
	assert_int_equal(io_write_all(c.status, DOOR_FINISHES, strlen(DOOR_FINISHES)), 0);
	assert_true(write_until_stalled(c.out) >= STALLED_MAX);
	command_end(&c, "0\n");
	while ((n = ssh_channel_read(channel, got, PIECE, 0)) > 0)
		read += (size_t)n;
	assert_true(read >= PUMP_KEPT_MAX / 2 && read < STALLED_MAX);
	told = client_read_text(channel, 1);
	assert_non_null(strstr(told, "thrown away"));
	free(told);
	assert_int_equal(client_status(channel), 0);
}

static void slows_the_client_down_to_its_command(void **state)
{
	static char bytes[PIECE];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;
	size_t total = 0, got = 0;
	int quiet = 0;

	start(w, &channel, &c);
	ssh_set_blocking(w->client, 0);
	while (total < STALLED_MAX && quiet < QUIET_MS) {
		int n = ssh_channel_write(channel, bytes, PIECE);

		assert_true(n >= 0);
		total += (size_t)n;
		quiet = n ? 0 : quiet + 10;
		if (!n)
			(void)poll(NULL, 0, 10);
	}
	assert_true(total < STALLED_MAX);
	ssh_set_blocking(w->client, 1);
	/* In pieces, with what the client still holds sent in between. */
	while (got < total) {
		struct pollfd set = {c.in, POLLIN, 0};

		(void)ssh_blocking_flush(w->client, 0);
		if (poll(&set, 1, 10) > 0) {
			ssize_t n = read(c.in, bytes, PIECE);

			assert_true(n > 0);
			got += (size_t)n;
		}
	}
	assert_int_equal(got, total);
	command_end(&c, "0\n");
}

/* libssh decides that itself from 0.11 on. */
#if LIBSSH_VERSION_INT < SSH_VERSION_INT(0, 11, 0)
static void lets_a_client_from_afar_fill_its_wire(void **state)
{
	static char bytes[PIECE];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	start(w, &channel, &c);
	for (size_t done = 0; ssh_channel_window_size(channel) < FAR_AHEAD;
		done += PIECE) {
		assert_true(done < STALLED_MAX);
		assert_int_equal(ssh_channel_write(channel, bytes, PIECE), PIECE);
		command_read(&c, bytes, PIECE);
		(void)ssh_channel_poll(channel, 0);
	}
	command_end(&c, "0\n");
}
#endif

/* Clock ticks of processor time that the server has had. */
static long server_ticks(const struct world *w)
{
	char path[64];
	long user, kernel;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)w->server);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f,
				 "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u "
				 "%*u %ld %ld",
				 &user, &kernel),
		2);
	(void)fclose(f);
	return user + kernel;
}

/* A loop that turns without waiting uses up what there is: half of it is left for a busy
 * machine. */
static void assert_server_waits(const struct world *w)
{
	long before = server_ticks(w);

	(void)poll(NULL, 0, QUIET_MS);
	assert_true(server_ticks(w) - before < sysconf(_SC_CLK_TCK) * QUIET_MS / 4000);
}

static void waits_for_a_command_that_has_closed_its_output(void **state)
{
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	start(w, &channel, &c);
	command_close(&c.out);
	command_close(&c.err);
	free(client_read_text(channel, 0));
	assert_server_waits(w);
	command_end(&c, "0\n");
}

static void waits_for_a_command_that_reads_nothing(void **state)
{
	static char bytes[PIECE];
	struct world *w = *state;
	struct command c;
	ssh_channel channel;

	start(w, &channel, &c);
	for (size_t done = 0; done < 512 * 1024; done += PIECE)
		assert_int_equal(ssh_channel_write(channel, bytes, PIECE), PIECE);
	assert_server_waits(w);
	command_end(&c, "0\n");
}

#define claim(f) cmocka_unit_test_teardown(f, world_clean)

int main(void)
{
	const struct CMUnitTest tests[] = {
		claim(carries_bytes_both_ways_unchanged),
		claim(survives_new_keys_in_mid_transfer),
		claim(keeps_the_two_outputs_apart),
		claim(closes_input_while_output_goes_on),
		claim(closes_output_while_input_goes_on),
		claim(throws_input_away_that_the_command_does_not_read),
		claim(slows_the_command_down_to_its_client),
		claim(never_slows_down_a_command_that_finishes),
		claim(tells_a_client_that_read_too_slowly_what_it_missed),
		claim(slows_the_client_down_to_its_command),
#if LIBSSH_VERSION_INT < SSH_VERSION_INT(0, 11, 0)
		claim(lets_a_client_from_afar_fill_its_wire),
#endif
		claim(waits_for_a_command_that_has_closed_its_output),
		claim(waits_for_a_command_that_reads_nothing),
	};

	return cmocka_run_group_tests(tests, world_create, world_destroy);
}
