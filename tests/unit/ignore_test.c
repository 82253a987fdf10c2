#include "builder/source/ignore.h"

#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 1024

/* Whether path is left out, asked as a walk does: from the outermost folder down. Where
 * the walk would stop is checked too. */
static bool is_left_out(const struct ignore *ig, const char *path)
{
	size_t n = ignore_patterns(ig) + 1;
	bool *parent = calloc(n, sizeof(bool)), *own = calloc(n, sizeof(bool));
	bool left_out = false, walked = true;

	assert_non_null(parent);
	assert_non_null(own);
	for (const char *end = path; *end; end++) {
		char *here;
		bool *old = parent;

		end = strchrnul(end + 1, '/');
		here = strndup(path, (size_t)(end - path));
		assert_non_null(here);
		left_out = ignore_matches(ig, here, parent, own);
		assert_true(walked || left_out);
		walked = walked && !(left_out && !ignore_may_except_below(ig, here));
		parent = own;
		own = old;
		free(here);
		if (!*end)
			break;
	}
	free(parent);
	free(own);
	return left_out;
}

/* ---- what docker does ---- */

static const char *const tree[] = {".env", "README.md", "docs/README.md",
	"docs/guide/a.md", "docs/guide/b.txt", "src/main.c", "src/lib/x.go",
	"src/lib/x_test.go", "src/vendor/y.go", "node_modules/p/index.js",
	"web/node_modules/q/index.js", "web/app.js", "a b", "caf\303\251/\303\251.txt",
	"foo/bar/baz", "foo/bar/qux", "test1", "testx", "!bang", "#hash"};

/* What an image built with `FROM scratch`, `COPY . /` held of the tree: the classic
 * builder of docker 28, and BuildKit where the two differ (the classic one doesn't look
 * for exceptions with wildcards in folders that are left out). One of kept and gone. */
static const struct docker_case {
	const char *ignore;
	const char *kept;
	const char *gone;
} docker_cases[] = {
	{"", .gone = ""},
	{"*", .kept = ""},
	{"*\n!src", .kept = "src/main.c|src/lib/x.go|src/lib/x_test.go|src/vendor/y.go"},
	{"*\n!src/lib", .kept = "src/lib/x.go|src/lib/x_test.go"},
	{"*\n!src/lib/*.go", .kept = "src/lib/x.go|src/lib/x_test.go"},
	{"**/*.md", .gone = "README.md|docs/README.md|docs/guide/a.md"},
	{"*.md", .gone = "README.md"},
	{"**/node_modules",
		.gone = "node_modules/p/index.js|web/node_modules/q/index.js"},
	{"node_modules", .gone = "node_modules/p/index.js"},
	{"/node_modules/", .gone = "node_modules/p/index.js"},
	{"docs\n!docs/README.md", .gone = "docs/guide/a.md|docs/guide/b.txt"},
	{"docs/*\n!docs/README.md", .gone = "docs/guide/a.md|docs/guide/b.txt"},
	{"docs/**", .gone = "docs/README.md|docs/guide/a.md|docs/guide/b.txt"},
	{"docs/**\n!docs/guide", .gone = "docs/README.md"},
	{"!docs\ndocs", .gone = "docs/README.md|docs/guide/a.md|docs/guide/b.txt"},
	{"foo/bar\n!foo/bar/qux", .gone = "foo/bar/baz"},
	{"*\n!foo/**/qux", .kept = "foo/bar/qux"},
	{"*\n!**/*.go\n**/*_test.go", .kept = "src/lib/x.go|src/vendor/y.go"},
	{"**\n!web/app.js", .kept = "web/app.js"},
	{"**/*.go\n!src/vendor",
		.gone = "src/lib/x.go|src/lib/x_test.go|src/vendor/y.go"},
	{"test?", .gone = "test1|testx"},
	{"test[0-9]", .gone = "test1"},
	{"test[^0-9]", .gone = "testx"},
	{"[!t]est1", .gone = "test1"},
	{"./src/../docs", .gone = "docs/README.md|docs/guide/a.md|docs/guide/b.txt"},
	{"../docs", .gone = ""},
	{".", .gone = ""},
	{"/", .gone = ""},
	{"# README.md\nREADME.md", .gone = "README.md"},
	{" # README.md", .gone = ""},
	{"  README.md  ", .gone = "README.md"},
	{"\357\273\277README.md", .gone = "README.md"},
	{"README.md\r\n.env\r\n", .gone = ".env|README.md"},
	{"\\#hash", .gone = "#hash"},
	{"#hash", .gone = ""},
	{"\\!bang", .gone = "!bang"},
	{"!bang", .gone = ""},
	{"a\\ b", .gone = "a b"},
	{"a b", .gone = "a b"},
	{"caf?", .gone = "caf\303\251/\303\251.txt"},
	{"caf\303\251/*", .gone = "caf\303\251/\303\251.txt"},
	{"**caf\303\251", .gone = "caf\303\251/\303\251.txt"},
	{"*/\303\251.txt", .gone = "caf\303\251/\303\251.txt"},
	{".*", .gone = ".env"},
	{"**/.env", .gone = ".env"},
	{"Dockerfile\n.dockerignore", .gone = ""},
	{"*\n!web\nweb/node_modules", .kept = "web/app.js"},
	{"src\n!src/lib/x.go\nsrc/lib",
		.gone = "src/main.c|src/lib/x_test.go|src/vendor/y.go"},
	{"**/b*", .gone = "docs/guide/b.txt|foo/bar/baz|foo/bar/qux"},
	{"s*/l*/x.*", .gone = "src/lib/x.go"},
	{"foo/b**", .gone = "foo/bar/baz|foo/bar/qux"},
	{"fo**", .gone = "foo/bar/baz|foo/bar/qux"},
	{"**go", .gone = "src/lib/x.go|src/lib/x_test.go|src/vendor/y.go"},
	{"foo/***", .gone = "foo/bar/baz|foo/bar/qux"},
	{"*\n!*.md", .kept = "README.md"},
	{"*\n!docs/*.md", .kept = "docs/README.md"},
	{"!foo\n!docs", .gone = ""},
	{"node_modules/*/\n! web", .gone = "node_modules/p/index.js"},
	{"src/*\n!src/*\n", .gone = ""},
	{"a*b", .gone = "a b"},
	{"docs/guide/", .gone = "docs/guide/a.md|docs/guide/b.txt"},
	{"*/*", .kept = ".env|README.md|a b|test1|testx|!bang|#hash"},
	{"*/*/*",
		.gone = "docs/guide/a.md|docs/guide/b.txt|src/lib/x.go|src/lib/"
			"x_test.go|src/vendor/y.go|node_modules/p/index.js|web/"
			"node_modules/q/index.js|foo/bar/baz|foo/bar/qux"},
	{"**/**", .kept = ""},
	{"**/lib/**", .gone = "src/lib/x.go|src/lib/x_test.go"},
	{"src/**/*.go", .gone = "src/lib/x.go|src/lib/x_test.go|src/vendor/y.go"},
	{"src/lib/x\\.go", .gone = "src/lib/x.go"},
	{"foo/bar/*\n!foo/bar/baz\nfoo", .gone = "foo/bar/baz|foo/bar/qux"},
};

