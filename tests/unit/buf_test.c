#include "config/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void grows_to_its_maximum_and_no_further(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_int_equal(buf_adds(&b, "12345"), 0);
	assert_int_equal(buf_addf(&b, "%d", 67890), 0);
	assert_int_equal(buf_adds(&b, "x"), -1);
	assert_int_equal(buf_addf(&b, "%d", 1), -1);
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(b.len, 10);
	assert_string_equal(buf_text(&b), "1234567890");
	buf_finish(&b);
}

static void always_ends_in_a_nul(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_string_equal(buf_text(&b), "");
	assert_int_equal(buf_add(&b, "a\0b", 3), 0);
	assert_int_equal(b.data[3], '\0');
	buf_consume(&b, 2);
	assert_string_equal(buf_text(&b), "b");
	buf_consume(&b, 99);
	assert_string_equal(buf_text(&b), "");
	buf_finish(&b);
}

static void starts_again_after_a_reset(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_reset(&b);
	assert_int_equal(buf_adds(&b, "old"), 0);
	buf_reset(&b);
	assert_int_equal(buf_adds(&b, "new"), 0);
	assert_string_equal(buf_text(&b), "new");
	buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_maximum_and_no_further),
		cmocka_unit_test(always_ends_in_a_nul),
		cmocka_unit_test(starts_again_after_a_reset),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
