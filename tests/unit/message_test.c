#include "config/base/message.h"

#include "config/base/err.h"
#include "config/base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct pair {
	int ends[2];
	struct message out, in;
};

static void pair_init(struct pair *p)
{
	int size = 2 * MESSAGE_MAX;

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p->ends), 0);
	(void)setsockopt(p->ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	message_init(&p->out);
	message_init(&p->in);
}

static void pair_finish(struct pair *p)
{
	message_finish(&p->out);
	message_finish(&p->in);
	(void)close(p->ends[0]);
	if (p->ends[1] >= 0)
		(void)close(p->ends[1]);
}

/* The number that the next descriptor gets: it grows when one is leaked. */
static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)close(fd);
	return fd;
}

static void carries_fields_and_descriptors(void **state)
{
	struct pair p;
	int pipefd[2];
	char byte = 'x';

	(void)state;
	pair_init(&p);
	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	assert_int_equal(message_add(&p.out, "run", NULL), 0);
	assert_int_equal(message_add(&p.out, "", NULL), 0);
	assert_int_equal(message_add(&p.out, "a b\nc", NULL), 0);
	assert_int_equal(message_send(p.ends[0], &p.out, &pipefd[1], 1, NULL), 0);
	assert_int_equal(message_receive(p.ends[1], &p.in, NULL), 0);
	assert_int_equal(p.in.fields_len, 3);
	assert_string_equal(p.in.fields[0], "run");
	assert_string_equal(p.in.fields[1], "");
	assert_string_equal(p.in.fields[2], "a b\nc");
	assert_int_equal(p.in.fds_len, 1);
	assert_int_equal(fcntl(p.in.fds[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(p.in.fds[0], "y", 1), 1);
	assert_int_equal(read(pipefd[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	(void)close(pipefd[0]);
	(void)close(pipefd[1]);
	pair_finish(&p);
}

static void finds_its_fields_after_it_grew(void **state)
{
	struct message m;
	char text[256];

	(void)state;
	message_init(&m);
	for (int i = 0; i < MESSAGE_FIELDS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "%0200d", i);
		assert_int_equal(message_add(&m, text, NULL), 0);
	}
	for (int i = 0; i < MESSAGE_FIELDS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "%0200d", i);
		assert_string_equal(m.fields[i], text);
	}
	assert_int_equal(message_add(&m, "one more", NULL), ERR_USAGE);
	message_finish(&m);
}

static void carries_the_largest_and_nothing_larger(void **state)
{
	struct pair p;
	char *text = malloc(MESSAGE_MAX + 1);

	(void)state;
	assert_non_null(text);
	pair_init(&p);
	memset(text, 'x', MESSAGE_MAX);
	text[MESSAGE_MAX] = '\0';
	assert_int_equal(message_add(&p.out, text, NULL), ERR_USAGE);
	text[MESSAGE_MAX - 1] = '\0';
	assert_int_equal(message_add(&p.out, text, NULL), 0);
	assert_int_equal(message_add(&p.out, "", NULL), ERR_USAGE);
	assert_int_equal(message_send(p.ends[0], &p.out, NULL, 0, NULL), 0);
	assert_int_equal(message_receive(p.ends[1], &p.in, NULL), 0);
	assert_string_equal(p.in.fields[0], text);
	free(text);
	pair_finish(&p);
}

static void refuses_what_is_larger_and_closes_its_descriptors(void **state)
{
	struct pair p;
	char *text = calloc(1, MESSAGE_MAX + 1);
	int before;

	(void)state;
	assert_non_null(text);
	pair_init(&p);
	before = next_fd();
	p.out.data = text;
	p.out.len = MESSAGE_MAX + 1;
	assert_int_equal(message_send(p.ends[0], &p.out, (int[]){0, 1}, 2, NULL), 0);
	assert_int_equal(message_receive(p.ends[1], &p.in, NULL), ERR_USAGE);
	assert_int_equal(next_fd(), before);
	pair_finish(&p);
}

static void refuses_bytes_that_are_no_fields(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = {{"run", 3}, {"run\0x", 5}, {"", 0}};
	struct message m;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char *data = malloc(bad[i].len + 1);

		assert_non_null(data);
		memcpy(data, bad[i].bytes, bad[i].len);
		message_init(&m);
		assert_int_equal(message_parse(&m, data, bad[i].len, NULL), ERR_USAGE);
		message_finish(&m);
	}
}

static void refuses_too_many_fields(void **state)
{
	struct message m;
	char *data = calloc(1, MESSAGE_FIELDS_MAX + 1);

	(void)state;
	assert_non_null(data);
	message_init(&m);
	assert_int_equal(
		message_parse(&m, data, MESSAGE_FIELDS_MAX + 1, NULL), ERR_USAGE);
	message_finish(&m);
}

static void closes_descriptors_that_nobody_took(void **state)
{
	struct pair p;
	int before;

	(void)state;
	pair_init(&p);
	before = next_fd();
	assert_int_equal(message_add(&p.out, "run", NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(message_send(p.ends[0], &p.out, (int[]){0, 1, 2, 0},
					 MESSAGE_FDS_MAX, NULL),
			0);
	assert_int_equal(message_receive(p.ends[1], &p.in, NULL), 0);
	assert_int_equal(message_receive(p.ends[1], &p.in, NULL), 0);
	message_finish(&p.in);
	assert_int_equal(next_fd(), before);
	pair_finish(&p);
}

static void tells_closed_from_empty(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	assert_int_equal(io_set_nonblocking(p.ends[0], true), 0);
	assert_int_equal(message_receive(p.ends[0], &p.in, NULL), ERR_BUSY);
	(void)close(p.ends[1]);
	p.ends[1] = -1;
	assert_int_equal(message_receive(p.ends[0], &p.in, NULL), ERR_NOTFOUND);
	pair_finish(&p);
}

static void still_gives_what_a_sender_that_left_had_sent(void **state)
{
	struct pair p;

	(void)state;
	pair_init(&p);
	assert_int_equal(message_add(&p.out, "job", NULL), 0);
	assert_int_equal(message_send(p.ends[1], &p.out, NULL, 0, NULL), 0);
	(void)close(p.ends[1]);
	p.ends[1] = -1;
	assert_int_equal(message_receive(p.ends[0], &p.in, NULL), 0);
	assert_string_equal(p.in.fields[0], "job");
	assert_int_equal(message_receive(p.ends[0], &p.in, NULL), ERR_NOTFOUND);
	pair_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_fields_and_descriptors),
		cmocka_unit_test(finds_its_fields_after_it_grew),
		cmocka_unit_test(carries_the_largest_and_nothing_larger),
		cmocka_unit_test(refuses_what_is_larger_and_closes_its_descriptors),
		cmocka_unit_test(refuses_bytes_that_are_no_fields),
		cmocka_unit_test(refuses_too_many_fields),
		cmocka_unit_test(closes_descriptors_that_nobody_took),
		cmocka_unit_test(tells_closed_from_empty),
		cmocka_unit_test(still_gives_what_a_sender_that_left_had_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
