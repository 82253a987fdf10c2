#include "config/door.h"

#include "config/base/err.h"
#include "config/base/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* Encodes r as its asker would, and decodes that with so many descriptors beside it. */
static int pass(struct message *m, const struct door_request *r, size_t fds_len,
	struct door_request *out)
{
	int rc;

	message_init(m);
	assert_int_equal(door_encode(m, r, NULL), 0);
	for (size_t i = 0; i < fds_len; i++)
		m->fds[i] = -1;
	m->fds_len = fds_len;
	rc = door_decode(out, m, NULL);
	return rc;
}

static void carries_a_login(void **state)
{
	struct door_request r;
	struct message m;

	(void)state;
	assert_int_equal(pass(&m,
				 &(struct door_request){
					 .kind = DOOR_LOGIN, .fingerprint = "SHA256:abc"},
				 0, &r),
		0);
	assert_int_equal(r.kind, DOOR_LOGIN);
	assert_string_equal(r.fingerprint, "SHA256:abc");
	message_finish(&m);
}

static void carries_a_run_with_all_that_belongs_to_it(void **state)
{
	struct door_request asked = {
		.kind = DOOR_RUN,
		.id = UINT32_MAX,
		.peer = "[2001:db8::1]:22",
		.local = "2001:db8::2",
		.tty = true,
		.command = "git-receive-pack 'shop'",
		.env = {"LANG=C", "GIT_PROTOCOL=version=2"},
		.env_len = 2,
	};
	struct door_request r;
	struct message m;

	(void)state;
	assert_int_equal(pass(&m, &asked, DOOR_FDS, &r), 0);
	assert_int_equal(r.kind, DOOR_RUN);
	assert_int_equal(r.id, UINT32_MAX);
	assert_string_equal(r.peer, asked.peer);
	assert_string_equal(r.local, asked.local);
	assert_true(r.tty);
	assert_string_equal(r.command, asked.command);
	assert_int_equal(r.env_len, 2);
	assert_string_equal(r.env[1], "GIT_PROTOCOL=version=2");
	message_finish(&m);
}

static void carries_an_empty_command(void **state)
{
	struct door_request asked = {
		.kind = DOOR_RUN, .peer = "p", .local = "l", .command = ""};
	struct door_request r;
	struct message m;

	(void)state;
	assert_int_equal(pass(&m, &asked, DOOR_FDS, &r), 0);
	assert_string_equal(r.command, "");
	assert_false(r.tty);
	message_finish(&m);
}

static void carries_the_short_ones(void **state)
{
	struct door_request r;
	struct message m;

	(void)state;
	assert_int_equal(pass(&m,
				 &(struct door_request){
					 .kind = DOOR_SIGNAL, .id = 7, .signal = "INT"},
				 0, &r),
		0);
	assert_int_equal(r.id, 7);
	assert_string_equal(r.signal, "INT");
	message_finish(&m);
	assert_int_equal(
		pass(&m, &(struct door_request){.kind = DOOR_HANGUP, .id = 8}, 0, &r), 0);
	assert_int_equal(r.kind, DOOR_HANGUP);
	assert_int_equal(r.id, 8);
	message_finish(&m);
	assert_int_equal(
		pass(&m, &(struct door_request){.kind = DOOR_JOB, .command = "reconcile"},
			0, &r),
		0);
	assert_string_equal(r.command, "reconcile");
	message_finish(&m);
	assert_int_equal(pass(&m, &(struct door_request){.kind = DOOR_PROXY}, 0, &r), 0);
	assert_int_equal(r.kind, DOOR_PROXY);
	message_finish(&m);
	assert_int_equal(pass(&m,
				 &(struct door_request){
					 .kind = DOOR_FRONT, .action = DOOR_FRONT_TEST},
				 DOOR_FRONT_FDS, &r),
		0);
	assert_string_equal(r.action, DOOR_FRONT_TEST);
	message_finish(&m);
}

static void refuses_a_wrong_number_of_descriptors(void **state)
{
	struct door_request run = {
		.kind = DOOR_RUN, .peer = "p", .local = "l", .command = ""};
	struct door_request login = {.kind = DOOR_LOGIN, .fingerprint = "f"};
	struct door_request r;
	struct message m;

	(void)state;
	assert_int_equal(pass(&m, &run, DOOR_FDS - 1, &r), ERR_USAGE);
	message_finish(&m);
	assert_int_equal(pass(&m, &run, 0, &r), ERR_USAGE);
	message_finish(&m);
	assert_int_equal(pass(&m, &login, 1, &r), ERR_USAGE);
	message_finish(&m);
}

