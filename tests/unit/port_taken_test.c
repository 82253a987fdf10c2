#include "builder/life/port_taken.h"
#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void explained(const char *engine, const char *beginning)
{
	struct err err = {0};

	(void)err_set(&err, ERR_FAILED, "%s", engine);
	assert_true(port_taken_explain(&err));
	assert_int_equal(err.code, ERR_FAILED);
	assert_memory_equal(err.msg, beginning, strlen(beginning));
}

static void who_has_a_port_is_told_in_whatever_words_the_engine_has(void **state)
{
	(void)state;
	explained("driver failed programming external connectivity on endpoint "
		  "bardo.shop.web.1.1 (0f1:23): Error starting userland proxy: listen "
		  "tcp4 127.0.0.1:8100: bind: address already in use",
		"port 8100 of this machine is taken by another program");
	explained(
		"failed to set up container networking: driver failed programming "
		"external connectivity on endpoint x (ab): failed to bind host port for "
		"0.0.0.0:8101:172.17.0.2:80/tcp: address already in use",
		"port 8101 of this machine is taken by another program");
	explained("failed to bind host port [::1]:8102/tcp: address already in use",
		"port 8102 of this machine is taken by another program");
	explained("Bind for :::8103 failed: port is already allocated",
		"port 8103 of this machine is taken by another container");
	explained("Bind for 0.0.0.0:8104 failed: port is already allocated",
		"port 8104 of this machine is taken by another container");
}

static void what_is_about_no_port_stays_as_it_is(void **state)
{
	static const char *const others[] = {"no such container: 12:34",
		"bind: address already in use", "", ":8100: port is already allocated"};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct err err = {0};

		(void)err_set(&err, ERR_FAILED, "%s", others[i]);
		assert_false(port_taken_explain(&err));
		assert_string_equal(err.msg, others[i]);
	}
	assert_false(port_taken_explain(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_a_port_is_told_in_whatever_words_the_engine_has),
		cmocka_unit_test(what_is_about_no_port_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
