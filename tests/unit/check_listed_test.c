/* The checks of app.json: a container of a real Engine ($BARDO_TEST_ENGINE, which has the
 * image `busybox`), and a web server that stands in for what it serves. */
#include "builder/check/check.h"

#include "builder/engine/engine.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "tests/support/web.h"

#include <cjson/cJSON.h>
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

#define PAGE "All is well here.\nAnd here."

#define assert_contains(text, part)                                                      \
	do {                                                                             \
		if (!strstr((text), (part)))                                             \
			fail_msg("\"%s\" has no \"%s\"", (text), (part));                \
	} while (0)

struct world {
	struct engine *e;
	struct web *web;
	char name[64];
	int64_t timeout; /* of a check that names no times */
	bool liveness;
	struct mask *mask;
	struct check_failure failure;
	struct err err;
	char said[4096];
};

static void start_container(struct world *w, const char *script)
{
	cJSON *body = cJSON_Parse("{\"Image\":\"busybox\"}"), *command;

	command = cJSON_AddArrayToObject(body, "Cmd");
	(void)cJSON_AddItemToArray(command, cJSON_CreateString("sh"));
	(void)cJSON_AddItemToArray(command, cJSON_CreateString("-c"));
	(void)cJSON_AddItemToArray(command, cJSON_CreateString(script));
	(void)snprintf(w->name, sizeof(w->name), "bardo-listed-test-%d", (int)getpid());
	if (engine_call(w->e, NULL, body, &w->err, "POST", "/containers/create?name=%s",
		    w->name) ||
		engine_call(w->e, NULL, NULL, &w->err, "POST", "/containers/%s/start",
			w->name))
		fail_msg("%s", w->err.msg);
	cJSON_Delete(body);
}

static void remove_container(struct world *w)
{
	(void)engine_call(
		w->e, NULL, NULL, NULL, "DELETE", "/containers/%s?force=1&v=1", w->name);
}

static int world_setup(void **state)
{
	const char *host = getenv("BARDO_TEST_ENGINE");
	struct world *w = calloc(1, sizeof(*w));

	*state = w;
	if (!host)
		return 0;
	assert_int_equal(engine_open(&w->e, host, &w->err), 0);
	w->timeout = 1000;
	w->web = web_start("127.0.0.1", 0, PAGE);
	assert_non_null(w->web);
	start_container(w, "sleep 1000");
	return 0;
}

static int world_teardown(void **state)
{
	struct world *w = *state;

	if (w->e) {
		remove_container(w);
		engine_close(w->e);
		web_stop(w->web);
	}
	free(w);
	return 0;
}

static void read_said(struct world *w, int fd)
{
	struct buf b;

	buf_init(&b, sizeof(w->said) - 1);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(fd, &b, &w->err), 0);
	(void)snprintf(w->said, sizeof(w->said), "%s", buf_text(&b));
	buf_finish(&b);
	(void)close(fd);
}

/* Without an Engine the test is skipped, which never returns here. */
static int check(struct world *w, const char *listed)
{
	char path[] = "/tmp/bardo-listed-XXXXXX";
	cJSON *json = cJSON_Parse(listed);
	struct check_options o = {
		.container = w->name,
		.address = "127.0.0.1",
		.listed = json,
		.timeout = w->timeout,
		.stay_up = 2000,
		.mask = w->mask,
	};
	struct say say;
	int fd, rc;

	if (!w->e) {
		cJSON_Delete(json);
		skip();
	}
	assert_non_null(json);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	(void)unlink(path);
	o.port = web_port(w->web);
	o.say = &say;
	o.tell_all = true;
	o.liveness = w->liveness;
	say_init(&say, fd);
	w->err = (struct err){0};
	rc = check_container(w->e, &o, &w->failure, &w->err);
	say_finish(&say);
	read_said(w, fd);
	cJSON_Delete(json);
	return rc;
}

static void passes(struct world *w, const char *listed)
{
	if (check(w, listed))
		fail_msg("%s", w->err.msg);
}

static void fails(struct world *w, const char *listed)
{
	assert_int_equal(check(w, listed), ERR_FAILED);
}

static void passes_a_page_that_answers(void **state)
{
	struct world *w = *state;
	int64_t began = clock_monotonic_ms();

	passes(w, "[{\"type\":\"startup\",\"name\":\"home\",\"path\":\"/\"}]");
	assert_contains(w->said, "Healthcheck succeeded name='home'");
	assert_true(clock_monotonic_ms() - began < 5000);
	passes(w, "[{\"type\":\"startup\",\"path\":\"/status/302\"}]");
	passes(w, "[{\"path\":\"a b/\xc3\xa4\"}]");
}