/* Fields as a stranger might write them, each ended by the next NULL. */
static int decode(const char *const *fields, size_t fds_len)
{
	struct door_request r;
	struct message m;
	int rc;

	message_init(&m);
	for (; *fields; fields++)
		assert_int_equal(message_add(&m, *fields, NULL), 0);
	for (size_t i = 0; i < fds_len; i++)
		m.fds[i] = -1;
	m.fds_len = fds_len;
	rc = door_decode(&r, &m, NULL);
	message_finish(&m);
	return rc;
}

static void refuses_what_it_would_not_have_written(void **state)
{
	static const struct {
		const char *const fields[10];
		size_t fds;
	} bad[] = {
		{{NULL}, 0},
		{{"", NULL}, 0},
		{{"logi", NULL}, 0},
		{{"LOGIN", "f", NULL}, 0},
		{{"login", NULL}, 0},
		{{"login", "f", "g", NULL}, 0},
		{{"run", "1", "p", "l", "0", NULL}, DOOR_FDS},
		{{"run", "-1", "p", "l", "0", "c", NULL}, DOOR_FDS},
		{{"run", "4294967296", "p", "l", "0", "c", NULL}, DOOR_FDS},
		{{"run", " 1", "p", "l", "0", "c", NULL}, DOOR_FDS},
		{{"run", "x", "p", "l", "0", "c", NULL}, DOOR_FDS},
		{{"run", "", "p", "l", "0", "c", NULL}, DOOR_FDS},
		{{"run", "1", "p", "l", "2", "c", NULL}, DOOR_FDS},
		{{"run", "1", "p", "l", "", "c", NULL}, DOOR_FDS},
		{{"run", "1", "p", "l", "0", "c", "NOVALUE", NULL}, DOOR_FDS},
		{{"signal", "1", NULL}, 0},
		{{"hangup", NULL}, 0},
		{{"hangup", "1", "2", NULL}, 0},
		{{"job", NULL}, 0},
		{{"job", "a", "b", NULL}, 0},
		{{"proxy", "now", NULL}, 0},
		{{"front", "test", NULL}, 0},
		{{"front", NULL}, DOOR_FRONT_FDS},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decode(bad[i].fields, bad[i].fds), ERR_USAGE);
}

static void refuses_too_long_an_environment(void **state)
{
	struct door_request asked = {
		.kind = DOOR_RUN,
		.peer = "p",
		.local = "l",
		.command = "",
		.env_len = DOOR_ENV_MAX + 1,
	};
	struct message m;

	(void)state;
	for (size_t i = 0; i < DOOR_ENV_MAX; i++)
		asked.env[i] = "A=b";
	message_init(&m);
	assert_int_equal(door_encode(&m, &asked, NULL), ERR_USAGE);
	message_finish(&m);
}

static void says_how_large_a_command_may_be(void **state)
{
	char *command = calloc(1, MESSAGE_MAX + 1);
	struct door_request asked = {
		.kind = DOOR_RUN, .peer = "p", .local = "l", .command = command};
	struct message m;
	struct err e = {0};

	(void)state;
	assert_non_null(command);
	memset(command, 'x', MESSAGE_MAX);
	message_init(&m);
	assert_int_equal(door_encode(&m, &asked, &e), ERR_USAGE);
	assert_non_null(strstr(e.msg, "128 KiB"));
	message_finish(&m);
	free(command);
}

static void asks_the_server_for_a_job(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/bardo-door-XXXXXX";
	struct door_request r;
	struct message m;
	int sock, asker;

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/door", folder);
	assert_int_equal(door_job(a.sun_path, "reconcile", NULL), ERR_AWAY);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(sock, 1), 0);
	assert_int_equal(door_job(a.sun_path, "lives:settle shop 3", NULL), 0);
	asker = accept(sock, NULL, NULL);
	message_init(&m);
	assert_int_equal(message_receive(asker, &m, NULL), 0);
	assert_int_equal(door_decode(&r, &m, NULL), 0);
	assert_int_equal(r.kind, DOOR_JOB);
	assert_string_equal(r.command, "lives:settle shop 3");
	message_finish(&m);
	(void)close(asker);
	(void)close(sock);
	assert_int_equal(door_start_proxy(a.sun_path, NULL), ERR_AWAY);
	(void)unlink(a.sun_path);
	(void)rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries_a_login),
		cmocka_unit_test(carries_a_run_with_all_that_belongs_to_it),
		cmocka_unit_test(carries_an_empty_command),
		cmocka_unit_test(carries_the_short_ones),
		cmocka_unit_test(refuses_a_wrong_number_of_descriptors),
		cmocka_unit_test(refuses_what_it_would_not_have_written),
		cmocka_unit_test(refuses_too_long_an_environment),
		cmocka_unit_test(says_how_large_a_command_may_be),
		cmocka_unit_test(asks_the_server_for_a_job),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
