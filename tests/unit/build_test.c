/* Building an image: what people see and which error comes, against a stand-in that fails
 * on purpose, and, where $BARDO_TEST_ENGINE names one that has `busybox`, a real Engine.
 */
#include "builder/image/build.h"

#include "builder/engine/engine.h"
#include "builder/image/pull.h"
#include "builder/say.h"
#include "builder/source/source.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "tests/unit/standin.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define TAR_BLOCK 512

/* In place of builder/source/source.c: a context of one Dockerfile, and as much padding
 * behind the tar's end as a test wants. */
struct source {
	const char *dockerfile;
	struct buf tar;
	size_t at;
	size_t padding;
	const char *failure;
};

static void add_file(struct buf *tar, const char *name, const char *text)
{
	unsigned char head[TAR_BLOCK] = {0}, body[TAR_BLOCK] = {0};
	unsigned sum = 0;

	(void)snprintf((char *)head, 100, "%s", name);
	(void)snprintf((char *)head + 100, 8, "%07o", 0644);
	(void)snprintf((char *)head + 108, 8, "%07o", 0);
	(void)snprintf((char *)head + 116, 8, "%07o", 0);
	(void)snprintf((char *)head + 124, 12, "%011o", (unsigned)strlen(text));
	(void)snprintf((char *)head + 136, 12, "%011o", 0);
	memset(head + 148, ' ', 8);
	head[156] = '0';
	memcpy(head + 257, "ustar", 6);
	memcpy(head + 263, "00", 2);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += head[i];
	(void)snprintf((char *)head + 148, 8, "%06o", sum);
	assert_true(strlen(text) <= TAR_BLOCK);
	memcpy(body, text, strlen(text));
	(void)buf_add(tar, head, TAR_BLOCK);
	(void)buf_add(tar, body, TAR_BLOCK);
}

ssize_t source_read(struct source *s, void *to, size_t len, struct err *err)
{
	size_t n = s->tar.len - s->at;

	if (n == 0 && s->failure)
		return err_set(err, ERR_FAILED, "%s", s->failure);
	if (n == 0) {
		n = s->padding < len ? s->padding : len;
		memset(to, 0, n);
		s->padding -= n;
		return (ssize_t)n;
	}
	n = n < len ? n : len;
	memcpy(to, s->tar.data + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

int source_file(struct source *s, const char *path, struct buf *b, struct err *err)
{
	(void)path;
	(void)err;
	return buf_adds(b, s->dockerfile);
}

struct fixture {
	struct standin standin;
	struct engine *e;
	struct source source;
	struct say say;
	int fd;
	struct build_options options;
	char image[BUILD_IMAGE_ID_SIZE];
	char shown[8192];
	struct err err;
};

static const char *const labels[] = {
	"bardo.app=shop", "note=a \"quoted\" & odd one", NULL};

/* serve NULL: the real Engine. */
static void begin(struct fixture *f, standin_serve *serve, const char *dockerfile)
{
	char path[] = "/tmp/bardo-build-XXXXXX";
	const char *host = getenv("BARDO_TEST_ENGINE");

	memset(f, 0, sizeof(*f));
	if (!serve && !host)
		skip();
	if (serve) {
		standin_start(&f->standin, "1.41", serve);
		host = f->standin.host;
	}
	assert_int_equal(engine_open(&f->e, host, &f->err), 0);
	f->fd = mkstemp(path);
	(void)unlink(path);
	say_init(&f->say, f->fd);
	f->source.dockerfile = dockerfile;
	buf_init(&f->source.tar, 65536);
	add_file(&f->source.tar, "Dockerfile", dockerfile);
	f->source.padding = 2 * TAR_BLOCK;
	f->options = (struct build_options){.dockerfile = "Dockerfile",
		.tag = "bardo-build-test:1",
		.labels = labels,
		.timeout = 60000};
}

static int build(struct fixture *f)
{
	int rc = build_image(f->e, &f->source, &f->options, &f->say, f->image, &f->err);
	struct buf b;

	buf_init(&b, 1024 * 1024);
	assert_int_equal(lseek(f->fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(f->fd, &b, NULL), 0);
	(void)snprintf(f->shown, sizeof(f->shown), "%s", buf_text(&b));
	buf_finish(&b);
	return rc;
}

static void finish(struct fixture *f)
{
	engine_close(f->e);
	buf_finish(&f->source.tar);
	(void)close(f->fd);
	if (f->standin.pid)
		standin_finish(&f->standin);
}

/* ---- the stand-in's answers ---- */

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

/* Reads the chunked body to its end. */
static void drain(int fd)
{
	char data[4096], last[8] = "";
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0) {
		size_t keep = n < 5 ? (size_t)n : 5;

		memmove(last, last + keep, 5 - keep);
		memcpy(last + 5 - keep, data + n - keep, keep);
		if (!memcmp(last, "0\r\n\r\n", 5))
			return;
	}
}

/* Any image is there; true if that was the question. */
static bool serve_inspect(int fd, const char *head)
{
	if (strncmp(head, "GET ", 4) != 0 || !strstr(head, "/images/"))
		return false;
	standin_write(fd,
		OK "Connection: close\r\nContent-Length: 20\r\n\r\n"
		   "{\"Id\":\"sha256:beef\"}");
	return true;
}

static void serve_without_buildkit(int fd, const char *head)
{
	if (serve_inspect(fd, head))
		return;
	if (strstr(head, "version=2")) {
		standin_write(fd,
			"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
			"Content-Length: 44\r\n\r\n"
			"{\"message\":\"BuildKit is not supported here\"}");
		(void)shutdown(fd, SHUT_WR);
		drain(fd);
		return;
	}
	drain(fd);
	standin_write(fd, CHUNKED);
	standin_chunk(fd, "{\"stream\":\"Step 1/1 : FROM a\\n\"}\n");
	standin_chunk(fd, "{\"aux\":{\"ID\":\"sha256:c1a551c\"}}\n");
	standin_write(fd, "0\r\n\r\n");
}

static void falls_back_to_the_classic_builder(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_without_buildkit, "FROM a\n");
	if (build(&f))
		fail_msg("%s", f.err.msg);
	assert_string_equal(f.image, "sha256:c1a551c");
	assert_string_equal(f.shown,
		"       the Engine has no BuildKit: its classic builder builds\n"
		"-----> Step 1/1: FROM a\n");
	finish(&f);
}

static void serve_without_id(int fd, const char *head)
{
	if (serve_inspect(fd, head))
		return;
	drain(fd);
	standin_write(fd, CHUNKED "0\r\n\r\n");
}

static void asks_for_the_image_that_no_line_named(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_without_id, "FROM scratch\n");
	if (build(&f))
		fail_msg("%s", f.err.msg);
	assert_string_equal(f.image, "sha256:beef");
	finish(&f);
}