static void tells_what_a_page_answered(void **state)
{
	struct world *w = *state;

	fails(w, "[{\"type\":\"startup\",\"path\":\"/status/503\"}]");
	assert_string_equal(w->err.msg, "/status/503 answered 503 (tried for 1 s)");
	assert_contains(w->failure.probed, "GET http://127.0.0.1:");
	assert_string_equal(w->failure.answer, "503 Not So: All is well here.");
	fails(w, "[{\"type\":\"startup\",\"path\":\"/status/404\"}]");
}

static void asks_again_until_it_answers(void **state)
{
	struct world *w = *state;
	int64_t began = clock_monotonic_ms();

	/* Waiting for 20 s would be Dokku's way. */
	passes(w, "[{\"type\":\"startup\",\"path\":\"/after/3\",\"wait\":20}]");
	assert_true(clock_monotonic_ms() - began < 10000);
}

static void tries_for_as_long_as_its_times_come_to(void **state)
{
	struct world *w = *state;
	int64_t began = clock_monotonic_ms();

	fails(w, "[{\"path\":\"/status/500\",\"attempts\":1,\"timeout\":1,\"wait\":1}]");
	assert_contains(w->err.msg, "(tried for 2 s)");
	assert_true(clock_monotonic_ms() - began >= 2000);
}

/* Some ten times in two seconds, most of them in the first half. */
static void tries_less_and_less_often(void **state)
{
	struct world *w = *state;

	fails(w, "[{\"path\":\"/after/40\",\"attempts\":1,\"timeout\":1,\"wait\":1}]");
	/* The server has counted what was asked before, too. */
	passes(w, "[{\"path\":\"/after/10\",\"attempts\":1,\"timeout\":1,\"wait\":1}]");
}

static void wants_the_content(void **state)
{
	struct world *w = *state;

	passes(w, "[{\"path\":\"/\",\"content\":\"well here\"}]");
	fails(w, "[{\"path\":\"/\",\"content\":\"ill\"}]");
	assert_string_equal(w->err.msg, "/ answered 200 without \"ill\" (tried for 1 s)");
}

static void sends_the_headers(void **state)
{
	struct world *w = *state;

	passes(w,
		"[{\"path\":\"/head\",\"content\":\"\\r\\nHost: shop.example\\r\\n\","
		"\"httpHeaders\":[{\"name\":\"Host\",\"value\":\"shop.example\"},"
		"{\"name\":\"X-Empty\",\"value\":\"\"}]}]");
	passes(w,
		"[{\"path\":\"/head\",\"content\":\"X-Empty:\",\"httpHeaders\":"
		"[{\"name\":\"X-Empty\",\"value\":\"\"}]}]");
	passes(w, "[{\"path\":\"/head\",\"content\":\"Host: 127.0.0.1:\"}]");
}

static void gives_up_on_an_answer_that_does_not_come(void **state)
{
	struct world *w = *state;

	w->timeout = 3000;
	fails(w, "[{\"path\":\"/slow/8000\",\"attempts\":1,\"timeout\":1,\"wait\":1}]");
	w->timeout = 1000;
	assert_contains(w->err.msg, "no answer within its timeout (tried for 2 s)");
}

static void masks_what_is_answered(void **state)
{
	struct world *w = *state;

	assert_int_equal(mask_create(&w->mask, &w->err), 0);
	assert_int_equal(mask_add(w->mask, "All is well", &w->err), 0);
	assert_int_equal(mask_ready(w->mask, &w->err), 0);
	fails(w, "[{\"path\":\"/status/503\"}]");
	mask_destroy(w->mask);
	w->mask = NULL;
	assert_string_equal(w->failure.answer, "503 Not So: ******** here.");
}

static void connects_where_listening_is_asked(void **state)
{
	struct world *w = *state;

	passes(w, "[{\"listening\":true}]");
	assert_contains(w->failure.probed, "TCP 127.0.0.1:");
	fails(w, "[{\"listening\":true,\"port\":1}]");
	assert_string_equal(
		w->err.msg, "nothing accepts connections on port 1 after 1 s");
	fails(w, "[{\"path\":\"/x\",\"port\":1}]");
	assert_contains(w->err.msg, "/x on port 1: Connection refused");
}

