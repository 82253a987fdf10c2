#include "config/app/copy.h"
#include "config/app/listed.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/people/users.h"
#include "config/record/apps.h"
#include "config/record/images.h"
#include "config/record/lives.h"
#include "config/record/places.h"
#include "config/settings.h"
#include "config/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A database of its own for each test. */
struct bench {
	char folder[64];
	char path[96];
	struct settings settings;
	struct store *store;
	struct err err;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));

	(void)snprintf(b->folder, sizeof(b->folder), "/tmp/bardo-record-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	assert_int_equal(settings_load(&b->settings, NULL, NULL, 0, &b->err), 0);
	(void)snprintf(b->settings.server_data, sizeof(b->settings.server_data), "%s",
		b->folder);
	(void)snprintf(b->path, sizeof(b->path), "%s/keys", b->folder);
	assert_int_equal(io_make_dir(b->path, 0700, &b->err), 0);
	(void)snprintf(b->path, sizeof(b->path), "%s/bardo.db", b->folder);
	assert_int_equal(store_open(&b->store, b->path, &b->err), 0);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	store_close(b->store);
	assert_int_equal(io_remove_tree(b->folder, NULL), 0);
	free(b);
	return 0;
}

static struct app make_app(struct bench *b, const char *name)
{
	struct app app;

	assert_int_equal(
		app_create(b->store, &b->settings, name, 0, false, &app, &b->err), 0);
	return app;
}

static struct life make_life(struct bench *b, struct app *app, const char *ref)
{
	struct life life = {.commit = "1111111111111111111111111111111111111111",
		.user = "ann",
		.source = "push"};

	(void)snprintf(life.ref, sizeof(life.ref), "%s", ref);
	assert_int_equal(life_create(b->store, app, &life, &b->err), 0);
	return life;
}

static void gives_each_app_a_backend_a_port_and_a_network_of_its_own(void **state)
{
	struct bench *b = *state;
	struct app one = make_app(b, "one"), two = make_app(b, "two");

	assert_int_equal(one.slot, 0);
	assert_int_equal(one.port, 8100);
	assert_int_equal(one.subnet, 0);
	assert_int_equal(two.slot, 1);
	assert_int_equal(two.port, 8101);
	assert_int_equal(two.subnet, 1);
}

static void gives_what_a_destroyed_app_had_to_the_next(void **state)
{
	struct bench *b = *state;
	struct app one = make_app(b, "one"), three;

	(void)make_app(b, "two");
	assert_int_equal(app_mark_destroyed(b->store, &one, &b->err), 0);
	three = make_app(b, "three");
	assert_int_equal(three.port, 8100);
}

static void refuses_an_app_when_the_ports_are_used_up(void **state)
{
	struct bench *b = *state;
	struct app app;

	b->settings.proxy_port_last = b->settings.proxy_port_first;
	(void)make_app(b, "one");
	assert_int_equal(
		app_create(b->store, &b->settings, "two", 0, false, &app, &b->err),
		ERR_FAILED);
	assert_non_null(strstr(b->err.msg, "proxy.ports"));
	assert_int_equal(app_find(b->store, "two", &app, &b->err), ERR_NOTFOUND);
}

static void never_uses_a_lifes_number_again(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");

	assert_int_equal(make_life(b, &app, "").number, 1);
	assert_int_equal(make_life(b, &app, "").number, 2);
	assert_int_equal(app_reload(b->store, &app, &b->err), 0);
	assert_int_equal(make_life(b, &app, "").number, 3);
}

static void shares_nothing_with_a_destroyed_app_of_the_same_name(void **state)
{
	struct bench *b = *state;
	struct app old = make_app(b, "shop"), next, last, seen;

	(void)make_life(b, &old, "");
	assert_int_equal(app_mark_destroyed(b->store, &old, &b->err), 0);
	assert_int_equal(app_find_ever(b->store, "shop", &seen, &b->err), 0);
	assert_int_equal(seen.id, old.id);
	next = make_app(b, "shop");
	assert_int_not_equal(next.id, old.id);
	assert_string_equal(next.handle, "shop.2");
	assert_int_equal(make_life(b, &next, "").number, 1);
	assert_int_equal(app_mark_destroyed(b->store, &next, &b->err), 0);
	last = make_app(b, "shop");
	assert_string_equal(last.handle, "shop.3");
	assert_int_equal(app_find_ever(b->store, "shop", &seen, &b->err), 0);
	assert_int_equal(seen.id, last.id);
}

static struct app push_first(struct bench *b, int64_t user)
{
	struct app app;

	assert_int_equal(
		app_create(b->store, &b->settings, "shop", user, true, &app, &b->err), 0);
	return app;
}