static void serve_half(int fd, const char *head)
{
	(void)head;
	drain(fd);
	standin_write(fd, CHUNKED);
	standin_chunk(fd, "{\"stream\":\"Step 1/2 : FROM a\\n\"}\n");
	standin_chunk(fd, "{\"stream\":\"Step 2/2 : RUN make\\n\"}\n");
	standin_chunk(fd, "{\"stream\":\"cc a.c\\n\"}\n");
}

static void says_that_the_engine_closed_half_way(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_half, "FROM scratch\n");
	assert_int_equal(build(&f), ERR_AWAY);
	assert_contains(f.err.msg, "closed the connection in the middle of the build");
	assert_string_equal(f.shown,
		"-----> Step 1/2: FROM a\n"
		"-----> Step 2/2: RUN make\n"
		"       cc a.c\n");
	finish(&f);
}

static void serve_close_while_sending(int fd, const char *head)
{
	(void)fd;
	(void)head;
}

static void says_that_the_engine_closed_while_the_context_was_sent(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_close_while_sending, "FROM scratch\n");
	f.source.padding = 64 * 1024 * 1024;
	assert_int_equal(build(&f), ERR_AWAY);
	assert_contains(f.err.msg, "in the middle of the build");
	finish(&f);
}

static void serve_silence(int fd, const char *head)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	(void)head;
	drain(fd);
	(void)poll(&p, 1, -1);
}

static void ends_a_build_that_takes_too_long(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_silence, "FROM scratch\n");
	f.options.timeout = 200;
	assert_int_equal(build(&f), ERR_FAILED);
	assert_string_equal(
		f.err.msg, "the build took longer than 0.2 s (build.timeout)");
	finish(&f);
}

static void serve_full_disk(int fd, const char *head)
{
	(void)head;
	drain(fd);
	standin_write(fd,
		"HTTP/1.1 500 Internal Server Error\r\n\r\n"
		"{\"message\":\"Error processing tar file(exit status 1): write "
		"/x: no space left on device\"}");
}

