/* What a deploy tells people: prefixes, cleaning, both ends written. */
#include "builder/say.h"

#include "builder/mask.h"
#include "builder/say_text.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A say whose terminal is a file, and what was written there. */
static int open_terminal(struct say *s)
{
	char path[] = "/tmp/bardo-say-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	(void)unlink(path);
	say_init(s, fd);
	return fd;
}

static void assert_written(int fd, const char *expected)
{
	struct buf b;
	struct err err;

	buf_init(&b, 1024 * 1024);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(fd, &b, &err), 0);
	assert_string_equal(buf_text(&b), expected);
	buf_finish(&b);
	(void)close(fd);
}

static void prefixes_each_kind_of_line(void **state)
{
	struct say s;
	int fd = open_terminal(&s);

	(void)state;
	say_step(&s, "Building %s", "shop");
	say_detail(&s, "one\ntwo");
	say_output(&s, "hello", 5);
	say_problem(&s, "broken\nmend it");
	say_finish(&s);
	assert_written(fd,
		"-----> Building shop\n"
		"       one\n"
		"       two\n"
		"       hello\n"
		" !     broken\n"
		" !     mend it\n");
}

static void leaves_no_blanks_behind_an_empty_line(void **state)
{
	struct say s;
	int fd = open_terminal(&s);

	(void)state;
	say_output(&s, "", 0);
	say_finish(&s);
	assert_written(fd, "\n");
}

static void writes_terminal_and_log_alike(void **state)
{
	char path[] = "/tmp/bardo-say-log-XXXXXX";
	int log = mkstemp(path);
	struct say s;
	struct err err;
	int fd = open_terminal(&s);

	(void)state;
	say_detail(&s, "before the log");
	assert_int_equal(say_open_log(&s, path, &err), 0);
	say_detail(&s, "in both");
	say_finish(&s);
	(void)unlink(path);
	assert_written(fd, "       before the log\n       in both\n");
	assert_written(log, "       in both\n");
}

static void appends_to_a_log_that_is_there(void **state)
{
	char path[] = "/tmp/bardo-say-log-XXXXXX";
	int log = mkstemp(path);
	struct say s;
	struct err err;

	(void)state;
	for (int i = 0; i < 2; i++) {
		say_init(&s, -1);
		assert_int_equal(say_open_log(&s, path, &err), 0);
		say_detail(&s, "%d", i);
		say_finish(&s);
	}
	(void)unlink(path);
	assert_written(log, "       0\n       1\n");
}

static void goes_on_when_the_terminal_is_gone(void **state)
{
	char path[] = "/tmp/bardo-say-log-XXXXXX";
	int log = mkstemp(path), ends[2];
	struct say s;
	struct err err;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	(void)close(ends[0]);
	say_init(&s, ends[1]);
	assert_int_equal(say_open_log(&s, path, &err), 0);
	say_detail(&s, "one");
	say_detail(&s, "two");
	assert_int_equal(s.terminal, -1);
	say_finish(&s);
	(void)close(ends[1]);
	(void)unlink(path);
	assert_written(log, "       one\n       two\n");
}

static void cleans(const char *line, size_t len, const char *expected)
{
	struct buf b;

	buf_init(&b, 4096);
	say_clean(&b, line, len, 1000);
	assert_string_equal(buf_text(&b), expected);
	buf_finish(&b);
}

#define CLEANS(line, expected) cleans((line), sizeof(line) - 1, (expected))

static void leaves_out_what_moves_a_terminal(void **state)
{
	(void)state;
	CLEANS("a\x1b[2Jb\x1b[10;20Hc", "abc");
	CLEANS("a\x1b]0;title\ab\x1b]0;title\x1b\\c", "abc");
	CLEANS("a\x1b"
	       "cb\a\b\f\0c\x7f",
		"abc");
	CLEANS("a\xc2\x9b"
	       "2Jb",
		"a2Jb");
	CLEANS("a\tb", "a\tb");
	CLEANS("a\x1b[", "a");
	CLEANS("a\x1b", "a");
	CLEANS("a\x1b]never ended", "a");
}

