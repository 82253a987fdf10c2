#include "config/base/words.h"

#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void assert_words(const char *line, size_t argc, const char *const *argv)
{
	struct words w;

	assert_int_equal(words_split(&w, line, NULL), 0);
	assert_int_equal(w.argc, argc);
	for (size_t i = 0; i < argc; i++)
		assert_string_equal(w.argv[i], argv[i]);
	assert_null(w.argv[argc]);
	words_finish(&w);
}

#define WORDS(line, ...)                                                                 \
	do {                                                                             \
		const char *const wanted_[] = {__VA_ARGS__};                             \
		assert_words(line, sizeof(wanted_) / sizeof(wanted_[0]), wanted_);       \
	} while (0)

static void splits_at_blanks(void **state)
{
	(void)state;
	WORDS("lives shop", "lives", "shop");
	WORDS("  a\tb\n c ", "a", "b", "c");
	assert_words("", 0, NULL);
	assert_words(" \t\n", 0, NULL);
}

static void keeps_what_is_quoted_together(void **state)
{
	(void)state;
	WORDS("git-receive-pack 'my shop'", "git-receive-pack", "my shop");
	WORDS("a'b c'd\"e f\"", "ab cde f");
	WORDS("'' \"\"", "", "");
	WORDS("'it'\\''s'", "it's");
}

static void knows_what_a_backslash_escapes(void **state)
{
	(void)state;
	WORDS("a\\ b", "a b");
	WORDS("\"\\$ \\` \\\" \\\\ \\n\"", "$ ` \" \\ \\n");
	WORDS("'a\\b'", "a\\b");
	WORDS("con\\\ntinued", "continued");
	WORDS("lives \\\n shop \\\n", "lives", "shop");
	assert_words("\\\n", 0, NULL);
}

static void expands_nothing(void **state)
{
	(void)state;
	WORDS("$HOME * ~ ;rm|x &&", "$HOME", "*", "~", ";rm|x", "&&");
}

static void rejects_an_open_quotation(void **state)
{
	struct words w;

	(void)state;
	assert_int_equal(words_split(&w, "a 'b", NULL), ERR_USAGE);
	assert_int_equal(words_split(&w, "a \"b", NULL), ERR_USAGE);
	assert_int_equal(words_split(&w, "a \\", NULL), ERR_USAGE);
}

static void rejects_too_many_words(void **state)
{
	char line[2 * WORDS_MAX + 3];
	struct words w;

	(void)state;
	for (size_t i = 0; i < sizeof(line) - 1; i++)
		line[i] = i % 2 ? ' ' : 'x';
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(words_split(&w, line, NULL), ERR_USAGE);
	line[2 * WORDS_MAX] = '\0';
	assert_int_equal(words_split(&w, line, NULL), 0);
	assert_int_equal(w.argc, WORDS_MAX);
	words_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_at_blanks),
		cmocka_unit_test(keeps_what_is_quoted_together),
		cmocka_unit_test(knows_what_a_backslash_escapes),
		cmocka_unit_test(expands_nothing),
		cmocka_unit_test(rejects_an_open_quotation),
		cmocka_unit_test(rejects_too_many_words),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
