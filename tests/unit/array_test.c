#include "config/base/array.h"
#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void what_is_added_stays_while_it_grows(void **state)
{
	int64_t *items = NULL;
	size_t len = 0, cap = 0;

	(void)state;
	while (len < 1000) {
		assert_int_equal(array_reserve(&items, len, &cap, sizeof(*items)), 0);
		assert_true(len < cap);
		items[len] = (int64_t)len;
		len++;
	}
	for (size_t i = 0; i < len; i++)
		assert_int_equal(items[i], i);
	free(items);
}

static void more_than_there_is_leaves_it_as_it_was(void **state)
{
	char *items = malloc(1), *before = items;
	size_t cap = SIZE_MAX / 4;

	(void)state;
	assert_non_null(items);
	assert_int_equal(array_reserve(&items, cap, &cap, 16), ERR_FAILED);
	assert_ptr_equal(items, before);
	assert_int_equal(cap, SIZE_MAX / 4);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_added_stays_while_it_grows),
		cmocka_unit_test(more_than_there_is_leaves_it_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
