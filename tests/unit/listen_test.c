#include "receiver/bardod/listen.h"

#include "config/base/err.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Listens there and gives what address_format makes of the socket's name. */
static int listen_at(const char *where, char *text, struct err *e)
{
	union {
		struct sockaddr any;
		struct sockaddr_storage storage;
	} a = {0};
	socklen_t len = sizeof(a);
	int fd = listen_open(where, e);

	if (fd >= 0) {
		assert_int_equal(getsockname(fd, &a.any, &len), 0);
		address_format(&a.any, text);
	}
	return fd;
}

static void refuses_what_is_no_address(void **state)
{
	static const char *const bad[] = {"", "2222", ":2222", "127.0.0.1",
		"127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
		"::1:2222", "[::1]", "[::1]2222", "127.0.0.1:0000000000022",
		"[127.0.0.1:22", "[]:22"};
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int fd = listen_open(bad[i], &e);

		if (fd != ERR_USAGE)
			print_message("%s\n", bad[i]);
		assert_int_equal(fd, ERR_USAGE);
		assert_non_null(strstr(e.msg, "ssh.listen"));
	}
}

static void picks_a_free_port_for_port_0(void **state)
{
	char text[ADDRESS_TEXT_MAX];
	int fd = listen_at("127.0.0.1:0", text, NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_memory_equal(text, "127.0.0.1:", 10);
	assert_string_not_equal(text, "127.0.0.1:0");
	(void)close(fd);
}

static void resolves_a_name(void **state)
{
	char text[ADDRESS_TEXT_MAX];
	int fd = listen_at("localhost:0", text, NULL);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
}

static void says_that_an_address_is_taken(void **state)
{
	char text[ADDRESS_TEXT_MAX];
	struct err e = {0};
	int fd = listen_at("127.0.0.1:0", text, NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(listen_open(text, &e), ERR_BUSY);
	assert_non_null(strstr(e.msg, text));
	assert_non_null(strstr(e.msg, "another program"));
	(void)close(fd);
}

static void takes_ipv4_at_the_star_too(void **state)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char text[ADDRESS_TEXT_MAX];
	int fd = listen_at("*:0", text, NULL);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int port;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sscanf(strrchr(text, ':'), ":%d", &port), 1);
	to.sin_port = htons((uint16_t)port);
	assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	(void)close(client);
	(void)close(fd);
}

static void writes_addresses_as_people_do(void **state)
{
	static const struct {
		const char *address, *with_port, *host;
	} cases[] = {
		{"2001:db8::1", "[2001:db8::1]:22", "2001:db8::1"},
		{"::", "[::]:22", "::"},
		{"::ffff:192.0.2.1", "192.0.2.1:22", "192.0.2.1"},
	};
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(22)};

		assert_int_equal(inet_pton(AF_INET6, cases[i].address, &a.sin6_addr), 1);
		address_format((struct sockaddr *)&a, text);
		assert_string_equal(text, cases[i].with_port);
		address_format_host((struct sockaddr *)&a, text);
		assert_string_equal(text, cases[i].host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_address),
		cmocka_unit_test(picks_a_free_port_for_port_0),
		cmocka_unit_test(resolves_a_name),
		cmocka_unit_test(says_that_an_address_is_taken),
		cmocka_unit_test(takes_ipv4_at_the_star_too),
		cmocka_unit_test(writes_addresses_as_people_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
