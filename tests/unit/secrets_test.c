/* Which secrets are known when, and that the log and errors are without them. */
#include "builder/secrets.h"

#include "builder/mask.h"
#include "builder/server.h"
#include "config/app/listed.h"
#include "config/app/secrets.h"
#include "config/app/variables.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/settings.h"
#include "config/store.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LOG_MAX (1024 * 1024)

struct world {
	struct settings settings;
	struct server server;
	struct app app;
	struct err err;
	int log;
};

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char path[] = "/tmp/bardo-secrets-log-XXXXXX";

	assert_non_null(w);
	assert_int_equal(settings_load(&w->settings, NULL, NULL, 0, &w->err), 0);
	(void)snprintf(w->settings.server_data, sizeof(w->settings.server_data),
		"/tmp/bardo-secrets-XXXXXX");
	assert_non_null(mkdtemp(w->settings.server_data));
	assert_int_equal(server_open(&w->server, &w->settings, &w->err), 0);
	assert_int_equal(app_create(w->server.store, &w->settings, "shop", 0, false,
				 &w->app, &w->err),
		0);
	w->log = mkstemp(path);
	(void)unlink(path);
	log_to(w->log);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	server_close(&w->server);
	assert_int_equal(io_remove_tree(w->settings.server_data, &w->err), 0);
	(void)close(w->log);
	log_to(STDERR_FILENO);
	free(w);
	return 0;
}

static void set(struct world *w, int64_t app_id, const char *name, const char *value)
{
	struct variables v = {0};

	assert_int_equal(variables_put(&v, name, value, &w->err), 0);
	assert_int_equal(
		variables_change(w->server.store, app_id, &v, NULL, 0, NULL, &w->err), 0);
	variables_finish(&v);
}

static void unset(struct world *w, int64_t app_id, const char *name)
{
	assert_int_equal(
		variables_change(w->server.store, app_id, NULL, &name, 1, NULL, &w->err),
		0);
}

static void assert_masked(
	struct world *w, int64_t app_id, const char *text, const char *expected)
{
	char copy[256];
	struct mask *m;

	assert_int_equal(secrets_mask(&w->server, app_id, &m, &w->err), 0);
	(void)snprintf(copy, sizeof(copy), "%s", text);
	mask_string(m, copy);
	assert_string_equal(copy, expected);
	mask_destroy(m);
}

static void an_app_has_its_own_secrets_and_the_global_ones(void **state)
{
	struct world *w = *state;

	set(w, w->app.id, "A", "own-secret");
	set(w, EVERY_APP, "B", "global-secret");
	set(w, w->app.id + 1, "C", "others-secret");
	assert_masked(w, w->app.id, "own-secret global-secret others-secret",
		"******** ******** others-secret");
	assert_masked(w, SECRETS_OF_ALL, "own-secret global-secret others-secret",
		"******** ******** ********");
}

static struct life make_life(struct world *w, const char *config)
{
	struct life life = {.commit = "0123456789012345678901234567890123456789",
		.user = "ada",
		.source = "push"};

	assert_int_equal(life_create(w->server.store, &w->app, &life, &w->err), 0);
	assert_int_equal(life_set_config(w->server.store, &life, config, &w->err), 0);
	return life;
}

static void what_a_life_was_given_is_secret_until_it_is_over(void **state)
{
	struct world *w = *state;
	struct life life =
		make_life(w, "{\"port\": 5000, \"env\": {\"A\": \"old-secret\"}}");

	assert_masked(w, w->app.id, "old-secret", "********");
	assert_int_equal(
		life_set_state(w->server.store, &life, LIFE_DRAINING, &w->err), 0);
	assert_masked(w, w->app.id, "old-secret", "********");
	assert_int_equal(life_retire(w->server.store, &life, &w->err), 0);
	assert_masked(w, w->app.id, "old-secret", "old-secret");
}

