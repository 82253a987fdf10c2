#include "config/settings.h"

#include "config/base/err.h"
#include "config/base/io.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file with that text; the test's state is its path. */
static int load(void **state, struct settings *s, const char *text, struct err *err)
{
	assert_int_equal(io_replace_file(*state, 0600, text, strlen(text), NULL), 0);
	return settings_load(s, *state, NULL, 0, err);
}

static int make_path(void **state)
{
	char *path = strdup("/tmp/bardo-settings-XXXXXX");
	int fd = path ? mkstemp(path) : -1;

	*state = path;
	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	(void)unlink(*state);
	free(*state);
	return 0;
}

static void has_the_documented_defaults(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(unsetenv("DOCKER_HOST"), 0);
	assert_int_equal(settings_load(&s, NULL, NULL, 0, NULL), 0);
	assert_string_equal(s.server_data, "/var/lib/bardo");
	assert_string_equal(s.ssh_listen, "[::]:2222");
	assert_string_equal(s.engine_host, "unix:///var/run/docker.sock");
	assert_int_equal(s.proxy_port_first, 8100);
	assert_int_equal(s.proxy_port_last, 8199);
	assert_int_equal(s.proxy_published_first, 8200);
	assert_true(settings_have_proxy(&s));
	assert_int_equal(s.network_base, 0x0ad50000);
	assert_int_equal(s.network_bits, 16);
}

static void follows_docker_host(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(setenv("DOCKER_HOST", "tcp://127.0.0.1:2375", 1), 0);
	assert_int_equal(settings_load(&s, NULL, NULL, 0, NULL), 0);
	assert_string_equal(s.engine_host, "tcp://127.0.0.1:2375");
	assert_int_equal(unsetenv("DOCKER_HOST"), 0);
}

static void reads_a_file_and_lets_overrides_win(void **state)
{
	static const char *const over[] = {"check.timeout=5s"};
	struct settings s;

	assert_int_equal(
		load(state, &s, "[check]\n\ttimeout = 9s\n[build]\n\tmin-free = 2g\n",
			NULL),
		0);
	assert_int_equal(s.check_timeout, 9000);
	assert_int_equal(s.build_min_free, (int64_t)2 << 30);
	assert_int_equal(settings_load(&s, *state, over, 1, NULL), 0);
	assert_int_equal(s.check_timeout, 5000);
}

static void names_file_and_line_of_an_unknown_key(void **state)
{
	struct err err = {0};
	struct settings s;
	char where[256];

	assert_int_equal(
		load(state, &s, "# first\n[ssh]\n\tlissten = x\n", &err), ERR_USAGE);
	(void)snprintf(where, sizeof(where), "%s:3: ", (char *)*state);
	assert_non_null(strstr(err.msg, where));
	assert_non_null(strstr(err.msg, "ssh.lissten"));
}

static void names_what_a_bad_value_should_have_been(void **state)
{
	static const char *const wrong[] = {"proxy.ports=9-1", "proxy.ports=80",
		"proxy.driver=nginx", "proxy.published=9-1", "network.pool=10.0.0.1/16",
		"network.pool=10.0.0.0/31", "ssh.max-tries=0", "check.timeout=soon",
		"build.builder=docker", "server.data=here",
		"engine.host=/var/run/docker.sock", "server.create-on-push=perhaps",
		"git.max-pack-size=-1", "check.timeout=0", "build.timeout=31d",
		"build.timeout=721h", "build.timeout=9223372036854775807ms",
		"ssh.listen=2222", "ssh.listen=[::]", "ssh.listen=::1:2222",
		"ssh.listen=[::]:65536", "ssh.listen=:22", "http.listen=localhost",
		"proxy.http=80", "proxy.https=[::]:x", "proxy.timeout=0s",
		"proxy.timeout=25h", "proxy.front=apache", "proxy.front-listen=[::]:8081",
		"proxy.front-listen=10.0.0.1:8081", "proxy.front-file=here"};
	struct settings s;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = {0};

		if (settings_load(&s, NULL, &wrong[i], 1, &err) != ERR_USAGE)
			fail_msg("%s was taken", wrong[i]);
		assert_non_null(strstr(err.msg, "it must be "));
	}
}

