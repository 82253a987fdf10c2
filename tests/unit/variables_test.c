/* Variables: read from files as people write them, written for shells and programs. */
#include "config/app/variables.h"

#include "config/app/envfile.h"
#include "config/app/variables_write.h"
#include "config/base/base64.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TEXT_MAX (4 * 1024 * 1024)

/* Values that break whoever quotes badly. */
static const char *const hard[] = {"", "plain", "two words", " blanks around ", "it's",
	"say \"hi\"", "back\\slash \\n", "$HOME `id` $(id) ${X}", "line\nline\n\nend\n",
	"tab\tcr\rbell\a", "<a&b>", "ärger 😀", "#no comment", "a=b=c", "'", "\"", "\\",
	"!history", "*?[x]~", "%s%n", "trailing\\"};

#define HARD (sizeof(hard) / sizeof(hard[0]))

static void fill(struct variables *v)
{
	struct err err = {0};
	char name[16];

	for (size_t i = 0; i < HARD; i++) {
		(void)snprintf(name, sizeof(name), "V%zu", i);
		assert_int_equal(variables_put(v, name, hard[i], &err), 0);
	}
}

static void assert_same(const struct variables *a, const struct variables *b)
{
	assert_int_equal(a->len, b->len);
	for (size_t i = 0; i < a->len; i++) {
		assert_string_equal(a->items[i].name, b->items[i].name);
		assert_string_equal(a->items[i].value, b->items[i].value);
	}
	assert_int_equal(a->bytes, b->bytes);
}

static void write_as(const struct variables *v, const char *format, struct buf *out)
{
	struct err err = {0};

	buf_init(out, VARIABLES_TEXT_MAX);
	assert_int_equal(variables_write(out, v, format, &err), 0);
}

/* ---- reading ---- */

