/* Secrets go from every text, however it is quoted and in whatever chunks it comes. */
#include "builder/mask.h"

#include "config/base/buf.h"
#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX (1024 * 1024)

static struct mask *mask_of(const char *const *secrets, size_t len)
{
	struct mask *m;
	struct err err = {0};

	assert_int_equal(mask_create(&m, &err), 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(mask_add(m, secrets[i], &err), 0);
	assert_int_equal(mask_ready(m, &err), 0);
	return m;
}

static struct mask *mask_one(const char *secret)
{
	return mask_of(&secret, 1);
}

static void assert_masked(const struct mask *m, const char *text, const char *expected)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	mask_string(m, copy);
	assert_string_equal(copy, expected);
	free(copy);
}

static void masks_a_secret_wherever_it_stands(void **state)
{
	struct mask *m = mask_one("hunter2hunter2");

	(void)state;
	assert_masked(m, "hunter2hunter2", "********");
	assert_masked(m, "a hunter2hunter2 b", "a ******** b");
	assert_masked(m, "hunter2hunter2 hunter2hunter2", "******** ********");
	assert_masked(m, "hunter2hunter2!hunter2", "********!hunter2");
	assert_masked(m, "hunter2 hunter2", "hunter2 hunter2");
	assert_masked(m, "", "");
	mask_destroy(m);
}

static void leaves_short_values_alone(void **state)
{
	const char *secrets[] = {"5000", "true", "1234567", ""};
	struct mask *m = mask_of(secrets, 4);

	(void)state;
	assert_masked(m, "5000 is true 1234567", "5000 is true 1234567");
	mask_destroy(m);
}

static void leaves_blanks_alone(void **state)
{
	struct mask *m = mask_one("   \n         \n  ");

	(void)state;
	assert_masked(m, "                    ", "                    ");
	mask_destroy(m);
}

static void masks_nothing_without_a_mask(void **state)
{
	(void)state;
	assert_masked(NULL, "hunter2hunter2", "hunter2hunter2");
}

static void masks_each_line_of_a_secret(void **state)
{
	struct mask *m = mask_one("-----BEGIN KEY-----\nMIIBVgIBADANBg\nshort\n");

	(void)state;
	assert_masked(m, "1 MIIBVgIBADANBg 2", "1 ******** 2");
	assert_masked(m, "-----BEGIN KEY-----\nMIIBVgIBADANBg\nshort\n", "********");
	assert_masked(m, "-----BEGIN KEY-----\nMIIBVgIBADANBg\nshort", "********");
	assert_masked(
		m, "-----BEGIN KEY-----\r\nMIIBVgIBADANBg\r\nshort\r\n", "********");
	assert_masked(m, "a short one", "a short one");
	mask_destroy(m);
}

static void masks_what_stands_between_blanks(void **state)
{
	struct mask *m = mask_one(" hunter2hunter2 ");

	(void)state;
	assert_masked(m, "X=hunter2hunter2;", "X=********;");
	mask_destroy(m);
}

