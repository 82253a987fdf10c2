#include "receiver/bardod/strangers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void one_address_is_one_line_however_often_it_comes(void **state)
{
	struct strangers s;
	char command[STRANGERS_COMMAND_MAX];

	(void)state;
	strangers_init(&s, NULL);
	for (int i = 0; i < 1000; i++)
		strangers_note(&s, "192.0.2.7", STRANGERS_LOGIN);
	strangers_note(&s, "2001:db8::/64", STRANGERS_CONNECTION);
	strangers_note(&s, "192.0.2.7", STRANGERS_CONNECTION);
	strangers_take(&s, command);
	assert_string_equal(command, "events:refused 192.0.2.7 1000 1 2001:db8::/64 0 1");
	strangers_note(&s, "192.0.2.8", STRANGERS_LOGIN);
	strangers_take(&s, command);
	assert_string_equal(command, "events:refused 192.0.2.8 1 0");
}

static void more_addresses_than_fit_are_one_line_together(void **state)
{
	struct strangers s;
	char address[LIMITS_ADDRESS_MAX], command[STRANGERS_COMMAND_MAX];

	(void)state;
	strangers_init(&s, NULL);
	for (int i = 0; i < STRANGERS_MAX + 10; i++) {
		memset(address, 'a', sizeof(address) - 1);
		(void)snprintf(address + sizeof(address) - 5, 5, "%04d", i);
		for (uint32_t n = 0; n < 2; n++)
			strangers_note(&s, address, STRANGERS_LOGIN);
	}
	s.list[0].counts[STRANGERS_LOGIN] = UINT32_MAX;
	s.list[0].counts[STRANGERS_CONNECTION] = UINT32_MAX;
	strangers_take(&s, command);
	assert_non_null(strstr(command, " others 20 0"));
	assert_true(strlen(command) < sizeof(command) - 1);
}

static void the_next_line_waits_for_a_minute(void **state)
{
	struct strangers s;

	(void)state;
	strangers_init(&s, NULL);
	assert_int_equal(strangers_wait(&s, 5), STRANGERS_SOON_MS);
	s.told = true;
	s.told_at = 100000;
	assert_int_equal(strangers_wait(&s, 110000), STRANGERS_GAP_MS - 10000);
	assert_int_equal(strangers_wait(&s, 500000), STRANGERS_SOON_MS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_is_one_line_however_often_it_comes),
		cmocka_unit_test(more_addresses_than_fit_are_one_line_together),
		cmocka_unit_test(the_next_line_waits_for_a_minute),
	};

	return cmocka_run_group_tests_name("strangers", tests, NULL, NULL);
}