static void what_docker_options_set_is_secret(void **state)
{
	static const char *const texts[] = {"--env A=option-secret-1",
		"-e \"B=option secret 2\"", "--env=C=option-secret-3", "--shm-size 64m",
		"--env D"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct listed l = {"deploy", "", texts[i]};

		assert_int_equal(listed_add(w->server.store, w->app.id, LISTED_OPTION, &l,
					 &w->err),
			0);
	}
	(void)make_life(w, "{\"options\": [{\"text\": \"--env E=option-secret-5\"}]}");
	assert_masked(w, w->app.id,
		"option-secret-1,option secret 2,option-secret-3,option-secret-5,64m",
		"********,********,********,********,64m");
}

static void a_damaged_configuration_hides_no_other_secret(void **state)
{
	struct world *w = *state;

	(void)make_life(w, "{\"env\": ");
	set(w, w->app.id, "A", "own-secret");
	assert_masked(w, w->app.id, "own-secret", "********");
}

static void assert_logged(struct world *w, const char *text, bool is_there)
{
	struct buf b;

	buf_init(&b, LOG_MAX);
	assert_int_equal(lseek(w->log, 0, SEEK_SET), 0);
	assert_int_equal(io_read_all(w->log, &b, &w->err), 0);
	if ((strstr(buf_text(&b), text) != NULL) != is_there)
		fail_msg("%s%s in the log: %s", text, is_there ? " is not" : "",
			buf_text(&b));
	buf_finish(&b);
}

static void the_log_has_no_secret(void **state)
{
	struct world *w = *state;

	log_warn("before it is one: own-secret-1");
	assert_logged(w, "own-secret-1", true);
	/* Another process sets it, for an app that this one knows nothing of. */
	set(w, w->app.id + 7, "A", "two-lines-a\ntwo-lines-b");
	log_warn("the Engine said \"two-lines-a\\ntwo-lines-b\"");
	log_info("and two-lines-a\ntwo-lines-b");
	assert_logged(w, "two-lines", false);
	assert_logged(w, "the Engine said \"********\"", true);
	assert_logged(w, "and ********", true);
	unset(w, w->app.id + 7, "A");
	log_warn("two-lines-a is no secret any more");
	assert_logged(w, "two-lines-a is no secret", true);
}

static void a_message_too_long_for_the_log_ends_in_no_half_secret(void **state)
{
	struct world *w = *state;
	char long_text[4096];

	set(w, w->app.id, "A", "0123456789abcdefghij0123456789abcdefghij");
	for (size_t from = 1900; from < 2060; from++) {
		(void)snprintf(long_text, sizeof(long_text), "%0*d%s", (int)from, 0,
			"0123456789abcdefghij0123456789abcdefghij");
		log_warn("%s", long_text);
	}
	assert_logged(w, "123456789abc", false);
	assert_logged(w, "********", true);
}

static void errors_have_none_either(void **state)
{
	struct world *w = *state;
	struct err err = {0};

	set(w, EVERY_APP, "A", "global-secret");
	(void)err_set(&err, ERR_FAILED, "no image global-secret");
	secrets_hide(&w->server, err.msg, sizeof(err.msg));
	assert_string_equal(err.msg, "no image ********");
}

static void without_knowing_the_secrets_nothing_is_shown(void **state)
{
	struct world *w = *state;
	struct err err = {0};

	assert_int_equal(store_do(w->server.store, &w->err,
				 STORE_SQL("ALTER TABLE variable RENAME TO gone")),
		0);
	(void)err_set(&err, ERR_FAILED, "no image global-secret");
	secrets_hide(&w->server, err.msg, sizeof(err.msg));
	assert_null(strstr(err.msg, "global-secret"));
	assert_non_null(strstr(err.msg, "not shown"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_app_has_its_own_secrets_and_the_global_ones, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			what_a_life_was_given_is_secret_until_it_is_over, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			what_docker_options_set_is_secret, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_damaged_configuration_hides_no_other_secret, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_log_has_no_secret, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_message_too_long_for_the_log_ends_in_no_half_secret, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			errors_have_none_either, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			without_knowing_the_secrets_nothing_is_shown, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
