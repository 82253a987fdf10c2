/* A build's answer as people see it: BuildKit's trace, the classic builder, podman. */
#include "builder/image/progress.h"

#include "builder/image/trace.pb-c.h"
#include "builder/say.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct say say;
	int fd;
	struct progress *progress;
	struct err err;
};

static void begin(struct fixture *f)
{
	char path[] = "/tmp/bardo-progress-XXXXXX";

	*f = (struct fixture){.fd = mkstemp(path)};
	assert_true(f->fd >= 0);
	(void)unlink(path);
	say_init(&f->say, f->fd);
	assert_int_equal(progress_create(&f->progress, &f->say, &f->err), 0);
}

/* Ends the build, and compares what was shown. */
static void finish(struct fixture *f, int code, const char *shown)
{
	struct buf b;
	struct err err;

	assert_int_equal(progress_end(f->progress, true, &f->err), code);
	progress_destroy(f->progress);
	buf_init(&b, 64 * 1024 * 1024);
	assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(f->fd, &b, &err), 0);
	if (shown)
		assert_string_equal(buf_text(&b), shown);
	buf_finish(&b);
	(void)close(f->fd);
}

static void feed(struct fixture *f, const char *line)
{
	assert_int_equal(progress_line(f->progress, line, strlen(line), &f->err), 0);
}

/* ---- BuildKit ---- */

static void feed_trace(struct fixture *f, const Trace__Status *status)
{
	unsigned char raw[65536], text[90000];
	char line[91000];
	size_t len = trace__status__pack(status, raw);

	(void)EVP_EncodeBlock(text, raw, (int)len);
	(void)snprintf(line, sizeof(line),
		"{\"id\":\"moby.buildkit.trace\",\"aux\":\"%s\"}", (char *)text);
	feed(f, line);
}

/* Times are milliseconds from some start; 0 is none. */
static void vertex(struct fixture *f, const char *digest, const char *name, int started,
	int completed, bool cached, const char *error)
{
	Trace__Time at[2] = {TRACE__TIME__INIT, TRACE__TIME__INIT};
	Trace__Vertex v = TRACE__VERTEX__INIT;
	Trace__Vertex *vertexes[] = {&v};
	Trace__Status status = TRACE__STATUS__INIT;

	at[0].seconds = 1000 + started / 1000;
	at[0].nanos = started % 1000 * 1000000;
	at[1].seconds = 1000 + completed / 1000;
	at[1].nanos = completed % 1000 * 1000000;
	v.digest = (char *)digest;
	v.name = (char *)name;
	v.error = (char *)error;
	v.cached = cached;
	v.started = started ? &at[0] : NULL;
	v.completed = completed ? &at[1] : NULL;
	status.n_vertexes = 1;
	status.vertexes = vertexes;
	feed_trace(f, &status);
}

static void starts(struct fixture *f, const char *digest, const char *name)
{
	vertex(f, digest, name, 1, 0, false, "");
}

static void ends(struct fixture *f, const char *digest, const char *name, int took)
{
	vertex(f, digest, name, 1, 1 + took, false, "");
}

static void says(struct fixture *f, const char *digest, const char *text)
{
	Trace__Log l = TRACE__LOG__INIT;
	Trace__Log *logs[] = {&l};
	Trace__Status status = TRACE__STATUS__INIT;

	l.vertex = (char *)digest;
	l.stream = 1;
	l.msg.data = (uint8_t *)text;
	l.msg.len = strlen(text);
	status.n_logs = 1;
	status.logs = logs;
	feed_trace(f, &status);
}

#define FROM "[1/2] FROM docker.io/library/debian:12@sha256:0123"
#define MAKE "[2/2] RUN make"