static void refuses_a_front_without_a_proxy(void **state)
{
	static const char *const both[] = {"proxy.front=nginx", "proxy.driver=none"};
	struct settings s;
	struct err err = {0};

	(void)state;
	assert_int_equal(settings_load(&s, NULL, both, 2, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, "proxy.front = nginx"));
	assert_int_equal(settings_load(&s, NULL, both, 1, NULL), 0);
	assert_int_equal(settings_load(&s, NULL, both + 1, 1, NULL), 0);
}

static void bounds_what_a_login_may_take(void **state)
{
	static const char *const wrong[] = {"ssh.max-tries=0", "ssh.max-tries=1001",
		"ssh.login-grace=0", "ssh.login-grace=24h1s",
		"ssh.login-grace=86400001ms"};
	static const char *const right[] = {"ssh.max-tries=1", "ssh.max-tries=1000",
		"ssh.login-grace=1ms", "ssh.login-grace=24h"};
	struct settings s;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err err = {0};

		if (settings_load(&s, NULL, &wrong[i], 1, &err) != ERR_USAGE)
			fail_msg("%s was taken", wrong[i]);
		assert_non_null(strstr(err.msg, "it must be "));
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		if (settings_load(&s, NULL, &right[i], 1, NULL) != 0)
			fail_msg("%s was refused", right[i]);
	}
}

static void names_the_line_that_is_wrong_among_several(void **state)
{
	struct err err = {0};
	struct settings s;
	char where[256];

	assert_int_equal(load(state, &s,
				 "; [check] timeout = no\n[check] timeout = 5s\n"
				 "[build]\n\ttimeout = soon\n\ttimeout = 5s\n"
				 "[check]\ntimeout = 6s\n",
				 &err),
		ERR_USAGE);
	(void)snprintf(
		where, sizeof(where), "%s:4: build.timeout = soon", (char *)*state);
	assert_non_null(strstr(err.msg, where));
	assert_int_equal(
		load(state, &s, "[check]\ntimeout = 5s\n[check]\ntimeout = soon # x\n",
			&err),
		ERR_USAGE);
	(void)snprintf(
		where, sizeof(where), "%s:4: check.timeout = soon", (char *)*state);
	assert_non_null(strstr(err.msg, where));
}

static void lets_the_last_line_win(void **state)
{
	struct settings s;

	assert_int_equal(load(state, &s,
				 "[check]\ntimeout = 5s\n[build]\ndir = \"a b\" # c\n"
				 "[check]\ntimeout = 6s\n",
				 NULL),
		0);
	assert_int_equal(s.check_timeout, 6000);
	assert_string_equal(s.build_dir, "a b");
}

static void takes_a_key_without_a_value_for_true_where_that_can_be(void **state)
{
	struct err err = {0};
	struct settings s;

	assert_int_equal(load(state, &s, "[server]\n\tcreate-on-push = no\n", NULL), 0);
	assert_false(s.server_create_on_push);
	assert_int_equal(load(state, &s, "[server]\n\tcreate-on-push\n", NULL), 0);
	assert_true(s.server_create_on_push);
	assert_int_equal(load(state, &s, "[server]\n\thostname\n", &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, ":2: server.hostname has no value"));
}

static void follows_no_include(void **state)
{
	struct err err = {0};
	struct settings s;
	char text[512], other[256];

	(void)snprintf(other, sizeof(other), "%s.other", (char *)*state);
	assert_int_equal(io_replace_file(other, 0600, "[x]\ny = z\n", 10, NULL), 0);
	(void)snprintf(text, sizeof(text), "[include]\n\tpath = %s\n", other);
	assert_int_equal(load(state, &s, text, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, ":2: unknown setting include.path"));
	(void)snprintf(
		text, sizeof(text), "[includeIf \"gitdir:/\"]\n\tpath = %s\n", other);
	assert_int_equal(load(state, &s, text, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, ": unknown setting includeif.gitdir:/.path"));
	(void)unlink(other);
}