static void brings_back_what_a_users_first_push_failed_to_make(void **state)
{
	struct bench *b = *state;
	struct user ada, bob;
	struct app app, again;

	assert_int_equal(users_create(b->store, "ada", false, true, &ada, &b->err), 0);
	assert_int_equal(users_create(b->store, "bob", false, true, &bob, &b->err), 0);
	app = push_first(b, bob.id);
	(void)make_life(b, &app, "");
	assert_int_equal(app_mark_destroyed(b->store, &app, &b->err), 0);
	again = push_first(b, bob.id);
	assert_int_equal(again.id, app.id);
	assert_int_equal(make_life(b, &again, "").number, 2);
	/* For somebody else it is a new one, and for who has the user's name next. */
	assert_int_equal(app_mark_destroyed(b->store, &again, &b->err), 0);
	assert_int_equal(users_remove(b->store, &b->settings, "bob", true, &b->err), 0);
	assert_int_equal(users_create(b->store, "bob", false, true, &bob, &b->err), 0);
	again = push_first(b, bob.id);
	assert_int_not_equal(again.id, app.id);
	assert_int_equal(make_life(b, &again, "").number, 1);
	assert_int_equal(app_mark_destroyed(b->store, &again, &b->err), 0);
	assert_int_not_equal(push_first(b, ada.id).id, again.id);
}

static void switches_from_one_life_to_the_next_in_one_step(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct life one = make_life(b, &app, "refs/heads/trunk"), two, old;

	assert_int_equal(life_switch(b->store, &app, &one, &b->err), 0);
	assert_int_equal(app.live, 1);
	assert_string_equal(app.deploy_branch, "trunk");
	two = make_life(b, &app, "refs/heads/trunk");
	assert_int_equal(life_switch(b->store, &app, &two, &b->err), 0);
	assert_int_equal(app.live, 2);
	assert_int_equal(life_find(b->store, &app, 1, &old, &b->err), 0);
	assert_int_equal(old.state, LIFE_DRAINING);
}

static void takes_a_switch_back(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop"), before;
	struct life one = make_life(b, &app, "refs/heads/main"), two, old;

	assert_int_equal(life_switch(b->store, &app, &one, &b->err), 0);
	two = make_life(b, &app, "refs/heads/main");
	assert_int_equal(app_set_stopped(b->store, &app, true, &b->err), 0);
	before = app;
	assert_int_equal(life_switch(b->store, &app, &two, &b->err), 0);
	assert_false(app.stopped);
	app = before;
	assert_int_equal(life_switch_back(b->store, &app, &two, 1, &b->err), 0);
	assert_int_equal(app.live, 1);
	assert_true(app.stopped);
	assert_int_equal(life_find(b->store, &app, 1, &old, &b->err), 0);
	assert_int_equal(old.state, LIFE_LIVE);
	assert_int_equal(life_find(b->store, &app, 2, &old, &b->err), 0);
	assert_int_equal(old.live_at, 0);
}

static void retires_every_life_of_an_app_that_goes_down(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct life one = make_life(b, &app, ""), two = make_life(b, &app, ""), found;

	assert_int_equal(life_switch(b->store, &app, &one, &b->err), 0);
	assert_int_equal(app_mark_down(b->store, &app, &b->err), 0);
	assert_int_equal(app.live, 0);
	assert_int_equal(life_find(b->store, &app, one.number, &found, &b->err), 0);
	assert_int_equal(found.state, LIFE_RETIRED);
	assert_int_equal(life_find(b->store, &app, two.number, &found, &b->err), 0);
	assert_int_equal(found.state, LIFE_RETIRED);
}

static void revives_the_last_good_life_before_the_live_one(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct life one = make_life(b, &app, ""), two, three, good;

	assert_int_equal(life_switch(b->store, &app, &one, &b->err), 0);
	two = make_life(b, &app, "");
	assert_int_equal(life_fail(b->store, &two, "check failed", &b->err), 0);
	three = make_life(b, &app, "");
	assert_int_equal(life_switch(b->store, &app, &three, &b->err), 0);
	assert_int_equal(life_find_good(b->store, &app, 3, &good, &b->err), 0);
	assert_int_equal(good.number, 1);
	assert_int_equal(life_find_good(b->store, &app, 1, &good, &b->err), ERR_NOTFOUND);
}