static void shows_steps_their_output_and_time(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	vertex(&f, "i", "[internal] load remote build context", 1, 9, false, "");
	vertex(&f, "a", FROM, 0, 0, false, "");
	vertex(&f, "b", MAKE, 0, 0, false, "");
	vertex(&f, "a", FROM, 1, 2, true, "");
	starts(&f, "b", MAKE);
	starts(&f, "b", MAKE);
	says(&f, "b", "cc -c a.c\ncc -c");
	says(&f, "b", " b.c\n");
	says(&f, "b", "no line end");
	ends(&f, "b", MAKE, 3400);
	vertex(&f, "e", "exporting to image", 1, 2200, false, "");
	feed(&f, "{\"id\":\"moby.image.id\",\"aux\":{\"ID\":\"sha256:77\"}}");
	feed(&f, "{\"stream\":\"Successfully tagged bardo/shop:1\\n\"}");
	assert_string_equal(progress_image(f.progress), "sha256:77");
	finish(&f, 0,
		"-----> Step 1/2: FROM debian:12 (cached)\n"
		"-----> Step 2/2: RUN make\n"
		"       cc -c a.c\n"
		"       cc -c b.c\n"
		"       no line end\n"
		"       done in 3.4 s\n"
		"       image saved in 2.2 s\n");
}

#define BUILD_A "[build 2/3] RUN make"
#define BUILD_B "[stage-1 2/3] RUN apt-get"

static void keeps_parallel_steps_apart(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	starts(&f, "a", BUILD_A);
	says(&f, "a", "alone\n");
	starts(&f, "b", BUILD_B);
	says(&f, "a", "one\n");
	says(&f, "b", "two\n");
	ends(&f, "b", BUILD_B, 500);
	says(&f, "a", "three\n");
	ends(&f, "a", BUILD_A, 1500);
	finish(&f, 0,
		"-----> Step build 2/3: RUN make\n"
		"       alone\n"
		"-----> Step stage-1 2/3: RUN apt-get\n"
		"       [build 2/3] one\n"
		"       [stage-1 2/3] two\n"
		"       [stage-1 2/3] done in 0.5 s\n"
		"       [build 2/3] three\n"
		"       [build 2/3] done in 1.5 s\n");
}

static void shows_only_the_last_state_of_a_progress_bar(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	starts(&f, "b", MAKE);
	for (int i = 0; i < 5000; i++)
		says(&f, "b", "\r 10% of it");
	says(&f, "b", "\r100%\nnext\r");
	says(&f, "b", "\n");
	ends(&f, "b", MAKE, 10);
	finish(&f, 0,
		"-----> Step 2/2: RUN make\n"
		"       100%\n"
		"       next\n"
		"       done in 10 ms\n");
}

