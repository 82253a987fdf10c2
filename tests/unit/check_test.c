/* Proving that a container works: on a real Engine ($BARDO_TEST_ENGINE, which has the
 * image `busybox`), and what can be told without one. */
#include "builder/check/check.h"

#include "builder/check/ports.h"
#include "builder/check/state.h"
#include "builder/engine/engine.h"
#include "builder/say.h"
#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"

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

#define assert_contains(text, part)                                                      \
	do {                                                                             \
		if (!strstr((text), (part)))                                             \
			fail_msg("\"%s\" has no \"%s\"", (text), (part));                \
	} while (0)

/* ---- without an Engine ---- */

#define TCP_HEADING "  sl  local_address rem_address   st tx_queue rx_queue\n"
#define ENTRY(address, port, state)                                                      \
	"   0: " address ":" port " 00000000:0000 " state                                \
	" 00000000:00000000 00:00000000\n"

static void hints(const char *text, int expected, const char *words)
{
	struct check_ports ports = {0};
	char hint[512] = "";

	check_ports_parse(&ports, text);
	check_ports_hint(&ports, expected, hint, sizeof(hint));
	assert_contains(hint, words);
}

static void names_the_port_that_is_listened_on(void **state)
{
	(void)state;
	hints(TCP_HEADING ENTRY("00000000", "1F91", "0A"), 5000,
		"it listens on port 8081: let it listen on $PORT (5000), or write EXPOSE "
		"8081 into the Dockerfile");
	hints(TCP_HEADING ENTRY("00000000", "1F91", "0A") ENTRY("00000000", "1F92", "0A"),
		5000, "it listens on ports 8081, 8082: let it listen on $PORT (5000)");
	hints(TCP_HEADING ENTRY("00000000000000000000000000000000", "1F91", "0A"), 5000,
		"it listens on port 8081");
}

static void tells_who_listens_on_loopback_only(void **state)
{
	(void)state;
	hints(TCP_HEADING ENTRY("0100007F", "1388", "0A"), 5000,
		"it listens on 127.0.0.1:5000 only: bind to 0.0.0.0");
	hints(TCP_HEADING ENTRY("0000000000000000FFFF00000100007F", "1388", "0A"), 5000,
		"127.0.0.1:5000 only");
	hints(TCP_HEADING ENTRY("00000000000000000000000001000000", "1388", "0A"), 5000,
		"127.0.0.1:5000 only");
	hints(TCP_HEADING ENTRY("0100007F", "1F91", "0A"), 5000,
		"it listens on 127.0.0.1:8081 only: bind to 0.0.0.0, on $PORT (5000)");
}

static void counts_neither_connections_nor_dockers_resolver(void **state)
{
	(void)state;
	hints(TCP_HEADING ENTRY("00000000", "1F91", "01"), 5000, "no port at all");
	hints(TCP_HEADING ENTRY("0B00007F", "A2C5", "0A"), 5000, "no port at all");
	hints("", 5000, "no port at all");
	hints("garbage\nmore: garbage\n", 5000, "no port at all");
}

static void reads_the_engines_times(void **state)
{
	(void)state;
	assert_int_equal(check_state_time("1970-01-01T00:00:01.5Z"), 1500);
	assert_int_equal(
		check_state_time("2026-11-21T02:13:49.812637688Z"), 1795227229812);
	assert_int_equal(check_state_time("0001-01-01T00:00:00Z"), 0);
	assert_int_equal(check_state_time("never"), 0);
}

/* ---- with one ---- */

struct fixture {
	struct engine *e;
	char name[64];
	char address[64];
	struct check_options options;
	struct check_failure failure;
	struct err err;
};

/* Without an Engine the test is skipped, which never returns here. */
static void begin(struct fixture *f, const char *label)
{
	const char *host = getenv("BARDO_TEST_ENGINE");

	*f = (struct fixture){0};
	if (!host)
		skip();
	assert_int_equal(engine_open(&f->e, host, &f->err), 0);
	(void)snprintf(
		f->name, sizeof(f->name), "bardo-check-test-%d-%s", (int)getpid(), label);
}

/* extra is JSON of further members: "\"Healthcheck\":{…}". */
static void create(struct fixture *f, const char *script, const char *extra)
{
	cJSON *body, *reply = NULL, *command;
	char text[2048];

	(void)snprintf(text, sizeof(text), "{\"Image\":\"busybox\"%s%s}",
		extra[0] ? "," : "", extra);
	body = cJSON_Parse(text);
	assert_non_null(body);
	command = cJSON_AddArrayToObject(body, "Cmd");
	(void)cJSON_AddItemToArray(command, cJSON_CreateString("sh"));
	(void)cJSON_AddItemToArray(command, cJSON_CreateString("-c"));
	(void)cJSON_AddItemToArray(command, cJSON_CreateString(script));
	if (engine_call(f->e, NULL, body, &f->err, "POST", "/containers/create?name=%s",
		    f->name) ||
		engine_call(f->e, NULL, NULL, &f->err, "POST", "/containers/%s/start",
			f->name) ||
		engine_call(f->e, &reply, NULL, &f->err, "GET", "/containers/%s/json",
			f->name))
		fail_msg("%s", f->err.msg);
	reply = reply ? reply : cJSON_CreateObject();
	(void)snprintf(f->address, sizeof(f->address), "%s",
		cJSON_GetStringValue(cJSON_GetObjectItem(
			cJSON_GetObjectItem(
				cJSON_GetObjectItem(
					cJSON_GetObjectItem(reply, "NetworkSettings"),
					"Networks"),
				"bridge"),
			"IPAddress")));
	cJSON_Delete(reply);
	cJSON_Delete(body);
}