/* As json, Go, Python, shells, URLs and pages write  pa"ss\w<o>r&d 'ä'😀 NEWLINE 2nd. */
static void masks_how_programs_quote_it(void **state)
{
	static const char *const written[] = {
		"pa\"ss\\w<o>r&d 'ä'😀\n2nd",
		/* docker inspect */
		"pa\\\"ss\\\\w<o>r&d 'ä'😀\\n2nd",
		/* Go's encoding/json, the Engine's own files */
		"pa\\\"ss\\\\w\\u003co\\u003er\\u0026d 'ä'😀\\n2nd",
		/* Python's json */
		"pa\\\"ss\\\\w<o>r&d '\\u00e4'\\ud83d\\ude00\\n2nd",
		/* Python's repr, Node's console */
		"pa\"ss\\\\w<o>r&d 'ä'😀\\n2nd",
		"pa\"ss\\\\w<o>r&d \\'ä\\'😀\\n2nd",
		/* export -p: dash, bash */
		"pa\"ss\\w<o>r&d '\\''ä'\\''😀\n2nd",
		"pa\\\"ss\\\\w<o>r&d 'ä'😀\n2nd",
		"pa\"ss\\w<o>r&d '\"'\"'ä'\"'\"'😀\n2nd",
		/* a URL, a form */
		"pa%22ss%5Cw%3Co%3Er%26d%20%27%C3%A4%27%F0%9F%98%80%0A2nd",
		"pa%22ss%5cw%3co%3er%26d%20%27%c3%a4%27%f0%9f%98%80%0a2nd",
		"pa%22ss%5Cw%3Co%3Er%26d+%27%C3%A4%27%F0%9F%98%80%0A2nd",
		"pa%22ss%5Cw%3Co%3Er%26d%20'%C3%A4'%F0%9F%98%80%0A2nd",
		/* a page */
		"pa&quot;ss\\w&lt;o&gt;r&amp;d &#39;ä&#39;😀\n2nd",
		"pa&#34;ss\\w&lt;o&gt;r&amp;d &#39;ä&#39;😀\n2nd",
	};
	struct mask *m = mask_one("pa\"ss\\w<o>r&d 'ä'😀\n2nd");
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
		(void)snprintf(text, sizeof(text), "KEY=\"%s\" next", written[i]);
		assert_masked(m, text, "KEY=\"********\" next");
	}
	mask_destroy(m);
	m = mask_one("any carnal pleas?>");
	assert_masked(m, "YW55IGNhcm5hbCBwbGVhcz8+", "********");
	assert_masked(m, "YW55IGNhcm5hbCBwbGVhcz8-", "********");
	mask_destroy(m);
	m = mask_one("any carnal pleasu");
	assert_masked(m, "YW55IGNhcm5hbCBwbGVhc3U=", "********=");
	mask_destroy(m);
}

/* "ada:SECRET", "user:SECRET!", "admin:SECRETab": what only the secret decides. */
static void masks_base64_amid_other_text(void **state)
{
	struct mask *m = mask_one("hunter2hunter2");

	(void)state;
	assert_masked(m, "Basic YWRhOmh1bnRlcjJodW50ZXIy", "Basic YWRhOm********");
	assert_masked(m, "dXNlcjpodW50ZXIyaHVudGVyMiE=", "dXNlcjp********iE=");
	assert_masked(m, "YWRtaW46aHVudGVyMmh1bnRlcjJhYg==", "YWRtaW46********JhYg==");
	mask_destroy(m);
}

static void masks_controls_as_go_and_json_write_them(void **state)
{
	struct mask *m = mask_one("bell\a esc\x1b[1m tab\t");

	(void)state;
	assert_masked(m, "\"bell\\a esc\\x1b[1m tab\\t\"", "\"********\"");
	assert_masked(m, "\"bell\\u0007 esc\\u001b[1m tab\\t\"", "\"********\"");
	mask_destroy(m);
}

static void takes_the_longest_and_joins_what_overlaps(void **state)
{
	const char *secrets[] = {"abcdefgh", "abcdefghijkl", "ijklmnop", "87654321"};
	struct mask *m = mask_of(secrets, 4);

	(void)state;
	assert_masked(m, "abcdefghijkl.", "********.");
	assert_masked(m, "abcdefghijk.", "********ijk.");
	assert_masked(m, "abcdefghijklmnop.", "********.");
	assert_masked(m, "abcdefgh87654321", "****************");
	mask_destroy(m);
}

static void masks_the_beginning_of_one_where_text_was_cut(void **state)
{
	struct mask *m = mask_one("hunter2hunter2");
	char text[] = "password=hunter2hun", short_text[] = "password=hunter2";

	(void)state;
	assert_int_equal(
		mask_text(m, text, strlen(text), true), strlen("password=********"));
	assert_memory_equal(text, "password=********", strlen("password=********"));
	/* Seven bytes could be anything. */
	assert_int_equal(
		mask_text(m, short_text, strlen(short_text), true), strlen(short_text));
	assert_masked(m, "password=hunter2hun…", "password=********…");
	assert_masked(m, "password=hunter2hun", "password=hunter2hun");
	mask_destroy(m);
}

/* ---- long ones ---- */

static char *repeat(const char *text, size_t times)
{
	size_t len = strlen(text);
	char *out = malloc(len * times + 1);

	assert_non_null(out);
	for (size_t i = 0; i < times; i++)
		memcpy(out + i * len, text, len);
	out[len * times] = '\0';
	return out;
}