static void keeps_colours_and_ends_them(void **state)
{
	(void)state;
	CLEANS("\x1b[31mred\x1b[0m x", "\x1b[31mred\x1b[0m x\x1b[0m");
	CLEANS("\x1b[1;38;5;200mpink", "\x1b[1;38;5;200mpink\x1b[0m");
	CLEANS("\x1b[>4;1mx", "x");
}

static void keeps_what_stands_behind_a_carriage_return(void **state)
{
	(void)state;
	CLEANS("10%\r50%\r100%\r", "100%");
	CLEANS("dos line\r", "dos line");
	CLEANS("\r\r", "");
}

static void replaces_what_is_no_utf8(void **state)
{
	(void)state;
	CLEANS("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "café € 😀");
	CLEANS("\xff", "\xef\xbf\xbd");
	CLEANS("\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd");
	CLEANS("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	CLEANS("cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd");
}

static void cuts_long_lines_at_a_whole_character(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	say_clean(&b, "abc€", strlen("abc€"), 5);
	assert_string_equal(buf_text(&b), "abc…");
	buf_finish(&b);
}

static void shows_a_line_that_is_all_invalid(void **state)
{
	char line[SAY_LINE_MAX * 2];
	struct say s;
	int fd = open_terminal(&s);
	off_t len;

	(void)state;
	memset(line, 0xff, sizeof(line));
	say_output(&s, line, sizeof(line));
	say_finish(&s);
	len = lseek(fd, 0, SEEK_END);
	assert_in_range(len, SAY_LINE_MAX - 10, SAY_LINE_MAX + 64);
	(void)close(fd);
}

static void writes_durations_for_people(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {{0, "0 s"}, {40, "40 ms"}, {400, "0.4 s"}, {3449, "3.4 s"},
		{12000, "12 s"}, {60000, "1m"}, {100000, "1m 40s"}, {1800000, "30m"}};
	char out[SAY_DURATION_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(say_duration(cases[i].ms, out), cases[i].text);
}

/* ---- secrets ---- */

static struct mask *mask_of(const char *secret)
{
	struct mask *m;
	struct err err;

	assert_int_equal(mask_create(&m, &err), 0);
	assert_int_equal(mask_add(m, secret, &err), 0);
	assert_int_equal(mask_ready(m, &err), 0);
	return m;
}

static void shows_stars_for_a_secret(void **state)
{
	struct mask *m = mask_of("first-line\nno\nlast-line");
	struct say s;
	int fd = open_terminal(&s);

	(void)state;
	s.mask = m;
	say_step(&s, "Step 2/3: RUN echo %s", "last-line");
	say_output(&s, "a first-line b", 14);
	say_output(&s, "first-line\nno\nlast-line\nno", 26);
	say_problem(&s, "said \"%s\"", "first-line\\nno\\nlast-line");
	say_finish(&s);
	mask_destroy(m);
	assert_written(fd,
		"-----> Step 2/3: RUN echo ********\n"
		"       a ******** b\n"
		"       ********\n"
		"       no\n"
		" !     said \"********\"\n");
}

/* A bell is not shown: without it, the secret would stand there. */
static void shows_stars_for_one_with_controls_in_it(void **state)
{
	static const char line[] = "x hun\a"
				   "ter2-\x1b[Khunter3 \x1b[31my";
	struct mask *m = mask_of("hunter2-hunter3");
	struct say s;
	int fd = open_terminal(&s);

	(void)state;
	s.mask = m;
	say_output(&s, line, strlen(line));
	say_finish(&s);
	mask_destroy(m);
	assert_written(fd, "       x ******** \x1b[31my\x1b[0m\n");
}

static void cuts_a_line_only_when_it_has_no_secrets(void **state)
{
	char line[SAY_LINE_MAX + 64], expected[SAY_LINE_MAX + 64];
	struct mask *m = mask_of("hunter2-hunter3");
	struct say s;
	int fd = open_terminal(&s);

	(void)state;
	(void)snprintf(line, sizeof(line), "%0*dhunter2-hunter3", SAY_LINE_MAX - 10, 0);
	(void)snprintf(expected, sizeof(expected), "       %0*d********\n",
		SAY_LINE_MAX - 10, 0);
	s.mask = m;
	say_output(&s, line, strlen(line));
	say_finish(&s);
	mask_destroy(m);
	assert_written(fd, expected);
}

/* Reads what is there; the last line of it. */
static void last_line(int fd, char *out, size_t size)
{
	char data[1 << 17];
	ssize_t n = read(fd, data, sizeof(data) - 1);

	assert_true(n > 1);
	data[n - 1] = '\0';
	(void)snprintf(out, size, "%s", strrchr(data, '\n') + 1);
}

static void keeps_no_more_than_a_log_may_have(void **state)
{
	char path[] = "/tmp/bardo-say-XXXXXX";
	int log = mkstemp(path);
	struct say s;

	(void)state;
	assert_true(log >= 0);
	say_init(&s, -1);
	assert_int_equal(say_open_log(&s, path, NULL), 0);
	s.room = 40;
	say_output(&s, "one", 3);
	for (int i = 0; i < 1000; i++)
		say_output(&s, "without end", 11);
	say_problem(&s, "release failed");
	say_finish(&s);
	(void)unlink(path);
	assert_written(log,
		"       one\n"
		"       without end\n"
		" !     More is not kept: the log of this life is full\n"
		" !     release failed\n");
}

static void waits_for_no_reader(void **state)
{
	char path[] = "/tmp/bardo-say-XXXXXX", line[256];
	int log = mkstemp(path), ends[2];
	struct buf all;
	struct say s;
	ssize_t n;

	(void)state;
	assert_true(log >= 0);
	assert_int_equal(pipe(ends), 0);
	say_init(&s, ends[1]);
	s.patience = 20;
	assert_int_equal(say_open_log(&s, path, NULL), 0);
	for (int i = 0; i < 5000; i++)
		say_detail(&s, "line %d of five thousand", i);
	buf_init(&all, 1 << 20);
	assert_int_equal(io_read_all(log, &all, NULL), 0);
	assert_non_null(strstr(buf_text(&all), "line 4999 of"));
	last_line(ends[0], line, sizeof(line));
	assert_null(strstr(line, "4999"));
	/* Who reads again is told that something is missing. */
	say_step(&s, "The end");
	n = read(ends[0], line, sizeof(line) - 1);
	assert_true(n > 0);
	line[n] = '\0';
	assert_non_null(strstr(line, "is left out, since nobody read it: `lives:log`"));
	assert_non_null(strstr(line, "\n-----> The end\n"));
	say_finish(&s);
	buf_finish(&all);
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)close(log);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_each_kind_of_line),
		cmocka_unit_test(leaves_no_blanks_behind_an_empty_line),
		cmocka_unit_test(writes_terminal_and_log_alike),
		cmocka_unit_test(appends_to_a_log_that_is_there),
		cmocka_unit_test(goes_on_when_the_terminal_is_gone),
		cmocka_unit_test(leaves_out_what_moves_a_terminal),
		cmocka_unit_test(keeps_colours_and_ends_them),
		cmocka_unit_test(keeps_what_stands_behind_a_carriage_return),
		cmocka_unit_test(replaces_what_is_no_utf8),
		cmocka_unit_test(cuts_long_lines_at_a_whole_character),
		cmocka_unit_test(shows_a_line_that_is_all_invalid),
		cmocka_unit_test(writes_durations_for_people),
		cmocka_unit_test(waits_for_no_reader),
		cmocka_unit_test(keeps_no_more_than_a_log_may_have),
		cmocka_unit_test(shows_stars_for_a_secret),
		cmocka_unit_test(shows_stars_for_one_with_controls_in_it),
		cmocka_unit_test(cuts_a_line_only_when_it_has_no_secrets),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
