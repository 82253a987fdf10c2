#include "receiver/bardod/conf.h"

#include "config/base/err.h"
#include "config/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ALL                                                                              \
	"server.data=/var/lib/bardo\nssh.listen=[::]:2222\nssh.max-connections=100\n"    \
	"ssh.max-per-address=20\nssh.logins-per-minute=120\nssh.login-grace=30000ms\n"   \
	"ssh.max-tries=10\nproxy.front-command=nginx -p /x\n"

static int parse(struct settings *s, const char *text, struct err *e)
{
	char *copy = strdup(text);
	int rc;

	assert_non_null(copy);
	rc = conf_parse(s, copy, e);
	free(copy);
	return rc;
}

static void reads_what_it_needs_and_ignores_the_rest(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(
		parse(&s, "git.max-pack-size=1\n" ALL "no setting\nx=\n", NULL), 0);
	assert_string_equal(s.server_data, "/var/lib/bardo");
	assert_string_equal(s.ssh_listen, "[::]:2222");
	assert_int_equal(s.ssh_max_connections, 100);
	assert_int_equal(s.ssh_login_grace, 30000);
	assert_int_equal(s.ssh_max_tries, 10);
	assert_string_equal(s.proxy_front_command, "nginx -p /x");
}

static void names_the_setting_that_is_missing(void **state)
{
	struct settings s;
	struct err e = {0};

	(void)state;
	assert_int_equal(parse(&s, "server.data=/x\n", &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "ssh.listen"));
}

static void refuses_values_that_are_none(void **state)
{
	struct settings s;
	struct err e = {0};

	(void)state;
	assert_int_equal(parse(&s, ALL "ssh.max-tries=many\n", &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "ssh.max-tries"));
	assert_int_equal(parse(&s, ALL "ssh.max-connections=0\n", &e), ERR_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_it_needs_and_ignores_the_rest),
		cmocka_unit_test(names_the_setting_that_is_missing),
		cmocka_unit_test(refuses_values_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