static void masks_a_long_secret_as_one(void **state)
{
	char *secret = repeat("0123456789abcdef,", 8000), *text = malloc(300000);
	struct mask *m = mask_one(secret);

	(void)state;
	assert_non_null(text);
	(void)snprintf(text, 300000, "[%s]", secret);
	mask_string(m, text);
	assert_string_equal(text, "[********]");
	/* What goes on otherwise is shown from there on. */
	(void)snprintf(text, 300000, "[%.20000s!rest]", secret);
	mask_string(m, text);
	assert_string_equal(text, "[********!rest]");
	mask_destroy(m);
	free(secret);
	free(text);
}

static void swallows_the_longer_of_two_long_ones(void **state)
{
	char *secret = repeat("x1y2z3", 600), *longer = malloc(4000),
	     *text = malloc(9000);
	const char *secrets[2] = {secret, longer};
	struct mask *m;

	(void)state;
	assert_true(longer && text);
	(void)snprintf(longer, 4000, "%s and more", secret);
	m = mask_of(secrets, 2);
	(void)snprintf(text, 9000, "%s|%s and mo|", longer, secret);
	mask_string(m, text);
	assert_string_equal(text, "********|********|");
	mask_destroy(m);
	free(secret);
	free(longer);
	free(text);
}

/* ---- chunks: the same as the whole ---- */

static int collect(void *ctx, const char *text, size_t len)
{
	return buf_add(ctx, text, len);
}

/* Few letters, so that texts and secrets have much in common. */
static void fill(char *out, size_t len, unsigned int letters, unsigned int *seed)
{
	for (size_t i = 0; i < len; i++) {
		*seed = *seed * 1103515245u + 12345u;
		out[i] = (char)('a' + (*seed >> 16) % letters);
	}
	out[len] = '\0';
}

static unsigned int number(unsigned int *seed, unsigned int below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % below;
}

/* What it should be, slowly: a star for each byte that is part of any secret, runs that
 * overlap as one. */
static void mask_slowly(
	char (*secrets)[64], size_t len, const char *text, struct buf *out)
{
	size_t hidden = 0, text_len = strlen(text);

	for (size_t at = 0; at < text_len; at++) {
		size_t longest = 0;

		for (size_t i = 0; i < len; i++) {
			size_t n = strlen(secrets[i]);

			if (n > longest && !strncmp(text + at, secrets[i], n))
				longest = n;
		}
		if (longest && !hidden)
			assert_int_equal(buf_adds(out, MASK_STARS), 0);
		if (longest > hidden)
			hidden = longest;
		if (hidden)
			hidden--;
		else
			assert_int_equal(buf_add(out, text + at, 1), 0);
	}
}

static void feed_in_chunks(const struct mask *m, const char *text, size_t len,
	unsigned int largest, unsigned int *seed, struct buf *out)
{
	struct mask_stream st;

	mask_begin(&st, m);
	while (len) {
		size_t n = 1 + number(seed, largest);

		n = n < len ? n : len;
		assert_int_equal(mask_feed(&st, text, n, collect, out), 0);
		text += n;
		len -= n;
	}
	assert_int_equal(mask_end(&st, false, collect, out), 0);
}

static void chunks_give_what_the_whole_gives(void **state)
{
	(void)state;
	for (unsigned int round = 1; round <= 400; round++) {
		unsigned int seed = round;
		char secrets[6][64], text[3000];
		const char *pointers[6];
		size_t count = 1 + number(&seed, 6);
		struct buf whole, chunks;
		struct mask *m;

		for (size_t i = 0; i < count; i++) {
			fill(secrets[i], 8 + number(&seed, 12), 2, &seed);
			pointers[i] = secrets[i];
		}
		m = mask_of(pointers, count);
		fill(text, 100 + number(&seed, 2800), 2, &seed);
		buf_init(&whole, TEXT_MAX);
		buf_init(&chunks, TEXT_MAX);
		mask_slowly(secrets, count, text, &whole);
		feed_in_chunks(
			m, text, strlen(text), 1 + number(&seed, 40), &seed, &chunks);
		assert_string_equal(buf_text(&chunks), buf_text(&whole));
		mask_string(m, text);
		assert_string_equal(text, buf_text(&whole));
		buf_finish(&whole);
		buf_finish(&chunks);
		mask_destroy(m);
	}
}