static void gives_an_address_to_one_container_at_a_time(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct life one = make_life(b, &app, ""), two = make_life(b, &app, "");
	struct place first, second, third;
	char address[INET_ADDRSTRLEN];

	assert_int_equal(place_reserve(b->store, &one, "web", 1, &first, &b->err), 0);
	assert_int_equal(place_reserve(b->store, &two, "web", 1, &second, &b->err), 0);
	assert_string_equal(
		place_address(&b->settings, &app, &first, address), "10.213.0.2");
	assert_string_equal(
		place_address(&b->settings, &app, &second, address), "10.213.0.3");
	assert_int_equal(place_release(b->store, &app, &first, &b->err), 0);
	assert_int_equal(place_reserve(b->store, &two, "web", 2, &third, &b->err), 0);
	assert_string_equal(
		place_address(&b->settings, &app, &third, address), "10.213.0.2");
}

static void refuses_a_container_when_the_network_is_full(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct life life = make_life(b, &app, "");
	struct place place;

	for (int i = 1; i <= CONTAINERS_MAX; i++)
		assert_int_equal(
			place_reserve(b->store, &life, "web", i, &place, &b->err), 0);
	assert_int_equal(place_reserve(b->store, &life, "web", CONTAINERS_MAX + 1, &place,
				 &b->err),
		ERR_FAILED);
	assert_non_null(strstr(b->err.msg, "full"));
}

static void never_moves_a_tag(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct image image = {.image_id = "sha256:1",
		.tree = "t",
		.build_settings = "s",
		.commit = "abcdef0123456789abcdef0123456789abcdef01"};

	assert_int_equal(image_choose_tag(b->store, &app, &image, &b->err), 0);
	assert_string_equal(image.tag, "bardo/shop:abcdef012345");
	assert_int_equal(image_add(b->store, &app, &image, &b->err), 0);
	assert_int_equal(image_choose_tag(b->store, &app, &image, &b->err), 0);
	assert_string_equal(image.tag, "bardo/shop:abcdef012345-2");
}

static void finds_an_image_by_its_tree_and_build_settings(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct image image = {.tag = "bardo/shop:1",
			     .image_id = "sha256:1",
			     .tree = "t",
			     .build_settings = "s",
			     .commit = "c"},
		     found;

	assert_int_equal(image_add(b->store, &app, &image, &b->err), 0);
	assert_int_equal(image_find_built(b->store, &app, "t", "s", &found, &b->err), 0);
	assert_string_equal(found.image_id, "sha256:1");
	assert_int_equal(image_find_built(b->store, &app, "t", "other", &found, &b->err),
		ERR_NOTFOUND);
}

static void finds_old_images_but_never_what_may_be_needed(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct life life = make_life(b, &app, "");
	struct image image = {.image_id = "sha256:1", .tree = "t", .build_settings = "s"},
		     old;

	for (int i = 0; i < 4; i++) {
		(void)snprintf(image.tag, sizeof(image.tag), "bardo/shop:%d", i);
		assert_int_equal(image_add(b->store, &app, &image, &b->err), 0);
		assert_int_equal(
			store_do(b->store, &b->err,
				STORE_SQL(
					"UPDATE image SET created_at = ? WHERE tag = ?"),
				STORE_I(i), STORE_T(image.tag)),
			0);
	}
	assert_int_equal(
		life_set_image(b->store, &life, "bardo/shop:0", "x", &b->err), 0);
	assert_int_equal(life_switch(b->store, &app, &life, &b->err), 0);
	assert_int_equal(image_find_old(b->store, &app, 2, &old, &b->err), 0);
	assert_string_equal(old.tag, "bardo/shop:1");
	assert_int_equal(image_forget(b->store, &app, old.tag, &b->err), 0);
	assert_int_equal(image_find_old(b->store, &app, 2, &old, &b->err), ERR_NOTFOUND);
}

static void keeps_the_images_of_live_stable_and_the_one_before(void **state)
{
	/* Of six images the first served as life 1; three lives with the newest follow a
	 * life with the fifth: a changed setting is a new life with the same image. */
	static const char *const tags[] = {"bardo/shop:0", "bardo/shop:4", "bardo/shop:5",
		"bardo/shop:5", "bardo/shop:5"};
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct image image = {.image_id = "sha256:1", .tree = "t", .build_settings = "s"};
	int removed = 0;

	for (int i = 0; i < 6; i++) {
		(void)snprintf(image.tag, sizeof(image.tag), "bardo/shop:%d", i);
		assert_int_equal(image_add(b->store, &app, &image, &b->err), 0);
	}
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct life life = make_life(b, &app, "");

		assert_int_equal(
			life_set_image(b->store, &life, tags[i], "x", &b->err), 0);
		assert_int_equal(life_switch(b->store, &app, &life, &b->err), 0);
	}
	assert_int_equal(app_set_stable(b->store, &app, 1, &b->err), 0);
	while (image_find_old(b->store, &app, 0, &image, &b->err) == 0) {
		assert_true(image.tag[11] >= '1' && image.tag[11] <= '3');
		assert_int_equal(image_forget(b->store, &app, image.tag, &b->err), 0);
		removed++;
	}
	assert_int_equal(removed, 3);
}