static void knows_no_subsections(void **state)
{
	struct err err = {0};
	struct settings s;

	assert_int_equal(
		load(state, &s, "[ssh \"x\"]\nlisten = [::]:1\n", &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, ": unknown setting ssh.x.listen"));
	assert_null(strstr(err.msg, ":0:"));
	/* Nor does one hide the line of a section's own key. */
	assert_int_equal(load(state, &s,
				 "[check]\n[check \"x\"]\n timeout = soon\n"
				 "[check]\n timeout = soon\n",
				 &err),
		ERR_USAGE);
}

/* Which the docker command understands and this doesn't. */
static void minds_docker_host_only_where_it_counts(void **state)
{
	static const char *const over[] = {"engine.host=unix:///run/x.sock"};
	struct err err = {0};
	struct settings s;

	(void)state;
	assert_int_equal(setenv("DOCKER_HOST", "ssh://host", 1), 0);
	assert_int_equal(settings_load(&s, NULL, NULL, 0, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, "DOCKER_HOST: engine.host = ssh://host"));
	assert_int_equal(settings_load(&s, NULL, over, 1, NULL), 0);
	assert_string_equal(s.engine_host, "unix:///run/x.sock");
	assert_int_equal(unsetenv("DOCKER_HOST"), 0);
}

static void allows_no_pause_to_drain(void **state)
{
	static const char *const over[] = {"deploy.drain=0"};
	struct settings s;

	(void)state;
	assert_int_equal(settings_load(&s, NULL, over, 1, NULL), 0);
	assert_int_equal(s.deploy_drain, 0);
}

static void rejects_a_file_that_is_no_settings_file(void **state)
{
	struct settings s;

	assert_int_equal(load(state, &s, "[ssh\nlisten\n", NULL), ERR_USAGE);
	assert_int_equal(
		settings_load(&s, "/nowhere/bardo.conf", NULL, 0, NULL), ERR_NOTFOUND);
}

static void reach_a_child_through_the_environment(void **state)
{
	static const char *const over[] = {"check.timeout=7s", "server.hostname=a b"};
	struct settings s;

	assert_int_equal(load(state, &s, "[ssh]\n\tmax-tries = 3\n", NULL), 0);
	assert_int_equal(settings_export(*state, over, 2, NULL), 0);
	assert_int_equal(settings_load_exported(&s, NULL), 0);
	assert_int_equal(s.ssh_max_tries, 3);
	assert_int_equal(s.check_timeout, 7000);
	assert_string_equal(s.server_hostname, "a b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_documented_defaults),
		cmocka_unit_test(follows_docker_host),
		cmocka_unit_test(reads_a_file_and_lets_overrides_win),
		cmocka_unit_test(names_file_and_line_of_an_unknown_key),
		cmocka_unit_test(names_what_a_bad_value_should_have_been),
		cmocka_unit_test(refuses_a_front_without_a_proxy),
		cmocka_unit_test(bounds_what_a_login_may_take),
		cmocka_unit_test(names_the_line_that_is_wrong_among_several),
		cmocka_unit_test(lets_the_last_line_win),
		cmocka_unit_test(takes_a_key_without_a_value_for_true_where_that_can_be),
		cmocka_unit_test(follows_no_include),
		cmocka_unit_test(knows_no_subsections),
		cmocka_unit_test(minds_docker_host_only_where_it_counts),
		cmocka_unit_test(allows_no_pause_to_drain),
		cmocka_unit_test(rejects_a_file_that_is_no_settings_file),
		cmocka_unit_test(reach_a_child_through_the_environment),
	};

	return cmocka_run_group_tests_name("settings", tests, make_path, remove_path);
}