static void long_ones_too_in_any_chunks(void **state)
{
	char *secret = repeat("ab", 2000), *text = malloc(20000);
	struct mask *m = mask_one(secret);

	(void)state;
	assert_non_null(text);
	(void)snprintf(text, 20000, "ab.%s.%.3001s.%.1023s.", secret, secret, secret);
	for (unsigned int seed = 1; seed < 60; seed++) {
		unsigned int random = seed;
		struct buf whole, chunks;

		buf_init(&whole, TEXT_MAX);
		buf_init(&chunks, TEXT_MAX);
		feed_in_chunks(m, text, strlen(text), 100000, &random, &whole);
		feed_in_chunks(m, text, strlen(text), seed, &random, &chunks);
		assert_string_equal(buf_text(&chunks), buf_text(&whole));
		assert_int_equal(
			strncmp(buf_text(&whole), "ab.********.********.aba", 24), 0);
		buf_finish(&whole);
		buf_finish(&chunks);
	}
	mask_destroy(m);
	free(secret);
	free(text);
}

static void a_prompt_is_not_held_back(void **state)
{
	struct mask *m = mask_one("hunter2hunter2");
	struct mask_stream st;
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	mask_begin(&st, m);
	assert_int_equal(mask_feed(&st, "Password: ", 10, collect, &out), 0);
	assert_string_equal(buf_text(&out), "Password: ");
	assert_int_equal(mask_feed(&st, "hunt", 4, collect, &out), 0);
	assert_string_equal(buf_text(&out), "Password: ");
	assert_int_equal(mask_feed(&st, "!", 1, collect, &out), 0);
	assert_string_equal(buf_text(&out), "Password: hunt!");
	buf_finish(&out);
	mask_destroy(m);
}

static void holds_back_no_more_than_it_says(void **state)
{
	char *secret = repeat("s", 100000);
	struct mask *m = mask_one(secret);
	struct mask_stream st;
	struct buf out;

	(void)state;
	buf_init(&out, TEXT_MAX);
	mask_begin(&st, m);
	assert_int_equal(mask_feed(&st, secret, MASK_HEAD_MAX, collect, &out), 0);
	assert_string_equal(buf_text(&out), MASK_STARS);
	assert_int_equal(st.len, 0);
	buf_finish(&out);
	mask_destroy(m);
	free(secret);
}

static void many_secrets_are_found_among_much_text(void **state)
{
	struct mask *m;
	struct err err = {0};
	char secret[64], *text = malloc(TEXT_MAX);
	size_t len = 0, masked;

	(void)state;
	assert_non_null(text);
	assert_int_equal(mask_create(&m, &err), 0);
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(secret, sizeof(secret), "postgres://user:%d@db/app", i);
		assert_int_equal(mask_add(m, secret, &err), 0);
	}
	assert_int_equal(mask_ready(m, &err), 0);
	while (len < TEXT_MAX - 100)
		len += (size_t)snprintf(text + len, TEXT_MAX - len,
			"connecting to postgres://user:%zu@db/app\n", len % 2000);
	masked = mask_text(m, text, len, false);
	assert_null(memmem(text, masked, "user:", 5));
	free(text);
	mask_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masks_a_secret_wherever_it_stands),
		cmocka_unit_test(leaves_short_values_alone),
		cmocka_unit_test(leaves_blanks_alone),
		cmocka_unit_test(masks_nothing_without_a_mask),
		cmocka_unit_test(masks_each_line_of_a_secret),
		cmocka_unit_test(masks_what_stands_between_blanks),
		cmocka_unit_test(masks_how_programs_quote_it),
		cmocka_unit_test(masks_base64_amid_other_text),
		cmocka_unit_test(masks_controls_as_go_and_json_write_them),
		cmocka_unit_test(takes_the_longest_and_joins_what_overlaps),
		cmocka_unit_test(masks_the_beginning_of_one_where_text_was_cut),
		cmocka_unit_test(masks_a_long_secret_as_one),
		cmocka_unit_test(swallows_the_longer_of_two_long_ones),
		cmocka_unit_test(chunks_give_what_the_whole_gives),
		cmocka_unit_test(long_ones_too_in_any_chunks),
		cmocka_unit_test(a_prompt_is_not_held_back),
		cmocka_unit_test(holds_back_no_more_than_it_says),
		cmocka_unit_test(many_secrets_are_found_among_much_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
