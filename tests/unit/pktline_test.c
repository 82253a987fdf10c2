#include "config/base/err.h"
#include "hooks/pktline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void reads_what_it_writes(void **state)
{
	char line[PKT_LINE_MAX + 1];
	struct err err = {0};
	size_t len;
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(pkt_write(p[1], &err, "ok %s", "refs/heads/main"), 0);
	assert_int_equal(pkt_write_data(p[1], "version=1\0atomic", 16, &err), 0);
	assert_int_equal(pkt_flush(p[1], &err), 0);
	(void)close(p[1]);
	assert_int_equal(pkt_read(p[0], line, &len, &err), PKT_LINE);
	assert_string_equal(line, "ok refs/heads/main");
	assert_int_equal(pkt_read(p[0], line, &len, &err), PKT_LINE);
	assert_int_equal(len, 16);
	assert_string_equal(line + 10, "atomic");
	assert_int_equal(pkt_read(p[0], line, &len, &err), PKT_FLUSH);
	assert_int_equal(pkt_read(p[0], line, &len, &err), PKT_END);
	(void)close(p[0]);
}

static void refuses_what_is_malformed(void **state)
{
	static const char *const bad[] = {
		"0", "zzzz", "0005", "0001", "0003", "fff1x", "000"};
	char line[PKT_LINE_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err err = {0};
		size_t len;
		int p[2];

		assert_int_equal(pipe(p), 0);
		assert_int_equal(write(p[1], bad[i], strlen(bad[i])), strlen(bad[i]));
		(void)close(p[1]);
		assert_int_equal(pkt_read(p[0], line, &len, &err), ERR_USAGE);
		(void)close(p[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_writes),
		cmocka_unit_test(refuses_what_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
