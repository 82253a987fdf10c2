#include "receiver/bardod/limits.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE_MS (60 * 1000)
#define NOW 1000000

static struct limits *make(int64_t connections, int64_t per_address, int64_t per_minute)
{
	struct limits *l = NULL;

	assert_int_equal(
		limits_create(&l,
			&(struct limits_settings){connections, per_address, per_minute},
			NULL),
		0);
	return l;
}

/* What becomes of a connection from an address at a time; *a stands for it. */
static enum limits_verdict from(struct limits *l, const char *text, int64_t now,
	struct limits_address **a, char *line)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	const struct sockaddr *address = (const struct sockaddr *)&four;
	struct limits_address *ignored;
	char unread[LIMITS_TEXT_MAX];

	if (inet_pton(AF_INET, text, &four.sin_addr) != 1) {
		assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
		address = (const struct sockaddr *)&six;
	}
	return limits_admit(l, address, now, a ? a : &ignored, line ? line : unread);
}

static void admits_no_more_than_the_total(void **state)
{
	struct limits *l = make(2, 10, 100);
	struct limits_address *first;

	(void)state;
	assert_int_equal(from(l, "192.0.2.1", NOW, &first, NULL), LIMITS_ADMIT);
	assert_int_equal(from(l, "192.0.2.2", NOW, NULL, NULL), LIMITS_ADMIT);
	assert_int_equal(from(l, "192.0.2.3", NOW, NULL, NULL), LIMITS_REFUSE_TOTAL);
	limits_release(l, first);
	assert_int_equal(from(l, "192.0.2.3", NOW, NULL, NULL), LIMITS_ADMIT);
	limits_destroy(l);
}

static void admits_no_more_than_an_address_may_have(void **state)
{
	struct limits *l = make(10, 2, 100);
	struct limits_address *first, *second;

	(void)state;
	assert_int_equal(from(l, "192.0.2.1", NOW, &first, NULL), LIMITS_ADMIT);
	assert_int_equal(from(l, "192.0.2.1", NOW, &second, NULL), LIMITS_ADMIT);
	assert_ptr_equal(first, second);
	assert_int_equal(from(l, "192.0.2.1", NOW, NULL, NULL), LIMITS_REFUSE_ADDRESS);
	assert_int_equal(from(l, "192.0.2.2", NOW, NULL, NULL), LIMITS_ADMIT);
	limits_release(l, first);
	assert_int_equal(from(l, "192.0.2.1", NOW, NULL, NULL), LIMITS_ADMIT);
	limits_destroy(l);
}

static void counts_a_64_of_ipv6_as_one_address(void **state)
{
	struct limits *l = make(10, 1, 100);

	(void)state;
	assert_int_equal(from(l, "2001:db8:0:1::1", NOW, NULL, NULL), LIMITS_ADMIT);
	assert_int_equal(
		from(l, "2001:db8:0:1:ffff::2", NOW, NULL, NULL), LIMITS_REFUSE_ADDRESS);
	assert_int_equal(from(l, "2001:db8:0:2::1", NOW, NULL, NULL), LIMITS_ADMIT);
	limits_destroy(l);
}

static void takes_a_mapped_ipv4_address_for_ipv4(void **state)
{
	struct limits *l = make(10, 1, 100);

	(void)state;
	assert_int_equal(from(l, "192.0.2.1", NOW, NULL, NULL), LIMITS_ADMIT);
	assert_int_equal(
		from(l, "::ffff:192.0.2.1", NOW, NULL, NULL), LIMITS_REFUSE_ADDRESS);
	assert_int_equal(from(l, "::ffff:192.0.2.2", NOW, NULL, NULL), LIMITS_ADMIT);
	limits_destroy(l);
}

static void admits_a_burst_and_then_one_at_a_time(void **state)
{
	struct limits *l = make(100, 100, 6);

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(from(l, "192.0.2.1", NOW, NULL, NULL), LIMITS_ADMIT);
	assert_int_equal(from(l, "192.0.2.1", NOW, NULL, NULL), LIMITS_REFUSE_RATE);
	assert_int_equal(
		from(l, "192.0.2.1", NOW + 9999, NULL, NULL), LIMITS_REFUSE_RATE);
	assert_int_equal(from(l, "192.0.2.1", NOW + 10000, NULL, NULL), LIMITS_ADMIT);
	assert_int_equal(
		from(l, "192.0.2.1", NOW + 10001, NULL, NULL), LIMITS_REFUSE_RATE);
	assert_int_equal(from(l, "192.0.2.2", NOW + 10001, NULL, NULL), LIMITS_ADMIT);
	limits_destroy(l);
}

static void remembers_the_rate_of_an_address_that_left(void **state)
{
	struct limits *l = make(10, 10, 1);
	struct limits_address *a;

	(void)state;
	assert_int_equal(from(l, "192.0.2.1", NOW, &a, NULL), LIMITS_ADMIT);
	limits_release(l, a);
	assert_int_equal(from(l, "192.0.2.1", NOW + 1, NULL, NULL), LIMITS_REFUSE_RATE);
	assert_int_equal(from(l, "192.0.2.1", NOW + MINUTE_MS, NULL, NULL), LIMITS_ADMIT);
	limits_destroy(l);
}