static int check(struct fixture *f, int port, int64_t timeout)
{
	f->options = (struct check_options){.container = f->name,
		.address = f->address,
		.port = port,
		.timeout = timeout,
		.stay_up = 2000};
	return check_container(f->e, &f->options, &f->failure, &f->err);
}

static void finish(struct fixture *f)
{
	(void)engine_call(
		f->e, NULL, NULL, NULL, "DELETE", "/containers/%s?force=1&v=1", f->name);
	engine_close(f->e);
}

/* What the card says, as one text. */
static void read_card(struct fixture *f, char *out, size_t size)
{
	char path[] = "/tmp/bardo-card-XXXXXX";
	int fd = mkstemp(path);
	struct say say;
	struct buf b;

	assert_true(fd >= 0);
	(void)unlink(path);
	say_init(&say, fd);
	check_card(f->e, &f->options, &f->failure, &say);
	say_finish(&say);
	buf_init(&b, 1024 * 1024);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(fd, &b, &f->err), 0);
	(void)snprintf(out, size, "%s", buf_text(&b));
	buf_finish(&b);
	(void)close(fd);
}

static void passes_as_soon_as_the_port_accepts(void **state)
{
	struct fixture f;
	int64_t began;

	(void)state;
	begin(&f, "port");
	create(&f, "sleep 0.3; exec httpd -f -p 5000", "");
	began = clock_monotonic_ms();
	if (check(&f, 5000, 20000))
		fail_msg("%s", f.err.msg);
	assert_true(clock_monotonic_ms() - began < 10000);
	finish(&f);
}

static void tells_how_the_program_ended(void **state)
{
	struct fixture f;
	char card[4096];
	int64_t began;

	(void)state;
	begin(&f, "exit");
	create(&f, "echo starting; echo oops >&2; sleep 0.2; exit 3", "");
	began = clock_monotonic_ms();
	assert_int_equal(check(&f, 5000, 60000), ERR_FAILED);
	/* The event ends the wait, not the timeout. */
	assert_true(clock_monotonic_ms() - began < 20000);
	assert_contains(f.err.msg, "exited with 3 after 0.");
	assert_true(f.failure.exited);
	assert_int_equal(f.failure.exit_code, 3);
	read_card(&f, card, sizeof(card));
	assert_contains(card, " !     Exit code: 3\n");
	assert_contains(card, "       starting\n");
	assert_contains(card, "       oops\n");
	finish(&f);
}

static void tells_of_a_program_that_ended_before_the_check(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "early");
	create(&f, "exit 127", "");
	/* Until it has ended. */
	assert_int_equal(engine_call(f.e, NULL, NULL, &f.err, "POST",
				 "/containers/%s/wait", f.name),
		0);
	assert_int_equal(check(&f, 0, 20000), ERR_FAILED);
	assert_contains(f.err.msg, "exited with 127");
	assert_contains(f.failure.hint, "not found in the image");
	finish(&f);
}

static void tells_that_memory_ran_out(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "memory");
	create(&f, "sleep 0.2; a=x; while true; do a=$a$a; done",
		"\"HostConfig\":{\"Memory\":16777216,\"MemorySwap\":16777216}");
	assert_int_equal(check(&f, 5000, 60000), ERR_FAILED);
	assert_true(f.failure.out_of_memory);
	assert_contains(f.err.msg, "killed for want of memory");
	finish(&f);
}

static void hints_at_the_port_that_it_listens_on(void **state)
{
	struct fixture f;
	char card[4096];

	(void)state;
	begin(&f, "wrong");
	create(&f, "exec httpd -f -p 8081", "");
	assert_int_equal(check(&f, 5000, 1000), ERR_FAILED);
	assert_string_equal(
		f.err.msg, "nothing accepts connections on port 5000 after 1 s");
	assert_string_equal(f.failure.answer, "Connection refused");
	assert_contains(f.failure.probed, "TCP 1");
	assert_contains(f.failure.hint, "it listens on port 8081");
	read_card(&f, card, sizeof(card));
	assert_contains(card, " !     It has written nothing.\n");
	assert_contains(card, " !     Hint: it listens on port 8081");
	finish(&f);
}