static void says_that_the_servers_disk_is_full(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_full_disk, "FROM scratch\n");
	assert_int_equal(build(&f), ERR_FAILED);
	assert_contains(f.err.msg, "no space left on the server's disk; make room");
	finish(&f);
}

static void gives_the_reason_of_the_source(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_silence, "FROM scratch\n");
	f.source.failure = "lib/x is a submodule";
	assert_int_equal(build(&f), ERR_FAILED);
	assert_string_equal(f.err.msg, "lib/x is a submodule");
	finish(&f);
}

static void says_that_a_dockerfile_has_no_from(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_silence, "RUN make\n");
	assert_true(build(&f) < 0);
	assert_contains(f.err.msg, "FROM");
	finish(&f);
}

/* ---- pulling ---- */

#define NOT_FOUND                                                                        \
	"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 22\r\n\r\n"      \
	"{\"message\":\"not here\"}"

static void serve_no_registry(int fd, const char *head)
{
	if (!strncmp(head, "GET ", 4))
		standin_write(fd, NOT_FOUND);
	else if (strstr(head, "/images/create?fromImage=registry%3A5000%2Fa&tag=12"))
		standin_write(fd,
			"HTTP/1.1 500 Internal Server Error\r\n\r\n"
			"{\"message\":\"Get https://registry:5000/v2/: dial tcp: "
			"no such host\"}");
}

static void names_the_image_that_can_not_be_pulled(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_no_registry, "FROM registry:5000/a:12\n");
	assert_int_equal(build(&f), ERR_FAILED);
	assert_string_equal(f.err.msg,
		"pulling registry:5000/a:12: Get https://registry:5000/v2/: dial tcp: no "
		"such host; can the server reach that registry?");
	assert_string_equal(f.shown, "-----> Pulling registry:5000/a:12\n");
	finish(&f);
}

static void serve_pull(int fd, const char *head)
{
	char line[256];

	if (!strncmp(head, "GET ", 4)) {
		standin_write(fd, NOT_FOUND);
		return;
	}
	if (!strstr(head, "/images/create")) {
		serve_without_id(fd, head);
		return;
	}
	standin_write(fd, CHUNKED);
	standin_chunk(fd, "{\"status\":\"Pulling from library/a\",\"id\":\"12\"}\n");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof(line),
			"{\"status\":\"Downloading\",\"progressDetail\":{\"current\":%d,"
			"\"total\":1000},\"id\":\"abc\"}\n",
			i);
		standin_chunk(fd, line);
	}
	standin_chunk(fd,
		"{\"errorDetail\":{\"message\":\"manifest unknown\"},"
		"\"error\":\"manifest unknown\"}\n");
	standin_write(fd, "0\r\n\r\n");
}

static void says_little_of_a_pull_and_tells_its_failure(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, serve_pull, "FROM a:12\n");
	assert_int_equal(build(&f), ERR_FAILED);
	assert_string_equal(
		f.err.msg, "pulling a:12: manifest unknown; is the tag in FROM right?");
	assert_string_equal(f.shown, "-----> Pulling a:12\n");
	finish(&f);
}

static void takes_names_of_images_apart(void **state)
{
	static const struct {
		const char *name, *repository, *tag;
	} cases[] = {
		{"debian", "debian", "latest"},
		{"debian:12", "debian", "12"},
		{"host:5000/a/b", "host:5000/a/b", "latest"},
		{"host:5000/a/b:1", "host:5000/a/b", "1"},
		{"alpine@sha256:ab", "alpine", "sha256:ab"},
		{"alpine:3@sha256:ab", "alpine", "sha256:ab"},
	};
	char repository[PULL_NAME_SIZE], tag[PULL_NAME_SIZE];
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			pull_split_name(cases[i].name, repository, tag, &err), 0);
		assert_string_equal(repository, cases[i].repository);
		assert_string_equal(tag, cases[i].tag);
	}
	assert_int_equal(pull_split_name("", repository, tag, &err), ERR_USAGE);
	assert_int_equal(pull_split_name("@sha256:1", repository, tag, &err), ERR_USAGE);
}

/* ---- a real Engine ---- */

static void remove_image(struct fixture *f)
{
	(void)engine_call(
		f->e, NULL, NULL, NULL, "DELETE", "/images/bardo-build-test:1?force=1");
}

