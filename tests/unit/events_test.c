/* The record of what happened: who sees which of it, and how much of it stays. */

#include "config/base/io.h"
#include "config/people/roles.h"
#include "config/record/apps.h"
#include "config/record/events.h"
#include "config/record/underway.h"
#include "config/settings.h"
#include "config/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct world {
	char folder[64];
	struct settings settings;
	struct store *store;
	struct user ada, eve;
	struct app shop, blog;
};

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char path[128];

	*state = w;
	if (!w)
		return -1;
	(void)snprintf(w->folder, sizeof(w->folder), "/tmp/bardo-events-XXXXXX");
	if (!mkdtemp(w->folder) || settings_load(&w->settings, NULL, NULL, 0, NULL))
		return -1;
	/* Nothing of a test's goes where a server of this machine has its own. */
	(void)snprintf(w->settings.server_data, sizeof(w->settings.server_data), "%s",
		w->folder);
	(void)snprintf(path, sizeof(path), "%s/locks", w->folder);
	if (io_make_dir(path, 0700, NULL))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/db", w->folder);
	if (store_open(&w->store, path, NULL) ||
		users_create(w->store, "ada", false, false, &w->ada, NULL) ||
		users_create(w->store, "eve", false, false, &w->eve, NULL) ||
		app_create(w->store, &w->settings, "shop", 0, false, &w->shop, NULL) ||
		app_create(w->store, &w->settings, "blog", 0, false, &w->blog, NULL))
		return -1;
	return role_set(w->store, w->ada.id, w->shop.id, ROLE_OWNER, NULL);
}

static int remove_world(void **state)
{
	struct world *w = *state;

	store_close(w->store);
	(void)io_remove_tree(w->folder, NULL);
	free(w);
	return 0;
}

static void add(
	struct world *w, const char *kind, const struct app *app, const char *what)
{
	struct event e = {.kind = kind, .app_id = app ? app->id : 0};

	(void)snprintf(e.what, sizeof(e.what), "%s", what);
	assert_int_equal(event_add(w->store, &e, NULL), 0);
}

static int append(void *ctx, const struct event *e)
{
	char *to = ctx;

	(void)snprintf(to + strlen(to), 256 - strlen(to), "%s ", e->what);
	return 0;
}

static void assert_seen(struct world *w, struct events_filter f, const char *wanted)
{
	char seen[256] = "";

	assert_int_equal(events_each(w->store, &f, append, seen, NULL), 0);
	assert_string_equal(seen, wanted);
}

static void come_oldest_first_and_the_newest_of_them(void **state)
{
	struct world *w = *state;

	add(w, EVENT_COMMAND, &w->shop, "one");
	add(w, EVENT_COMMAND, &w->blog, "two");
	add(w, EVENT_LOGIN, NULL, "three");
	assert_seen(w, (struct events_filter){.limit = 0}, "one two three ");
	assert_seen(w, (struct events_filter){.limit = 2}, "two three ");
	assert_seen(w, (struct events_filter){.since = 2}, "three ");
	assert_seen(w, (struct events_filter){.app_id = w->blog.id}, "two ");
}

static void are_seen_by_owners_and_by_nobody_with_less(void **state)
{
	struct world *w = *state;

	add(w, EVENT_COMMAND, &w->shop, "one");
	add(w, EVENT_COMMAND, &w->blog, "two");
	add(w, EVENT_LOGIN, NULL, "three");
	assert_seen(w, (struct events_filter){.user_id = w->ada.id}, "one ");
	assert_seen(w, (struct events_filter){.user_id = w->eve.id}, "");
	assert_int_equal(role_set(w->store, w->eve.id, w->blog.id, ROLE_DEPLOY, NULL), 0);
	assert_seen(w, (struct events_filter){.user_id = w->eve.id}, "");
}

static void from_before_an_app_was_made_again_are_not_its_new_owners(void **state)
{
	struct world *w = *state;

	add(w, EVENT_COMMAND, &w->shop, "before");
	assert_int_equal(app_mark_destroyed(w->store, &w->shop, NULL), 0);
	assert_int_equal(
		app_create(w->store, &w->settings, "shop", 0, false, &w->shop, NULL), 0);
	/* Both may happen within a millisecond. */
	assert_int_equal(
		store_do(w->store, NULL, STORE_SQL("UPDATE event SET at = at - 1000")),
		0);
	add(w, EVENT_COMMAND, &w->shop, "after");
	assert_int_equal(role_set(w->store, w->eve.id, w->shop.id, ROLE_OWNER, NULL), 0);
	assert_seen(w, (struct events_filter){.user_id = w->eve.id}, "after ");
}

static void of_each_kind_the_newest_stay(void **state)
{
	struct world *w = *state;
	char what[16];

	add(w, EVENT_DEPLOY, &w->shop, "deploy");
	for (int i = 0; i < 50; i++) {
		(void)snprintf(what, sizeof(what), "%d", i);
		add(w, EVENT_LOGIN, NULL, what);
	}
	assert_int_equal(events_trim(w->store, 3, NULL), 0);
	assert_seen(w, (struct events_filter){.limit = 0}, "deploy 47 48 49 ");
}

static void are_one_line_each(void **state)
{
	struct world *w = *state;

	add(w, EVENT_COMMAND, NULL, "a\nforged\tline\x1b[2J");
	assert_seen(w, (struct events_filter){.limit = 0}, "a forged line [2J ");
}

static void are_utf8_whatever_was_typed(void **state)
{
	struct world *w = *state;

	add(w, EVENT_COMMAND, NULL, "\xc3\xa4 \xff\xfe \xc3");
	assert_seen(w, (struct events_filter){.limit = 0}, "\xc3\xa4 ?? ? ");
}

static struct underway begin(struct world *w, const char *what)
{
	struct event e = {.kind = EVENT_COMMAND, .app_id = w->shop.id};
	struct underway u;

	(void)snprintf(e.what, sizeof(e.what), "%s", what);
	assert_int_equal(underway_begin(w->store, &w->settings, &e, &u, NULL), 0);
	return u;
}

static void of_commands_without_an_end_come_when_these_are_gone(void **state)
{
	struct world *w = *state;
	struct event e = {.kind = EVENT_COMMAND, .what = "ended"};
	struct underway killed = begin(w, "killed"), quiet = begin(w, "quiet"),
			ends = begin(w, "ends");

	assert_int_equal(underway_sweep(w->store, &w->settings, NULL), 0);
	assert_seen(w, (struct events_filter){.limit = 0}, "");
	assert_int_equal(underway_end(w->store, &quiet, NULL, NULL), 0);
	assert_int_equal(underway_end(w->store, &ends, &e, NULL), 0);
	/* As the kernel closes what a process had. */
	(void)close(killed.lock);
	assert_int_equal(underway_sweep(w->store, &w->settings, NULL), 0);
	assert_int_equal(underway_sweep(w->store, &w->settings, NULL), 0);
	assert_seen(w, (struct events_filter){.limit = 0}, "ended killed ");
	assert_seen(w, (struct events_filter){.app_id = w->shop.id}, "killed ");
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, make_world, remove_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(come_oldest_first_and_the_newest_of_them),
		WORLD_TEST(are_seen_by_owners_and_by_nobody_with_less),
		WORLD_TEST(from_before_an_app_was_made_again_are_not_its_new_owners),
		WORLD_TEST(of_commands_without_an_end_come_when_these_are_gone),
		WORLD_TEST(of_each_kind_the_newest_stay),
		WORLD_TEST(are_one_line_each),
		WORLD_TEST(are_utf8_whatever_was_typed),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