static void hints_at_loopback(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "loopback");
	create(&f, "exec httpd -f -p 127.0.0.1:5000", "");
	assert_int_equal(check(&f, 5000, 1000), ERR_FAILED);
	assert_contains(f.failure.hint, "127.0.0.1:5000 only: bind to 0.0.0.0");
	finish(&f);
}

static void passes_what_stays_up_when_there_is_no_port(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "stay");
	create(&f, "sleep 100", "");
	assert_int_equal(check(&f, 0, 60000), 0);
	finish(&f);
}

static void fails_what_does_not_stay_up(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "fall");
	create(&f, "sleep 0.3", "");
	assert_int_equal(check(&f, 0, 60000), ERR_FAILED);
	assert_contains(f.err.msg, "exited with 0 after");
	assert_contains(f.failure.hint, "must stay in the foreground");
	finish(&f);
}

#define HEALTH(test) "\"Healthcheck\":{\"Test\":" test "}"

static void asks_the_healthcheck_until_it_passes(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "health");
	create(&f, "sleep 0.4; touch /tmp/ok; sleep 100",
		HEALTH("[\"CMD-SHELL\",\"test -e /tmp/ok\"]"));
	if (check(&f, 5000, 60000))
		fail_msg("%s", f.err.msg);
	finish(&f);
}

static void tells_what_the_healthcheck_answered(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "sick");
	create(&f, "sleep 100",
		HEALTH("[\"CMD\",\"sh\",\"-c\",\"echo no database; exit 7\"]"));
	assert_int_equal(check(&f, 5000, 2000), ERR_FAILED);
	assert_string_equal(f.err.msg, "its HEALTHCHECK still fails after 2 s");
	assert_string_equal(
		f.failure.probed, "HEALTHCHECK sh -c echo no database; exit 7");
	assert_string_equal(f.failure.answer, "exit code 7: no database");
	finish(&f);
}

static void fails_a_healthcheck_that_is_not_in_the_image(void **state)
{
	struct fixture f;
	int64_t began;

	(void)state;
	begin(&f, "noprobe");
	create(&f, "sleep 100", HEALTH("[\"CMD\",\"/nope\"]"));
	began = clock_monotonic_ms();
	assert_int_equal(check(&f, 5000, 60000), ERR_FAILED);
	assert_true(clock_monotonic_ms() - began < 20000);
	assert_string_equal(f.err.msg, "its HEALTHCHECK can't be run in this image");
	finish(&f);
}

static void ends_a_healthcheck_that_hangs(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "hang");
	create(&f, "sleep 100",
		"\"Healthcheck\":{\"Test\":[\"CMD\",\"sleep\",\"50\"],"
		"\"Timeout\":200000000}");
	assert_int_equal(check(&f, 5000, 2000), ERR_FAILED);
	assert_string_equal(f.failure.answer, "no end within its timeout");
	finish(&f);
}

static void tells_a_death_during_a_healthcheck(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "died");
	create(&f, "sleep 1; exit 5", HEALTH("[\"CMD\",\"sleep\",\"50\"]"));
	assert_int_equal(check(&f, 5000, 60000), ERR_FAILED);
	assert_contains(f.err.msg, "exited with 5 after");
	finish(&f);
}

static void connects_where_the_healthcheck_is_none(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "none");
	create(&f, "exec httpd -f -p 5000", HEALTH("[\"NONE\"]"));
	if (check(&f, 5000, 20000))
		fail_msg("%s", f.err.msg);
	assert_contains(f.failure.probed, "TCP");
	finish(&f);
}

static void names_a_container_that_is_not_there(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, "missing");
	assert_int_equal(check(&f, 5000, 1000), ERR_NOTFOUND);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_port_that_is_listened_on),
		cmocka_unit_test(tells_who_listens_on_loopback_only),
		cmocka_unit_test(counts_neither_connections_nor_dockers_resolver),
		cmocka_unit_test(reads_the_engines_times),
		cmocka_unit_test(passes_as_soon_as_the_port_accepts),
		cmocka_unit_test(tells_how_the_program_ended),
		cmocka_unit_test(tells_of_a_program_that_ended_before_the_check),
		cmocka_unit_test(tells_that_memory_ran_out),
		cmocka_unit_test(hints_at_the_port_that_it_listens_on),
		cmocka_unit_test(hints_at_loopback),
		cmocka_unit_test(passes_what_stays_up_when_there_is_no_port),
		cmocka_unit_test(fails_what_does_not_stay_up),
		cmocka_unit_test(asks_the_healthcheck_until_it_passes),
		cmocka_unit_test(tells_what_the_healthcheck_answered),
		cmocka_unit_test(fails_a_healthcheck_that_is_not_in_the_image),
		cmocka_unit_test(ends_a_healthcheck_that_hangs),
		cmocka_unit_test(tells_a_death_during_a_healthcheck),
		cmocka_unit_test(connects_where_the_healthcheck_is_none),
		cmocka_unit_test(names_a_container_that_is_not_there),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