static void builds_with(bool classic)
{
	struct fixture f;
	cJSON *reply = NULL;
	const cJSON *got;

	begin(&f, NULL, "FROM busybox\nRUN echo hello; echo $((6*7)) >&2\n");
	f.options.classic = classic;
	f.options.no_cache = true;
	if (build(&f))
		fail_msg("%s", f.err.msg);
	assert_contains(f.shown, "Step 1/");
	assert_contains(f.shown, ": FROM busybox");
	assert_contains(f.shown, ": RUN echo hello; echo $((6*7)) >&2\n");
	assert_contains(f.shown, "       hello\n");
	assert_contains(f.shown, "       42\n");
	assert_contains(f.shown, "       done in ");
	assert_int_equal(strncmp(f.image, "sha256:", 7), 0);
	assert_int_equal(engine_call(f.e, &reply, NULL, &f.err, "GET",
				 "/images/bardo-build-test:1/json"),
		0);
	assert_string_equal(
		cJSON_GetStringValue(cJSON_GetObjectItem(reply, "Id")), f.image);
	got = cJSON_GetObjectItem(
		cJSON_GetObjectItem(cJSON_GetObjectItem(reply, "Config"), "Labels"),
		"note");
	assert_string_equal(cJSON_GetStringValue(got), "a \"quoted\" & odd one");
	cJSON_Delete(reply);
	remove_image(&f);
	finish(&f);
}

static void builds_with_buildkit(void **state)
{
	(void)state;
	builds_with(false);
}

static void builds_with_the_classic_builder(void **state)
{
	(void)state;
	builds_with(true);
}

static void tells_which_step_failed_on_both_builders(void **state)
{
	(void)state;
	for (int classic = 0; classic < 2; classic++) {
		struct fixture f;

		begin(&f, NULL, "FROM busybox\nRUN echo cc: error; exit 3\n");
		f.options.classic = classic;
		assert_int_equal(build(&f), ERR_FAILED);
		assert_contains(f.shown, "       cc: error\n");
		assert_contains(f.err.msg, "step 2/");
		assert_contains(f.err.msg, "(RUN echo cc: error; exit 3) exited with 3");
		finish(&f);
	}
}

static void says_what_is_wrong_with_a_dockerfile(void **state)
{
	(void)state;
	for (int classic = 0; classic < 2; classic++) {
		struct fixture f;

		begin(&f, NULL, "FROM busybox\nFOO bar\n");
		f.options.classic = classic;
		assert_int_equal(build(&f), ERR_FAILED);
		assert_contains(f.err.msg, "unknown instruction: FOO");
		assert_null(strstr(f.err.msg, "failed to solve"));
		finish(&f);
	}
}

static void stops_the_build_on_the_engine_too(void **state)
{
	struct fixture f;
	int64_t began = clock_monotonic_ms();

	(void)state;
	begin(&f, NULL, "FROM busybox\nRUN sleep 300\n");
	f.options.timeout = 2000;
	f.options.no_cache = true;
	assert_int_equal(build(&f), ERR_FAILED);
	assert_contains(f.err.msg, "took longer than 2 s (build.timeout)");
	assert_true(clock_monotonic_ms() - began < 30000);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(falls_back_to_the_classic_builder),
		cmocka_unit_test(asks_for_the_image_that_no_line_named),
		cmocka_unit_test(says_that_the_engine_closed_half_way),
		cmocka_unit_test(says_that_the_engine_closed_while_the_context_was_sent),
		cmocka_unit_test(ends_a_build_that_takes_too_long),
		cmocka_unit_test(says_that_the_servers_disk_is_full),
		cmocka_unit_test(gives_the_reason_of_the_source),
		cmocka_unit_test(says_that_a_dockerfile_has_no_from),
		cmocka_unit_test(names_the_image_that_can_not_be_pulled),
		cmocka_unit_test(says_little_of_a_pull_and_tells_its_failure),
		cmocka_unit_test(takes_names_of_images_apart),
		cmocka_unit_test(builds_with_buildkit),
		cmocka_unit_test(builds_with_the_classic_builder),
		cmocka_unit_test(tells_which_step_failed_on_both_builders),
		cmocka_unit_test(says_what_is_wrong_with_a_dockerfile),
		cmocka_unit_test(stops_the_build_on_the_engine_too),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
