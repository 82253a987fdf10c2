/* The database itself, and the people in it. */

#include "config/store.h"

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/paths.h"
#include "config/people/users.h"
#include "config/record/apps.h"
#include "config/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct record {
	struct settings settings;
	struct store *store;
	char folder[64];
};

static int make_record(void **state)
{
	static const char *const over[] = {
		"proxy.ports=8100-8102", "proxy.apps=16", "network.pool=10.9.0.0/25"};
	struct record *r = calloc(1, sizeof(*r));
	char data[128], path[PATH_TEXT_MAX];
	const char *overrides[] = {over[0], over[1], over[2], data};

	*state = r;
	if (!r)
		return -1;
	(void)snprintf(r->folder, sizeof(r->folder), "/tmp/bardo-record-XXXXXX");
	if (!mkdtemp(r->folder))
		return -1;
	(void)snprintf(data, sizeof(data), "server.data=%s", r->folder);
	if (settings_load(&r->settings, NULL, overrides, 4, NULL) ||
		paths_prepare(&r->settings, NULL))
		return -1;
	return store_open(&r->store, path_database(&r->settings, path), NULL);
}

static int remove_record(void **state)
{
	struct record *r = *state;

	store_close(r->store);
	(void)io_remove_tree(r->folder, NULL);
	free(r);
	return 0;
}

