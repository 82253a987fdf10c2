#include "builder/source/dockerfile.h"

#include "config/base/buf.h"
#include "config/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (1024 * 1024)

/* The names with a blank between, or the error. Free it. */
static char *images_with(const char *text, const char *const *build_args)
{
	struct dockerfile_images im;
	struct err e = {0};
	struct buf b;
	/* No NUL behind it, so that a sanitizer sees every step too far. */
	char *copy = malloc(strlen(text));

	assert_non_null(copy);
	memcpy(copy, text, strlen(text));
	buf_init(&b, TEXT_MAX);
	if (dockerfile_images(&im, copy, strlen(text), build_args, &e) < 0) {
		assert_int_equal(buf_adds(&b, e.msg), 0);
	} else {
		for (size_t i = 0; i < im.len; i++)
			assert_int_equal(
				buf_addf(&b, "%s%s", i ? " " : "", im.names[i]), 0);
		assert_int_equal(buf_add(&b, "", 0), 0);
		dockerfile_images_finish(&im);
	}
	free(copy);
	return b.data;
}

static void expect(const char *text, const char *wanted)
{
	char *got = images_with(text, NULL);

	if (strcmp(got, wanted))
		print_message("in: %s\n", text);
	assert_string_equal(got, wanted);
	free(got);
}

static void finds_the_images_of_from(void **state)
{
	(void)state;
	expect("FROM debian:12\n", "debian:12");
	expect("from debian:12", "debian:12");
	expect("  \t FROM\tdebian:12  \r\n", "debian:12");
	expect("FROM alpine@sha256:0123 AS x\nFROM debian", "alpine@sha256:0123 debian");
	expect("FROM debian\nFROM debian\n", "debian");
	expect("FROM registry:5000/a/b:1\n", "registry:5000/a/b:1");
	expect("FROM --platform=$BUILDPLATFORM golang:1.22 AS build\n", "golang:1.22");
	expect("FROM \"debian:12\"\n", "debian:12");
	expect("\xef\xbb\xbf"
	       "FROM debian\n",
		"debian");
}

static void leaves_out_stages_and_scratch(void **state)
{
	(void)state;
	expect("FROM scratch\nCOPY . /\n", "");
	expect("FROM golang AS Build\nFROM build AS test\nFROM scratch\n"
	       "COPY --from=BUILD /a /a\nCOPY --from=0 /b /b\n",
		"golang");
	/* The stage's own line means the image, those after it the stage. */
	expect("FROM golang AS golang\nFROM golang\n", "golang");
	/* An image that is named like a later stage. */
	expect("FROM b AS a\nFROM c AS b\n", "b c");
	expect("FROM a\nCOPY --from=b /x /x\nFROM c AS b\n", "a c");
}

static void finds_the_images_of_copy_and_run(void **state)
{
	(void)state;
	expect("FROM a\nCOPY --chown=1:1 --from=nginx:1 /x /y\n", "a nginx:1");
	expect("FROM a\ncopy --FROM=nginx /x /y\n", "a");
	expect("FROM a\nCOPY x --from=nginx y\n", "a");
	expect("FROM a\nCOPY --from=$B /x /y\n", "a");
	expect("FROM a\nADD --from=nginx /x /y\n", "a");
	expect("FROM a\nRUN --mount=type=bind,from=b,target=/b --network=none make\n",
		"a b");
	expect("FROM a\nRUN --mount=type=cache,target=/c "
	       "--mount=\"type=bind,From=b:2,target=/b\" make --mount=from=c\n",
		"a b:2");
	expect("FROM a\nONBUILD COPY --from=b /x /y\n", "a");
}

static void puts_global_args_in(void **state)
{
	(void)state;
	expect("ARG V=12\nFROM debian:$V\n", "debian:12");
	expect("ARG V=12\nFROM debian:${V}-slim\n", "debian:12-slim");
	expect("ARG A=x B=\"y\" C='$z'\nFROM $A$B:${A}\n", "xy:x");
	expect("ARG A=1\nARG B=${A}.2\nFROM r:$B\n", "r:1.2");
	expect("ARG A=1\nARG A=2\nFROM r:$A\n", "r:2");
	expect("ARG A=1 \\\n  B=2\nFROM r:$A$B\n", "r:12");
	expect("FROM a\nARG V=12\nFROM debian:$V\n", "a");
	expect("ARG V='1'\nFROM r:\\$V\n", "r:$V");
	expect("ARG V='1'\nFROM 'r:$V'\n", "r:$V");
}

static void knows_defaults_in_braces(void **state)
{
	(void)state;
	expect("ARG E=\nARG V=1\nFROM r:${V:-2}${E:-3}${E-4}${N:-5}${N-6}\n", "r:1356");
	expect("ARG E=\nARG V=1\nFROM r:${V:+2}x${E:+3}${E+4}${N:+5}${N+6}\n", "r:2x4");
	expect("ARG A=1\nFROM r:${N:-${A}}\n", "r:1");
	expect("ARG A=1\nFROM r:${A:-$NONE}\n", "r:1");
	expect("ARG A=1\nFROM r:${A:?needed}\n", "r:1");
	expect("FROM r:${N:-\"a}b\"}\n", "r:a}b");
}

static void leaves_out_what_it_does_not_know(void **state)
{
	(void)state;
	expect("FROM a\nFROM b:$UNKNOWN\n", "a");
	expect("FROM a\nFROM b:${TARGETARCH}\n", "a");
	expect("ARG V\nFROM b:$V\nFROM a\n", "a");
	expect("ARG V=$UNKNOWN\nFROM b:$V\nFROM a\n", "a");
	expect("ARG V=1\nFROM b:${V#x}\nFROM b:${V\nFROM b:${}\nFROM \"b\nFROM a\n", "a");
	expect("FROM a\nFROM ${N:?needed}\n", "a");
	expect("FROM\nFROM a\n", "a");
}