static void runs_commands_in_the_container(void **state)
{
	struct world *w = *state;

	w->timeout = 5000;
	passes(w, "[{\"command\":[\"test\",\"-d\",\"/tmp\"]}]");
	w->timeout = 1000;
	fails(w,
		"[{\"name\":\"database\",\"command\":"
		"[\"sh\",\"-c\",\"echo no database; exit 7\"],\"attempts\":1,"
		"\"timeout\":2,\"wait\":1}]");
	assert_string_equal(w->failure.name, "database");
	assert_contains(w->err.msg, "exit 7: exit code 7: no database (tried for 3 s)");
	fails(w, "[{\"command\":[\"/nope\"],\"attempts\":9}]");
	assert_string_equal(w->err.msg, "/nope can't be run in this image");
}

static void waits_for_the_uptime(void **state)
{
	struct world *w = *state;

	passes(w, "[{\"uptime\":1}]");
	passes(w, "[{}]");
	remove_container(w);
	start_container(w, "sleep 0.5; exit 3");
	fails(w, "[{\"uptime\":30}]");
	assert_contains(w->err.msg, "exited with 3 after 0.");
	remove_container(w);
	start_container(w, "sleep 1000");
}

static void ends_when_the_container_does(void **state)
{
	struct world *w = *state;
	int64_t began = clock_monotonic_ms();

	if (!w->e)
		skip();
	remove_container(w);
	start_container(w, "sleep 1; exit 4");
	fails(w, "[{\"path\":\"/slow/9000\",\"timeout\":40,\"warn\":true}]");
	assert_contains(w->err.msg, "exited with 4");
	assert_true(clock_monotonic_ms() - began < 20000);
	remove_container(w);
	start_container(w, "sleep 1000");
}

static void all_must_pass(void **state)
{
	struct world *w = *state;

	fails(w, "[{\"path\":\"/\"},{\"type\":\"readiness\",\"path\":\"/status/500\"}]");
	assert_contains(w->said, "Healthcheck succeeded name='GET http://127.0.0.1");
	assert_contains(w->err.msg, "/status/500 answered 500");
}

static void one_that_warns_fails_nothing(void **state)
{
	struct world *w = *state;

	passes(w,
		"[{\"name\":\"rates\",\"path\":\"/status/500\",\"warn\":true},"
		"{\"path\":\"/\"}]");
	assert_contains(w->said,
		" !     Only a warning: the check rates failed: "
		"/status/500 answered 500");
}

/* Without others the port is asked, as if there were none. */
static void asks_liveness_apart_from_the_others(void **state)
{
	struct world *w = *state;

	w->liveness = true;
	passes(w, "[{\"path\":\"/status/500\"},{\"type\":\"liveness\",\"path\":\"/\"}]");
	assert_contains(w->said, "succeeded name='GET http://127.0.0.1");
	fails(w, "[{\"type\":\"liveness\",\"path\":\"/status/500\"}]");
	/* One that isn't due yet is not waited for. */
	passes(w,
		"[{\"type\":\"liveness\",\"path\":\"/status/500\","
		"\"initialDelay\":80000}]");
	w->liveness = false;

	passes(w, "[{\"type\":\"liveness\",\"path\":\"/status/500\"}]");
	assert_contains(w->failure.probed, "TCP");
}

static void rests_before_the_first_try(void **state)
{
	struct world *w = *state;
	int64_t began = clock_monotonic_ms();

	if (!w->e)
		skip();
	remove_container(w);
	start_container(w, "sleep 1000");
	passes(w, "[{\"path\":\"/\",\"initialDelay\":2}]");
	assert_true(clock_monotonic_ms() - began >= 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_a_page_that_answers),
		cmocka_unit_test(tells_what_a_page_answered),
		cmocka_unit_test(asks_again_until_it_answers),
		cmocka_unit_test(tries_for_as_long_as_its_times_come_to),
		cmocka_unit_test(tries_less_and_less_often),
		cmocka_unit_test(wants_the_content),
		cmocka_unit_test(sends_the_headers),
		cmocka_unit_test(gives_up_on_an_answer_that_does_not_come),
		cmocka_unit_test(masks_what_is_answered),
		cmocka_unit_test(connects_where_listening_is_asked),
		cmocka_unit_test(runs_commands_in_the_container),
		cmocka_unit_test(waits_for_the_uptime),
		cmocka_unit_test(ends_when_the_container_does),
		cmocka_unit_test(all_must_pass),
		cmocka_unit_test(one_that_warns_fails_nothing),
		cmocka_unit_test(asks_liveness_apart_from_the_others),
		cmocka_unit_test(rests_before_the_first_try),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