static void forgets_whom_it_has_not_seen_longest(void **state)
{
	struct limits *l = make(1, 1, 1);
	struct limits_address *a;
	char text[INET_ADDRSTRLEN];

	(void)state;
	assert_int_equal(from(l, "192.0.2.1", NOW, &a, NULL), LIMITS_ADMIT);
	limits_release(l, a);
	for (unsigned i = 0; i <= LIMITS_IDLE_MAX; i++) {
		struct in_addr in = {.s_addr = htonl(0x0a000000 + i)};

		(void)inet_ntop(AF_INET, &in, text, sizeof(text));
		assert_int_equal(from(l, text, NOW, &a, NULL), LIMITS_ADMIT);
		limits_release(l, a);
	}
	/* The last ones are known, the first isn't any more. */
	assert_int_equal(from(l, text, NOW, NULL, NULL), LIMITS_REFUSE_RATE);
	assert_int_equal(from(l, "192.0.2.1", NOW, NULL, NULL), LIMITS_ADMIT);
	limits_destroy(l);
}

static void never_forgets_an_open_connection(void **state)
{
	struct limits *l = make(3, 1, 1000);
	struct limits_address *a;

	(void)state;
	assert_int_equal(from(l, "192.0.2.1", NOW, NULL, NULL), LIMITS_ADMIT);
	for (unsigned i = 0; i < 4 * LIMITS_IDLE_MAX; i++) {
		struct in_addr in = {.s_addr = htonl(0x0a000000 + i)};
		char text[INET_ADDRSTRLEN];

		(void)inet_ntop(AF_INET, &in, text, sizeof(text));
		assert_int_equal(from(l, text, NOW, &a, NULL), LIMITS_ADMIT);
		limits_release(l, a);
	}
	assert_int_equal(from(l, "192.0.2.1", NOW, NULL, NULL), LIMITS_REFUSE_ADDRESS);
	limits_destroy(l);
}

static void tells_the_log_once_an_address_and_minute(void **state)
{
	struct limits *l = make(10, 1, 100);
	char line[LIMITS_TEXT_MAX];

	(void)state;
	(void)from(l, "2001:db8::1", NOW, NULL, line);
	assert_string_equal(line, "");
	(void)from(l, "2001:db8::2", NOW, NULL, line);
	assert_non_null(strstr(line, "2001:db8::/64"));
	assert_non_null(strstr(line, "ssh.max-per-address"));
	(void)from(l, "2001:db8::2", NOW + MINUTE_MS - 1, NULL, line);
	assert_string_equal(line, "");
	(void)from(l, "2001:db8::2", NOW + MINUTE_MS, NULL, line);
	assert_non_null(strstr(line, "3 refused"));
	limits_destroy(l);
}

static void tells_the_log_no_more_than_so_much_a_minute(void **state)
{
	struct limits *l = make(1, 1, 100);
	char line[LIMITS_TEXT_MAX];
	int told = 0;

	(void)state;
	(void)from(l, "192.0.2.1", NOW, NULL, NULL);
	for (unsigned i = 0; i < 1000; i++) {
		struct in_addr in = {.s_addr = htonl(0x0a000000 + i)};
		char text[INET_ADDRSTRLEN];

		(void)inet_ntop(AF_INET, &in, text, sizeof(text));
		assert_int_equal(from(l, text, NOW, NULL, line), LIMITS_REFUSE_TOTAL);
		told += line[0] != '\0';
	}
	assert_int_equal(told, LIMITS_LINES_PER_MINUTE);
	limits_destroy(l);
}

static void says_why_to_whom_it_refuses(void **state)
{
	(void)state;
	for (int v = LIMITS_REFUSE_TOTAL; v < LIMITS_VERDICTS; v++)
		assert_int_not_equal(strlen(limits_explain((enum limits_verdict)v)), 0);
}

static void destroys_nothing(void **state)
{
	(void)state;
	limits_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admits_no_more_than_the_total),
		cmocka_unit_test(admits_no_more_than_an_address_may_have),
		cmocka_unit_test(counts_a_64_of_ipv6_as_one_address),
		cmocka_unit_test(takes_a_mapped_ipv4_address_for_ipv4),
		cmocka_unit_test(admits_a_burst_and_then_one_at_a_time),
		cmocka_unit_test(remembers_the_rate_of_an_address_that_left),
		cmocka_unit_test(forgets_whom_it_has_not_seen_longest),
		cmocka_unit_test(never_forgets_an_open_connection),
		cmocka_unit_test(tells_the_log_once_an_address_and_minute),
		cmocka_unit_test(tells_the_log_no_more_than_so_much_a_minute),
		cmocka_unit_test(says_why_to_whom_it_refuses),
		cmocka_unit_test(destroys_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