static void is_readable_by_its_owner_alone(void **state)
{
	struct record *r = *state;
	char path[PATH_TEXT_MAX];
	struct stat st;

	assert_int_equal(stat(path_database(&r->settings, path), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void opens_again_as_it_was(void **state)
{
	struct record *r = *state;
	char path[PATH_TEXT_MAX];
	struct app app;

	assert_int_equal(
		app_create(r->store, &r->settings, "shop", 0, false, &app, NULL), 0);
	store_close(r->store);
	assert_int_equal(
		store_open(&r->store, path_database(&r->settings, path), NULL), 0);
	assert_int_equal(app_find(r->store, "shop", &app, NULL), 0);
}

static void a_rollback_leaves_no_trace(void **state)
{
	struct record *r = *state;
	struct app app;

	assert_int_equal(store_begin(r->store, NULL), 0);
	assert_int_equal(
		store_do(r->store, NULL,
			STORE_SQL("INSERT INTO app (name, created_at) VALUES (?, 1)"),
			STORE_T("shop")),
		0);
	assert_int_equal(store_end(r->store, ERR_USAGE, NULL), ERR_USAGE);
	assert_int_equal(app_find(r->store, "shop", &app, NULL), ERR_NOTFOUND);
}

static struct ssh_key key_of(const char *fingerprint)
{
	struct ssh_key key = {.type = "ssh-ed25519"};

	(void)snprintf(key.fingerprint, sizeof(key.fingerprint), "%s", fingerprint);
	return key;
}

static void the_first_user_is_an_admin_and_the_second_is_not(void **state)
{
	struct record *r = *state;
	struct ssh_key one = key_of("SHA256:one"), two = key_of("SHA256:two");
	struct users_add ada = {.name = "ada", .create = true};
	struct users_add bob = {.name = "bob", .create = true};
	struct user user;

	assert_int_equal(
		users_add_key(r->store, &r->settings, &ada, &one, &user, NULL), 0);
	assert_true(user.admin);
	assert_int_equal(
		users_add_key(r->store, &r->settings, &bob, &two, &user, NULL), 0);
	assert_false(user.admin);
	assert_int_equal(users_add_key(r->store, &r->settings, &bob, &one, &user, NULL),
		ERR_EXISTS);
}

static void the_snapshot_follows_every_change(void **state)
{
	struct record *r = *state;
	struct ssh_key one = key_of("SHA256:one"), two = key_of("SHA256:two");
	struct users_add ada = {.name = "ada", .create = true};
	char path[PATH_TEXT_MAX];
	struct user user;
	struct buf text;
	int removed;

	buf_init(&text, 1000);
	assert_int_equal(
		users_add_key(r->store, &r->settings, &ada, &two, &user, NULL), 0);
	assert_int_equal(
		users_add_key(r->store, &r->settings, &ada, &one, &user, NULL), 0);
	assert_int_equal(
		io_read_file(path_key_snapshot(&r->settings, path), &text, NULL), 0);
	assert_string_equal(buf_text(&text), "SHA256:one\nSHA256:two\n");
	assert_int_equal(users_remove_keys(r->store, &r->settings, NULL, "SHA256:one",
				 false, &removed, NULL),
		0);
	assert_int_equal(removed, 1);
	buf_reset(&text);
	assert_int_equal(io_read_file(path, &text, NULL), 0);
	assert_string_equal(buf_text(&text), "SHA256:two\n");
	assert_int_equal(
		users_find_by_key(r->store, "SHA256:one", &user, NULL), ERR_NOTFOUND);
	buf_finish(&text);
}

static void the_last_admin_stays_unless_the_host_takes_them(void **state)
{
	struct record *r = *state;
	struct ssh_key one = key_of("SHA256:one"), two = key_of("SHA256:two");
	struct users_add ada = {.name = "ada", .create = true};
	struct users_add ci = {.name = "ada", .deploy_only = true};
	struct user user;
	int removed;

	assert_int_equal(
		users_add_key(r->store, &r->settings, &ada, &one, &user, NULL), 0);
	assert_int_equal(
		users_add_key(r->store, &r->settings, &ci, &two, &user, NULL), 0);
	assert_int_equal(
		users_remove(r->store, &r->settings, "ada", true, NULL), ERR_DENIED);
	assert_int_equal(users_set_right(r->store, "ada", USERS_ADMIN, false, true, NULL),
		ERR_DENIED);
	/* What is left then only pushes. */
	assert_int_equal(users_remove_keys(r->store, &r->settings, NULL, "SHA256:one",
				 true, &removed, NULL),
		ERR_DENIED);
	assert_int_equal(users_find_by_key(r->store, "SHA256:one", &user, NULL), 0);
	assert_int_equal(users_remove(r->store, &r->settings, "ada", false, NULL), 0);
	assert_int_equal(users_find(r->store, "ada", &user, NULL), ERR_NOTFOUND);
	assert_int_equal(
		users_find_by_key(r->store, "SHA256:two", &user, NULL), ERR_NOTFOUND);
}

static void a_changed_snapshot_is_found(void **state)
{
	struct record *r = *state;
	struct ssh_key one = key_of("SHA256:one");
	struct users_add ada = {.name = "ada", .create = true};
	char path[PATH_TEXT_MAX];
	struct user user;

	assert_int_equal(
		users_add_key(r->store, &r->settings, &ada, &one, &user, NULL), 0);
	assert_int_equal(users_check_snapshot(r->store, &r->settings, NULL), 0);
	assert_int_equal(io_replace_file(path_key_snapshot(&r->settings, path), 0644,
				 "SHA256:mallory\n", 15, NULL),
		0);
	assert_int_equal(users_check_snapshot(r->store, &r->settings, NULL), ERR_FAILED);
}

static long log_bytes(const struct record *r)
{
	char database[PATH_TEXT_MAX], log[PATH_TEXT_MAX + 8];
	struct stat st;

	(void)snprintf(log, sizeof(log), "%s-wal", path_database(&r->settings, database));
	return stat(log, &st) < 0 ? -1 : (long)st.st_size;
}

static void its_log_stays_and_is_empty(void **state)
{
	struct record *r = *state;
	struct app app;

	assert_int_equal(
		app_create(r->store, &r->settings, "shop", 0, false, &app, NULL), 0);
	assert_true(log_bytes(r) > 0);
	store_close(r->store);
	r->store = NULL;
	assert_int_equal(log_bytes(r), 0);
}

#define RECORD_TEST(f) cmocka_unit_test_setup_teardown(f, make_record, remove_record)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORD_TEST(is_readable_by_its_owner_alone),
		RECORD_TEST(opens_again_as_it_was),
		RECORD_TEST(its_log_stays_and_is_empty),
		RECORD_TEST(a_rollback_leaves_no_trace),
		RECORD_TEST(the_first_user_is_an_admin_and_the_second_is_not),
		RECORD_TEST(the_snapshot_follows_every_change),
		RECORD_TEST(the_last_admin_stays_unless_the_host_takes_them),
		RECORD_TEST(a_changed_snapshot_is_found),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