static void names_the_step_that_failed_and_its_status(void **state)
{
	static const struct {
		const char *error, *message;
	} cases[] = {
		{"executor failed running [/bin/sh -c make]: exit code: 2",
			"step 2/2 (RUN make) exited with 2"},
		{"process \"/bin/sh -c make\" did not complete successfully: exit code: "
		 "137",
			"step 2/2 (RUN make) exited with 137, killed: did the server run "
			"out of memory?"},
		{"failed to compute cache key: \"/nope\" not found: not found",
			"step 2/2 (RUN make) failed: \"/nope\" not found; is it in the "
			"commit, and not in .dockerignore?"},
		{"failed to compute cache key: failed to calculate checksum of ref "
		 "abc::def: \"/nope\": not found",
			"step 2/2 (RUN make) failed: \"/nope\": not found; is it in the "
			"commit, and not in .dockerignore?"},
		{"write /x: no space left on device",
			"no space left on the server's disk; make room there, then push "
			"again (docker system df shows what takes it)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f;

		begin(&f);
		starts(&f, "b", MAKE);
		vertex(&f, "b", MAKE, 1, 2, false, cases[i].error);
		feed(&f, "{\"errorDetail\":{\"message\":\"whatever\"},\"error\":\"x\"}");
		finish(&f, ERR_FAILED, "-----> Step 2/2: RUN make\n");
		assert_string_equal(f.err.msg, cases[i].message);
	}
}

static void blames_the_step_that_failed_not_those_it_stopped(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	starts(&f, "a", BUILD_A);
	starts(&f, "b", BUILD_B);
	vertex(&f, "b", BUILD_B, 1, 2, false,
		"executor failed running [x]: exit code: 137: context canceled: context "
		"canceled");
	vertex(&f, "a", BUILD_A, 1, 2, false,
		"executor failed running [x]: exit code: 4");
	feed(&f, "{\"errorDetail\":{\"message\":\"whatever\"},\"error\":\"x\"}");
	finish(&f, ERR_FAILED,
		"-----> Step build 2/3: RUN make\n"
		"-----> Step stage-1 2/3: RUN apt-get\n"
		"       [stage-1 2/3] stopped\n");
	assert_string_equal(f.err.msg, "step build 2/3 (RUN make) exited with 4");
}

static void tells_a_full_disk_from_a_programs_own_words(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	starts(&f, "b", MAKE);
	says(&f, "b", "cp: write error: No space left on device\n");
	vertex(&f, "b", MAKE, 1, 2, false, "executor failed running [x]: exit code: 1");
	feed(&f, "{\"errorDetail\":{\"message\":\"whatever\"},\"error\":\"x\"}");
	finish(&f, ERR_FAILED, NULL);
	assert_string_equal(f.err.msg,
		"step 2/2 (RUN make) exited with 1: no space left on the server's disk");
}

static void tidies_what_went_wrong_before_any_step(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	vertex(&f, "i", "[internal] load remote build context", 1, 9, false, "");
	feed(&f,
		"{\"errorDetail\":{\"message\":\"failed to solve with frontend "
		"dockerfile.v0: failed to create LLB definition: dockerfile parse error "
		"line 2: unknown instruction: FOO\"},\"error\":\"x\"}");
	finish(&f, ERR_FAILED, "");
	assert_string_equal(
		f.err.msg, "dockerfile parse error line 2: unknown instruction: FOO");
}

static void cuts_endless_output_but_keeps_its_end(void **state)
{
	struct fixture f;
	char line[1001];
	struct buf b;
	struct err err;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[999] = '\n';
	line[1000] = '\0';
	begin(&f);
	starts(&f, "b", MAKE);
	for (int i = 0; i < PROGRESS_OUTPUT_MAX / 1000 + 1000; i++)
		says(&f, "b", line);
	says(&f, "b", "the reason\n");
	vertex(&f, "b", MAKE, 1, 2, false, "exit code: 1");
	feed(&f, "{\"error\":\"x\"}");
	assert_int_equal(progress_end(f.progress, true, &f.err), ERR_FAILED);
	progress_destroy(f.progress);
	buf_init(&b, 64 * 1024 * 1024);
	assert_int_equal(lseek(f.fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(f.fd, &b, &err), 0);
	assert_in_range(b.len, PROGRESS_OUTPUT_MAX, PROGRESS_OUTPUT_MAX + 100000);
	assert_non_null(strstr(buf_text(&b), "the rest is left out"));
	assert_non_null(strstr(buf_text(&b), "the reason\n"));
	buf_finish(&b);
	(void)close(f.fd);
}

static void survives_more_steps_than_it_keeps(void **state)
{
	struct fixture f;
	char digest[32];

	(void)state;
	begin(&f);
	for (int i = 0; i < 3000; i++) {
		(void)snprintf(digest, sizeof(digest), "d%d", i);
		starts(&f, digest, MAKE);
	}
	finish(&f, 0, NULL);
}

/* ---- the classic builder, and podman ---- */

static void shows_the_classic_builders_steps(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	feed(&f, "{\"stream\":\"Step 1/3 : FROM debian:12\"}");
	feed(&f, "{\"stream\":\"\\n\"}");
	feed(&f, "{\"stream\":\" ---\\u003e 236d9db1279a\\n\"}");
	feed(&f, "{\"stream\":\"Step 2/3 : COPY . /src\"}");
	feed(&f, "{\"stream\":\"\\n\"}");
	feed(&f, "{\"stream\":\" ---\\u003e Using cache\\n\"}");
	feed(&f, "{\"stream\":\" ---\\u003e 787038048eb3\\n\"}");
	feed(&f, "{\"stream\":\"Step 3/3 : RUN make\"}");
	feed(&f, "{\"stream\":\"\\n\"}");
	feed(&f, "{\"stream\":\" ---\\u003e Running in ee19ba1d816b\\n\"}");
	feed(&f, "{\"stream\":\"hi\\n\"}");
	feed(&f, "{\"stream\":\"\\u001b[91m/bin/sh: \\u001b[0m\"}");
	feed(&f, "{\"stream\":\"\\u001b[91mnope: not found\\n\\u001b[0m\"}");
	feed(&f,
		"{\"errorDetail\":{\"code\":127,\"message\":\"The command '/bin/sh -c "
		"make' returned a non-zero code: 127\"},\"error\":\"x\"}");
	finish(&f, ERR_FAILED,
		"-----> Step 1/3: FROM debian:12\n"
		"-----> Step 2/3: COPY . /src (cached)\n"
		"-----> Step 3/3: RUN make\n"
		"       hi\n"
		"       /bin/sh: nope: not found\n");
	assert_string_equal(f.err.msg, "step 3/3 (RUN make) exited with 127");
}

static void takes_the_classic_builders_last_image(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	feed(&f, "{\"stream\":\"Step 1/1 : FROM a\\n\"}");
	feed(&f, "{\"aux\":{\"ID\":\"sha256:1\"}}");
	feed(&f, "{\"aux\":{\"ID\":\"sha256:2\"}}");
	feed(&f, "{\"stream\":\"Successfully built 38f52d9e65aa\\n\"}");
	feed(&f, "{\"stream\":\"Successfully tagged x:latest\\n\"}");
	assert_string_equal(progress_image(f.progress), "sha256:2");
	finish(&f, 0, NULL);
}

static void shows_podmans_steps(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	feed(&f, "{\"stream\":\"[1/2] STEP 1/2: FROM a AS build\\n\"}");
	feed(&f, "{\"stream\":\"[1/2] STEP 2/2: RUN make\\n\"}");
	feed(&f, "{\"stream\":\"--\\u003e Using cache 12ab\\n\"}");
	feed(&f, "{\"stream\":\"--\\u003e 12ab\\n\"}");
	feed(&f, "{\"stream\":\"[2/2] STEP 1/1: FROM b\\n\"}");
	feed(&f, "{\"stream\":\"COMMIT shop:1\\n\"}");
	feed(&f,
		"{\"error\":\"building at STEP \\\"RUN exit 3\\\": while running "
		"runtime: "
		"exit status 3\"}");
	finish(&f, ERR_FAILED, NULL);
	assert_string_equal(f.err.msg, "step 2/2, 1/1 (FROM b) exited with 3");
}

static void passes_over_lines_that_it_does_not_know(void **state)
{
	static const char *const odd[] = {"", "not json", "[]", "{}", "null", "\"x\"",
		"{\"aux\":5}", "{\"aux\":{}}", "{\"stream\":5}",
		"{\"id\":5,\"aux\":\"x\"}",
		"{\"id\":\"moby.buildkit.trace\",\"aux\":\"!!\"}",
		"{\"status\":\"Downloading\",\"id\":\"abc\"}",
		"{\"stream\":\"loose\\n\"}"};
	struct fixture f;

	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		feed(&f, odd[i]);
	finish(&f, 0, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_steps_their_output_and_time),
		cmocka_unit_test(keeps_parallel_steps_apart),
		cmocka_unit_test(shows_only_the_last_state_of_a_progress_bar),
		cmocka_unit_test(names_the_step_that_failed_and_its_status),
		cmocka_unit_test(blames_the_step_that_failed_not_those_it_stopped),
		cmocka_unit_test(tells_a_full_disk_from_a_programs_own_words),
		cmocka_unit_test(tidies_what_went_wrong_before_any_step),
		cmocka_unit_test(cuts_endless_output_but_keeps_its_end),
		cmocka_unit_test(survives_more_steps_than_it_keeps),
		cmocka_unit_test(shows_the_classic_builders_steps),
		cmocka_unit_test(takes_the_classic_builders_last_image),
		cmocka_unit_test(shows_podmans_steps),
		cmocka_unit_test(passes_over_lines_that_it_does_not_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