static void finds_the_images_of_failed_lives_only(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct image image = {.tree = "t", .build_settings = "s"}, found;
	struct life life[4];

	/* Three images: of a life that is live and one that failed with the same, of one
	 * that was live before it failed, and of one that failed before it was built. */
	for (int i = 0; i < 3; i++) {
		(void)snprintf(image.tag, sizeof(image.tag), "bardo/shop:%d", i);
		assert_int_equal(image_add(b->store, &app, &image, &b->err), 0);
	}
	for (int i = 0; i < 4; i++) {
		life[i] = make_life(b, &app, "");
		(void)snprintf(image.tag, sizeof(image.tag), "bardo/shop:%d", i % 3);
		assert_int_equal(
			life_set_image(b->store, &life[i], image.tag, "", &b->err), 0);
	}
	assert_int_equal(life_switch(b->store, &app, &life[1], &b->err), 0);
	assert_int_equal(life_switch(b->store, &app, &life[0], &b->err), 0);
	for (int i = 1; i < 4; i++)
		assert_int_equal(life_fail(b->store, &life[i], "no", &b->err), 0);
	assert_int_equal(image_find_failed(b->store, &app, &found, &b->err), 0);
	assert_string_equal(found.tag, "bardo/shop:2");
	assert_int_equal(image_find_built(b->store, &app, "t", "s", &found, &b->err),
		ERR_NOTFOUND);
	assert_int_equal(image_forget(b->store, &app, "bardo/shop:2", &b->err), 0);
	assert_int_equal(
		image_find_failed(b->store, &app, &found, &b->err), ERR_NOTFOUND);
}

static void keeps_its_handle_when_it_is_renamed(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop"), gone = make_app(b, "store"), found;

	assert_string_equal(app.handle, "shop");
	assert_int_equal(app_rename(b->store, &app, "store", &b->err), ERR_EXISTS);
	assert_int_equal(app_mark_destroyed(b->store, &gone, &b->err), 0);
	assert_int_equal(app_rename(b->store, &app, "store", &b->err), 0);
	assert_string_equal(app.name, "store");
	assert_string_equal(app.handle, "shop");
	assert_int_equal(app_find(b->store, "shop", &found, &b->err), ERR_NOTFOUND);
	assert_int_equal(app_find(b->store, "store", &found, &b->err), 0);
	assert_int_equal(found.id, app.id);
	assert_int_equal(app_find_handle(b->store, "shop", &found, &b->err), 0);
	assert_int_equal(found.id, app.id);
	assert_int_equal(app_rename(b->store, &app, "No", &b->err), ERR_USAGE);
}

static void shares_nothing_with_an_app_that_had_its_name_before(void **state)
{
	struct bench *b = *state;
	struct app old = make_app(b, "shop"), new;
	struct life life = make_life(b, &old, "");
	struct image image = {.image_id = "sha256:1",
		.tree = "t",
		.build_settings = "s",
		.commit = "abcdef0123456789abcdef0123456789abcdef01"};
	struct place place, other;
	char name[CONTAINER_NAME_SIZE];
	bool has;

	assert_int_equal(place_reserve(b->store, &life, "web", 1, &place, &b->err), 0);
	assert_int_equal(image_choose_tag(b->store, &old, &image, &b->err), 0);
	assert_int_equal(image_add(b->store, &old, &image, &b->err), 0);
	assert_int_equal(app_rename(b->store, &old, "store", &b->err), 0);
	assert_string_equal(
		place_container_name(&old, &place, name), "bardo.shop.web.1.1");
	new = make_app(b, "shop");
	assert_string_equal(new.handle, "shop.2");
	assert_int_equal(image_choose_tag(b->store, &new, &image, &b->err), 0);
	assert_string_equal(image.tag, "bardo/shop:abcdef012345-2");
	life = make_life(b, &new, "");
	assert_int_equal(place_reserve(b->store, &life, "web", 1, &other, &b->err), 0);
	assert_string_not_equal(place_container_name(&new, &other, name), place.name);
	assert_int_equal(place_has_name(b->store, name, &has, &b->err), 0);
	assert_true(has);
}