static void prefers_given_args(void **state)
{
	static const char *const given[] = {"V=13", "EMPTY=", "OTHER=x", NULL};
	char *got = images_with(
		"ARG V=12\nARG EMPTY=y\nFROM debian:$V$EMPTY\nFROM $OTHER\n", given);

	(void)state;
	assert_string_equal(got, "debian:13");
	free(got);
}

static void puts_continued_lines_together(void **state)
{
	(void)state;
	expect("FROM \\\n  debian\n", "debian");
	expect("FROM deb\\  \nian AS \\\n\n# a comment\n  # another\n x\nFROM x\n",
		"debian");
	expect("RUN x \\\n&& FROM y\nFROM a\n", "a");
	expect("RUN echo \\\\\nFROM a\n", "a");
	expect("FROM a \\", "a");
	expect("# escape=`\nFROM `\n a\nRUN dir c:\\\nFROM b\n", "a b");
	expect("# not a directive\n# escape=`\nFROM a\nRUN x \\\nFROM b\n", "a");
}

static void passes_over_comments(void **state)
{
	(void)state;
	expect("# FROM x\n  # FROM y\n\n\nFROM a\n", "a");
	expect("FROM a\n#FROM b", "a");
}

static void passes_over_here_documents(void **state)
{
	(void)state;
	expect("FROM a\nRUN <<EOF\nFROM x\nEOF\nFROM b\n", "a b");
	expect("FROM a\nRUN <<-EOF cat\n\tFROM x\n\tEOF\nFROM b\n", "a b");
	expect("FROM a\nCOPY <<\"E F\" <<'G' /x/\nFROM x\nE F\nFROM y\nG\nFROM b\n",
		"a b");
	expect("FROM a\nRUN 3<< EOF cat\nFROM x\nEOF\r\nFROM b\n", "a b");
	expect("FROM a\nONBUILD RUN <<EOF\nFROM x\nEOF\nFROM b\n", "a b");
	expect("FROM a\nADD \\\n<<EOF /x\nFROM x\nEOF\nFROM b\n", "a b");
	/* And over nothing where there is none. */
	expect("FROM a\nRUN [\"cat\", \"<<EOF\"]\nFROM b\nEOF\n", "a b");
	expect("FROM a\nRUN cat <<<EOF\nFROM b\nEOF\n", "a b");
	expect("FROM a\nRUN echo \"<<EOF\"\nFROM b\nEOF\n", "a b");
	expect("FROM a\nLABEL x=<<EOF\nFROM b\nEOF\n", "a b");
	expect("FROM a\nRUN echo $((1 << 2))\nFROM b\n", "a b");
}

static void pulls_the_syntax_too(void **state)
{
	(void)state;
	expect("# syntax=docker/dockerfile:1\nFROM a\n", "docker/dockerfile:1 a");
	expect("#SYNTAX = docker/dockerfile:1 \r\n# check=skip=all\n# escape=`\nFROM "
	       "`\na\n",
		"docker/dockerfile:1 a");
	expect("FROM a\n# syntax=x\n", "a");
	expect("# hello\n# syntax=x\nFROM a\n", "a");
	expect("# syntax=x/frontend\nimage: y\n", "x/frontend");
}

static void says_that_from_is_missing(void **state)
{
	static const char *const none[] = {
		"", "\n", "# FROM a\n", "RUN x\n", "FROMAGE a\n"};
	struct dockerfile_images im;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		struct err e = {0};

		assert_int_equal(
			dockerfile_images(&im, none[i], strlen(none[i]), NULL, &e),
			ERR_USAGE);
		assert_non_null(strstr(e.msg, "no FROM"));
	}
}

static void has_a_maximum_for_everything(void **state)
{
	static const struct {
		const char *line;
		const char *message;
	} cases[] = {
		{"FROM image%d\n", "more than 64 images"},
		{"FROM a AS stage%d\n", "more than 256 named stages"},
		{"ARG A%d=1\n", "more than 256 ARGs"},
	};
	struct dockerfile_images im;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err e = {0};
		char *text = malloc(64 * 300), *p = text;

		assert_non_null(text);
		for (int n = 0; n < 300; n++) {
			size_t before = strcspn(cases[i].line, "%");

			p += snprintf(p, 64, "%.*s%d%s", (int)before, cases[i].line, n,
				cases[i].line + before + 2);
		}
		assert_int_equal(
			dockerfile_images(&im, text, (size_t)(p - text), NULL, &e),
			ERR_USAGE);
		assert_non_null(strstr(e.msg, cases[i].message));
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_images_of_from),
		cmocka_unit_test(leaves_out_stages_and_scratch),
		cmocka_unit_test(finds_the_images_of_copy_and_run),
		cmocka_unit_test(puts_global_args_in),
		cmocka_unit_test(knows_defaults_in_braces),
		cmocka_unit_test(leaves_out_what_it_does_not_know),
		cmocka_unit_test(prefers_given_args),
		cmocka_unit_test(puts_continued_lines_together),
		cmocka_unit_test(passes_over_comments),
		cmocka_unit_test(passes_over_here_documents),
		cmocka_unit_test(pulls_the_syntax_too),
		cmocka_unit_test(says_that_from_is_missing),
		cmocka_unit_test(has_a_maximum_for_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