static void assert_parsed(const char *text, const char *name, const char *value)
{
	struct variables v = {0};
	struct err err = {0};

	if (envfile_parse(&v, text, strlen(text), &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	assert_non_null(variables_get(&v, name));
	assert_string_equal(variables_get(&v, name), value);
	variables_finish(&v);
}

static void reads_envfiles_as_people_write_them(void **state)
{
	(void)state;
	assert_parsed("A=1", "A", "1");
	assert_parsed("\n# comment\n\nA=1\n", "A", "1");
	assert_parsed("export A=1\n", "A", "1");
	assert_parsed("  A = two words  \n", "A", "two words");
	assert_parsed("A=\n", "A", "");
	assert_parsed("A=x # why\n", "A", "x");
	assert_parsed("A=x#y\n", "A", "x#y");
	assert_parsed("A=1\r\nB=2\r\n", "A", "1");
	assert_parsed("A=it's\n", "A", "it's");
	assert_parsed("A=\"x # y\" # z\n", "A", "x # y");
	assert_parsed("A='x\"y\\n$Z'\n", "A", "x\"y\\n$Z");
	assert_parsed("A=\"l1\\nl2\\t\\\"\\\\\\$\\`\\q\"\n", "A", "l1\nl2\t\"\\$`\\q");
	assert_parsed("A=\"l1\nl2\"\nB=3\n", "A", "l1\nl2");
	assert_parsed("A=\"l1\nl2\"\nB=3\n", "B", "3");
	assert_parsed("A='it'\\''s'\n", "A", "it's");
	assert_parsed("A=1\nA=2\n", "A", "2");
	assert_parsed("export=1\n", "export", "1");
	assert_parsed("DATABASE_URL=postgres://u:p@h/d?a=b&c=d\n", "DATABASE_URL",
		"postgres://u:p@h/d?a=b&c=d");
}

static void assert_refused(const char *text, size_t len, const char *why)
{
	struct variables v = {0};
	struct err err = {0};

	assert_int_equal(envfile_parse(&v, text, len, &err), ERR_USAGE);
	if (!strstr(err.msg, why))
		fail_msg("\"%s\" doesn't say \"%s\"", err.msg, why);
	assert_null(strstr(err.msg, "s3cret"));
	variables_finish(&v);
}

static void names_the_line_and_never_its_text(void **state)
{
	(void)state;
	assert_refused("A=1\ns3cret\n", 11, "line 2: it is not NAME=VALUE");
	assert_refused("=s3cret\n", 8, "line 1: it is not");
	assert_refused("A=1\nB=\"s3cret\n\nC=2\n", 19, "line 2: the quote that begins");
	assert_refused("A=\"x\"s3cret", 11, "line 1: something follows");
	assert_refused("A=\"x\" s3cret", 12, "line 1: something follows");
	assert_refused("A=s3\0cret", 9, "NUL");
	assert_refused("A=s3cret\xff", 9, "line 1: the value of A is not UTF-8");
	assert_refused("1A=s3cret\n", 10, "can't be the name");
}

static void reads_json(void **state)
{
	static const char object[] = "{\"A\": \"x\\ny\", \"B\": 5, \"C\": true}";
	static const char list[] = "[{\"name\": \"A\", \"value\": \"1\"}]";
	static const char *const bad[] = {"", "5", "\"A\"", "{\"A\": {}}",
		"{\"A\": null}", "[{\"name\": \"A\"}]", "[5]", "{\"A\": \"x\\u0000y\"}",
		"{\"A\": "};
	struct variables v = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(variables_parse_json(&v, object, strlen(object), &err), 0);
	assert_string_equal(variables_get(&v, "A"), "x\ny");
	assert_string_equal(variables_get(&v, "B"), "5");
	assert_string_equal(variables_get(&v, "C"), "true");
	assert_int_equal(variables_parse_json(&v, list, strlen(list), &err), 0);
	assert_string_equal(variables_get(&v, "A"), "1");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(variables_parse_json(&v, bad[i], strlen(bad[i]), &err),
			ERR_USAGE);
	variables_finish(&v);
}

/* ---- writing ---- */

static void an_envfile_reads_back(void **state)
{
	static const char *const formats[] = {"envfile", "exports"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct variables v = {0}, back = {0};
		struct err err = {0};
		struct buf out;

		fill(&v);
		write_as(&v, formats[i], &out);
		assert_int_equal(envfile_parse(&back, buf_text(&out), out.len, &err), 0);
		assert_same(&v, &back);
		buf_finish(&out);
		variables_finish(&v);
		variables_finish(&back);
	}
}

static void json_reads_back(void **state)
{
	static const char *const formats[] = {"json", "json-list"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct variables v = {0}, back = {0};
		struct err err = {0};
		struct buf out;

		fill(&v);
		write_as(&v, formats[i], &out);
		assert_int_equal(
			variables_parse_json(&back, buf_text(&out), out.len, &err), 0);
		assert_same(&v, &back);
		buf_finish(&out);
		variables_finish(&v);
		variables_finish(&back);
	}
}

/* What a real shell makes of it: the values, NULs between them. */
static void assert_shell_prints(const char *script, size_t len, const struct variables *v)
{
	char path[] = "/tmp/bardo-variables-XXXXXX";
	int ends[2], fd = mkstemp(path), status;
	struct buf got, wanted;
	struct err err;
	pid_t pid;

	assert_true(fd >= 0 && pipe2(ends, O_CLOEXEC) == 0);
	assert_int_equal(io_write_all(fd, script, len), 0);
	(void)close(fd);
	pid = fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)execl("/bin/sh", "sh", path, (char *)NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	buf_init(&got, TEXT_MAX);
	buf_init(&wanted, TEXT_MAX);
	assert_int_equal(io_read_all(ends[0], &got, &err), 0);
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	(void)unlink(path);
	for (size_t i = 0; i < v->len; i++)
		assert_int_equal(buf_add(&wanted, v->items[i].value,
					 strlen(v->items[i].value) + 1),
			0);
	assert_int_equal(got.len, wanted.len);
	assert_memory_equal(got.data, wanted.data, wanted.len);
	buf_finish(&got);
	buf_finish(&wanted);
}

static void a_shell_reads_exports(void **state)
{
	struct variables v = {0};
	struct buf script;

	(void)state;
	fill(&v);
	write_as(&v, "exports", &script);
	for (size_t i = 0; i < v.len; i++)
		assert_int_equal(
			buf_addf(&script, "printf '%%s\\0' \"$%s\"\n", v.items[i].name),
			0);
	assert_shell_prints(buf_text(&script), script.len, &v);
	buf_finish(&script);
	variables_finish(&v);
}

static void a_shell_reads_assignments_in_one_line(void **state)
{
	struct variables v = {0};
	struct buf line, script;

	(void)state;
	fill(&v);
	write_as(&v, "shell", &line);
	buf_init(&script, TEXT_MAX);
	assert_int_equal(buf_add(&script, line.data, line.len), 0);
	for (size_t i = 0; i < v.len; i++)
		assert_int_equal(
			buf_addf(&script, "printf '%%s\\0' \"$%s\"\n", v.items[i].name),
			0);
	assert_shell_prints(buf_text(&script), script.len, &v);
	buf_finish(&line);
	buf_finish(&script);
	variables_finish(&v);
}

static void writes_dokkus_other_formats(void **state)
{
	struct variables v = {0};
	struct err err = {0};
	struct buf out;

	(void)state;
	assert_int_equal(variables_put(&v, "ENV", "prod", &err), 0);
	assert_int_equal(variables_put(&v, "COMPILE_ASSETS", "it's", &err), 0);
	write_as(&v, "docker-args", &out);
	assert_string_equal(
		buf_text(&out), "--env=COMPILE_ASSETS='it'\\''s' --env=ENV='prod'\n");
	buf_finish(&out);
	write_as(&v, "docker-args-keys", &out);
	assert_string_equal(buf_text(&out), "--env=COMPILE_ASSETS --env=ENV\n");
	buf_finish(&out);
	write_as(&v, "pretty", &out);
	assert_string_equal(buf_text(&out),
		"COMPILE_ASSETS:  it's\n"
		"ENV:             prod\n");
	buf_finish(&out);
	buf_init(&out, TEXT_MAX);
	assert_int_equal(variables_write(&out, &v, "yaml", &err), ERR_USAGE);
	buf_finish(&out);
	variables_finish(&v);
}

/* ---- limits, base64 ---- */

static void refuses_what_no_program_could_be_started_with(void **state)
{
	struct variables v = {0};
	struct err err = {0};
	char *value = malloc(VARIABLE_VALUE_MAX + 2);

	(void)state;
	assert_non_null(value);
	memset(value, 'x', VARIABLE_VALUE_MAX + 1);
	value[VARIABLE_VALUE_MAX + 1] = '\0';
	assert_int_equal(variables_put(&v, "A", value, &err), ERR_USAGE);
	value[VARIABLE_VALUE_MAX] = '\0';
	assert_int_equal(variables_put(&v, "A", value, &err), 0);
	assert_int_equal(v.bytes, VARIABLE_VALUE_MAX + 1);
	assert_int_equal(variables_put(&v, "A", "short", &err), 0);
	assert_int_equal(v.bytes, 6);
	assert_int_equal(variables_put(&v, "A", "\xc3", &err), ERR_USAGE);
	free(value);
	variables_finish(&v);
}

static void decodes_base64(void **state)
{
	static const struct {
		const char *text, *bytes;
		ssize_t len;
	} cases[] = {
		{"", "", 0},
		{"Zg==", "f", 1},
		{"Zg", "f", 1},
		{"Zm8=", "fo", 2},
		{"Zm9v", "foo", 3},
		{"Zm9v\nYmFy\n", "foobar", 6},
		{"/+7d", "\xff\xee\xdd", 3},
		{"AAA=", "\0\0", 2},
		{"Z", NULL, -1},
		{"Zg=", NULL, -1},
		{"Zg===", NULL, -1},
		{"Zg==Zg==", NULL, -1},
		{"Zm9$", NULL, -1},
	};
	char out[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ssize_t n = base64_decode(cases[i].text, strlen(cases[i].text), out);

		assert_int_equal(n, cases[i].len);
		if (n > 0)
			assert_memory_equal(out, cases[i].bytes, (size_t)n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_envfiles_as_people_write_them),
		cmocka_unit_test(names_the_line_and_never_its_text),
		cmocka_unit_test(reads_json),
		cmocka_unit_test(an_envfile_reads_back),
		cmocka_unit_test(json_reads_back),
		cmocka_unit_test(a_shell_reads_exports),
		cmocka_unit_test(a_shell_reads_assignments_in_one_line),
		cmocka_unit_test(writes_dokkus_other_formats),
		cmocka_unit_test(refuses_what_no_program_could_be_started_with),
		cmocka_unit_test(decodes_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