static void expect_case(const struct docker_case *c)
{
	char names[NAMES_MAX] = "";
	const char *wanted = c->kept ? c->kept : c->gone;
	struct err e = {0};
	struct ignore *ig;
	size_t len = 0;

	if (ignore_create(&ig, c->ignore, strlen(c->ignore), &e) < 0)
		fail_msg("%s: %s", c->ignore, e.msg);
	for (size_t i = 0; i < sizeof(tree) / sizeof(tree[0]); i++) {
		if (is_left_out(ig, tree[i]) == (c->gone != NULL))
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
				len ? "|" : "", tree[i]);
	}
	ignore_destroy(ig);
	if (strcmp(names, wanted))
		fail_msg("%s\nwanted %s\ngot    %s", c->ignore, wanted, names);
}

static void leaves_out_what_docker_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(docker_cases) / sizeof(docker_cases[0]); i++)
		expect_case(&docker_cases[i]);
}

/* ---- single patterns ---- */

/* Compared with moby/patternmatcher itself, which only differs in the last one: all bytes
 * that are no UTF-8 are the same to it. */
static const struct {
	const char *pattern;
	const char *path;
	bool matches;
} pattern_cases[] = {
	{"a*/b", "abc/b", true},
	{"a*/b", "a/c/b", false},
	{"a*b*c*d*e*/f", "axbxcxdxexxx/f", true},
	{"a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false},
	{"a*b?c*x", "abxbbxdbxebxczzx", true},
	{"a*b?c*x", "abxbbxdbxebxczzy", false},
	{"a?b",
		"a\xe2\x98\xba"
		"b",
		true},
	{"a???b",
		"a\xe2\x98\xba"
		"b",
		false},
	{"a[^a]b",
		"a\xe2\x98\xba"
		"b",
		true},
	{"a[^b]c", "a/c", true},
	{"[a-\xce\xb6]*", "\xce\xb1", true},
	{"*[a-\xce\xb6]", "A", false},
	{"[\\]a]", "]", true},
	{"[x\\-]", "-", true},
	{"[\\-x]", "a", false},
	{"a\\*b", "a*b", true},
	{"a\\*b", "ab", false},
	{"a.|)$(}+{bc", "a.|)$(}+{bc", true},
	{"**/dir2/*", "dir/dir2/file", true},
	{"**/**/*.txt", "file.txt", true},
	{"**/.foo", "bar.foo", false},
	{"**.foo", "bar.foo", true},
	{"a**/*.txt", "a/dir/dir/file.txt", true},
	{"abc/**", "abc", false},
	{"abc/**", "abc/def/ghi", true},
	{"abc.def", "abcZdef", false},
	{"a\\d*", "a1", true},
	{"a\\d*", "ad", false},
	{"[\\D]x", "1x", false},
	{"x[[:upper:][:digit:]]*", "xA", true},
	{"x[[:upper:][:digit:]]*", "xa", false},
	{"^a*", "ab", true},
	{"^a*", "^ab", false},
	{"^a", "^a", true},
	{"*\\ba", "/a", false},
	{"*\\ba", "b-a", true},
	{"*\\ba", "ba", false},
	{"a]*", "a]b", true},
	{"*\xe9", "a\xe9", true},
	{"*\xe9", "a\xe8", false},
};

static void matches_single_patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pattern_cases) / sizeof(pattern_cases[0]); i++) {
		const char *pattern = pattern_cases[i].pattern;
		struct err e = {0};
		struct ignore *ig;

		if (ignore_create(&ig, pattern, strlen(pattern), &e) < 0)
			fail_msg("%s: %s", pattern, e.msg);
		if (ignore_matches(ig, pattern_cases[i].path, NULL, NULL) !=
			pattern_cases[i].matches)
			fail_msg("%s on %s", pattern, pattern_cases[i].path);
		ignore_destroy(ig);
	}
}