static void renames_an_image_in_steps_that_can_be_taken_again(void **state)
{
	struct bench *b = *state;
	struct app app = make_app(b, "shop");
	struct life life = make_life(b, &app, "");
	struct image image = {.tag = "bardo/shop:1-2",
			     .image_id = "sha256:1",
			     .tree = "t",
			     .build_settings = "s",
			     .commit = "abcdef0123456789abcdef0123456789abcdef01"},
		     found;
	char tag[TAG_SIZE], again[TAG_SIZE];

	assert_int_equal(image_add(b->store, &app, &image, &b->err), 0);
	assert_int_equal(
		life_set_image(b->store, &life, image.tag, image.image_id, &b->err), 0);
	assert_int_equal(image_find_misnamed(b->store, &app, &found, NULL), ERR_NOTFOUND);
	assert_int_equal(app_rename(b->store, &app, "store", &b->err), 0);
	assert_int_equal(image_find_misnamed(b->store, &app, &found, &b->err), 0);
	assert_int_equal(image_begin_rename(b->store, &app, &found, tag, &b->err), 0);
	assert_string_equal(tag, "bardo/store:1-2");
	/* Cut off here, both tags are in the record, and the next one goes on. */
	assert_int_equal(image_find_tag(b->store, &app, tag, &found, &b->err), 0);
	assert_int_equal(image_find_misnamed(b->store, &app, &found, &b->err), 0);
	assert_int_equal(image_begin_rename(b->store, &app, &found, again, &b->err), 0);
	assert_string_equal(again, tag);
	assert_int_equal(image_finish_rename(b->store, &app, &found, tag, &b->err), 0);
	assert_int_equal(image_find_misnamed(b->store, &app, &found, NULL), ERR_NOTFOUND);
	assert_int_equal(life_find(b->store, &app, 1, &life, &b->err), 0);
	assert_string_equal(life.tag, tag);
}

static void makes_volumes_of_another_app_its_own(void **state)
{
	static const struct {
		const char *mount, *becomes;
	} mounts[] = {
		{"shop_data:/data:ro", "store_data:/data:ro"},
		{"cache:/cache", "store_cache:/cache"},
		{"shopping_data:/data", "store_shopping_data:/data"},
		{"/srv/files:/files", "/srv/files:/files"},
	};
	const struct app shop = {.name = "x", .handle = "shop"};
	const struct app store = {.name = "y", .handle = "store"};
	struct bench *b = *state;

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		char out[LISTED_TEXT_MAX + 1];

		assert_int_equal(
			settings_own_mount(mounts[i].mount, &shop, &store, out, &b->err),
			0);
		assert_string_equal(out, mounts[i].becomes);
	}
}

static void stays_provisional_until_a_life_goes_live(void **state)
{
	struct bench *b = *state;
	struct app app;
	struct life life;

	assert_int_equal(
		app_create(b->store, &b->settings, "shop", 0, true, &app, &b->err), 0);
	assert_true(app.provisional);
	life = make_life(b, &app, "refs/heads/main");
	assert_int_equal(life_switch(b->store, &app, &life, &b->err), 0);
	assert_false(app.provisional);
}

#define RECORD_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORD_TEST(gives_each_app_a_backend_a_port_and_a_network_of_its_own),
		RECORD_TEST(gives_what_a_destroyed_app_had_to_the_next),
		RECORD_TEST(refuses_an_app_when_the_ports_are_used_up),
		RECORD_TEST(never_uses_a_lifes_number_again),
		RECORD_TEST(shares_nothing_with_a_destroyed_app_of_the_same_name),
		RECORD_TEST(brings_back_what_a_users_first_push_failed_to_make),
		RECORD_TEST(switches_from_one_life_to_the_next_in_one_step),
		RECORD_TEST(takes_a_switch_back),
		RECORD_TEST(retires_every_life_of_an_app_that_goes_down),
		RECORD_TEST(revives_the_last_good_life_before_the_live_one),
		RECORD_TEST(gives_an_address_to_one_container_at_a_time),
		RECORD_TEST(refuses_a_container_when_the_network_is_full),
		RECORD_TEST(never_moves_a_tag),
		RECORD_TEST(finds_an_image_by_its_tree_and_build_settings),
		RECORD_TEST(finds_old_images_but_never_what_may_be_needed),
		RECORD_TEST(keeps_the_images_of_live_stable_and_the_one_before),
		RECORD_TEST(finds_the_images_of_failed_lives_only),
		RECORD_TEST(keeps_its_handle_when_it_is_renamed),
		RECORD_TEST(shares_nothing_with_an_app_that_had_its_name_before),
		RECORD_TEST(renames_an_image_in_steps_that_can_be_taken_again),
		RECORD_TEST(makes_volumes_of_another_app_its_own),
		RECORD_TEST(stays_provisional_until_a_life_goes_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
