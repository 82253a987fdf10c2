/* Connections that are followed, against a stand-in and, where $BARDO_TEST_ENGINE names
 * one, a real Engine. */
#include "builder/engine/engine.h"

#include "config/base/err.h"
#include "tests/unit/standin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void serve_pieces(int fd, const char *head)
{
	(void)head;
	standin_write(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	standin_chunk(fd, "one\r\ntw");
	standin_chunk(fd, "o\n\nth");
	standin_chunk(fd, "ree\r");
	standin_chunk(fd, "\nfour");
	if (!strstr(head, "/half"))
		standin_write(fd, "0\r\n\r\n");
}

static void read_all(struct engine_follow *f, char *out, size_t size)
{
	size_t len = 0;

	for (;;) {
		struct pollfd p = {.fd = engine_follow_fd(f), .events = POLLIN};
		struct err err = {0};
		ssize_t n = engine_follow_read(f, out + len, size - 1 - len, &err);

		if (n == ERR_BUSY) {
			(void)poll(&p, 1, 5000);
			continue;
		}
		if (n < 0)
			fail_msg("%s", err.msg);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
}

static void follows_a_chunked_answer(void **state)
{
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};
	char text[256];

	(void)state;
	e = standin_engine(&s, serve_pieces);
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET", "/events"), 0);
	read_all(f, text, sizeof(text));
	assert_string_equal(text, "one\r\ntwo\n\nthree\r\nfour");
	engine_follow_close(f);
	standin_end(&s, e);
}

static void tells_a_followed_answer_that_was_cut_off(void **state)
{
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};
	char text[256];
	ssize_t n;

	(void)state;
	e = standin_engine(&s, serve_pieces);
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET", "/half"), 0);
	while ((n = engine_follow_read(f, text, sizeof(text), &err)) > 0 ||
		n == ERR_BUSY) {
		struct pollfd p = {.fd = engine_follow_fd(f), .events = POLLIN};

		if (n == ERR_BUSY)
			(void)poll(&p, 1, 5000);
	}
	assert_int_equal(n, ERR_AWAY);
	engine_follow_close(f);
	standin_end(&s, e);
}

static void serve_echo(int fd, const char *head)
{
	char data[512];
	ssize_t n;

	if (!strstr(head, "Upgrade: tcp"))
		return;
	standin_write(fd,
		"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n"
		"Upgrade: tcp\r\n\r\n");
	while ((n = read(fd, data, sizeof(data))) > 0)
		(void)send(fd, data, (size_t)n, MSG_NOSIGNAL);
	standin_write(fd, "bye");
}

static void upgrades_and_half_closes(void **state)
{
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};
	char text[256];

	(void)state;
	e = standin_engine(&s, serve_echo);
	assert_int_equal(
		engine_follow(e, &f, NULL, &err, "POST", "/containers/x/attach"), 0);
	assert_int_equal(engine_follow_write(f, "hello ", 6, &err), 6);
	assert_int_equal(engine_follow_end_write(f), 0);
	read_all(f, text, sizeof(text));
	assert_string_equal(text, "hello bye");
	engine_follow_close(f);
	standin_end(&s, e);
}

static void serve_gone(int fd, const char *head)
{
	(void)head;
	standin_write(fd,
		"HTTP/1.1 404 Not Found\r\nContent-Length: 30\r\n\r\n"
		"{\"message\":\"No such image: x\"}");
}

static void follow_gives_the_reason_of_a_refusal(void **state)
{
	struct engine_follow *f = NULL;
	struct standin s;
	struct engine *e;
	struct err err = {0};

	(void)state;
	e = standin_engine(&s, serve_gone);
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET", "/gone"), ERR_NOTFOUND);
	assert_string_equal(err.msg, "No such image: x");
	assert_null(f);
	standin_end(&s, e);
}

static void opens_the_events_of_a_real_engine_at_once(void **state)
{
	struct engine_follow *f = NULL;
	struct engine *e;
	struct err err = {0};
	char byte;

	(void)state;
	if (!getenv("BARDO_TEST_ENGINE"))
		skip();
	assert_int_equal(engine_open(&e, getenv("BARDO_TEST_ENGINE"), &err), 0);
	assert_int_equal(engine_follow(e, &f, NULL, &err, "GET",
				 "/events?filters=%%7B%%22container%%22%%3A%%5B%%22none"
				 "%%22%%5D%%7D"),
		0);
	assert_int_equal(engine_follow_read(f, &byte, 1, &err), ERR_BUSY);
	engine_follow_close(f);
	engine_close(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_a_chunked_answer),
		cmocka_unit_test(tells_a_followed_answer_that_was_cut_off),
		cmocka_unit_test(upgrades_and_half_closes),
		cmocka_unit_test(follow_gives_the_reason_of_a_refusal),
		cmocka_unit_test(opens_the_events_of_a_real_engine_at_once),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