/* ---- what is refused ---- */

static const struct {
	const char *text;
	const char *message;
} refused[] = {
	{"!", "line 1: a ! needs a pattern"},
	{"a\n\n! / \n", "line 3: a ! needs a pattern"},
	{"a\n[", "line 2: the pattern [ has a [ without its ]"},
	{"[]a]", "wrong place inside brackets"},
	{"[-]", "wrong place inside brackets"},
	{"[x-]", "wrong place inside brackets"},
	{"[a-b-c]", "wrong place inside brackets"},
	{"[Local-Only]/", "ends before it starts"},
	{"[^bc", "without its ]"},
	{"\\", "ends with a backslash"},
	{"bin\\x86", "separate folders with /"},
	{"[*]", "a * or ? inside brackets"},
	{"[[:letter:]]", "unknown [: :]"},
	{"[\xff]", "not UTF-8"},
};

static void names_the_line_of_a_malformed_pattern(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err e = {0};
		struct ignore *ig;

		assert_int_equal(
			ignore_create(&ig, refused[i].text, strlen(refused[i].text), &e),
			ERR_USAGE);
		if (!strstr(e.msg, refused[i].message))
			fail_msg("%s: %s", refused[i].text, e.msg);
	}
}

static void says_that_utf16_is_not_what_it_reads(void **state)
{
	struct err e = {0};
	struct ignore *ig;

	(void)state;
	assert_int_equal(ignore_create(&ig,
				 "\xff\xfe"
				 "a\0\n\0",
				 6, &e),
		ERR_USAGE);
	assert_non_null(strstr(e.msg, "UTF-8"));
}

static void has_a_maximum_for_lines_and_patterns(void **state)
{
	char *text = malloc(IGNORE_FILE_MAX + 1);
	struct err e = {0};
	struct ignore *ig;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', IGNORE_FILE_MAX + 1);
	assert_int_equal(ignore_create(&ig, text, IGNORE_FILE_MAX + 1, &e), ERR_USAGE);
	assert_int_equal(ignore_create(&ig, text, 4096, &e), ERR_USAGE);
	assert_int_equal(ignore_create(&ig, text, 4095, &e), 0);
	ignore_destroy(ig);
	for (size_t i = 1; i < IGNORE_FILE_MAX; i += 2)
		text[i] = '\n';
	assert_int_equal(
		ignore_create(&ig, text, (size_t)IGNORE_PATTERNS_MAX * 2, &e), 0);
	ignore_destroy(ig);
	assert_int_equal(
		ignore_create(&ig, text, (size_t)IGNORE_PATTERNS_MAX * 2 + 2, &e),
		ERR_USAGE);
	free(text);
}

/* A pattern that takes a backtracking matcher longer than the age of the world. */
static void does_not_blow_up_on_hostile_patterns(void **state)
{
	char pattern[2001], path[2001];
	struct err e = {0};
	struct ignore *ig;

	(void)state;
	for (size_t i = 0; i < sizeof(pattern) - 1; i++) {
		pattern[i] = i % 2 ? 'a' : '*';
		path[i] = 'a';
	}
	pattern[sizeof(pattern) - 1] = path[sizeof(path) - 1] = '\0';
	pattern[sizeof(pattern) - 2] = 'b';
	assert_int_equal(ignore_create(&ig, pattern, strlen(pattern), &e), 0);
	assert_false(ignore_matches(ig, path, NULL, NULL));
	path[sizeof(path) - 2] = 'b';
	assert_true(ignore_matches(ig, path, NULL, NULL));
	ignore_destroy(ig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_out_what_docker_does),
		cmocka_unit_test(matches_single_patterns),
		cmocka_unit_test(names_the_line_of_a_malformed_pattern),
		cmocka_unit_test(says_that_utf16_is_not_what_it_reads),
		cmocka_unit_test(has_a_maximum_for_lines_and_patterns),
		cmocka_unit_test(does_not_blow_up_on_hostile_patterns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
