#include "config/app/listed.h"
#include "config/app/ports.h"
#include "config/app/properties.h"
#include "config/app/publish.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/people/users.h"
#include "config/record/lives.h"
#include "config/record/mounts.h"
#include "config/record/networks.h"
#include "config/settings.h"
#include "config/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What apps take of the same pools as others: ports, backends, networks; and the volumes
 * that their lives had. */
struct bench {
	char folder[64];
	struct settings settings;
	struct store *store;
	struct app shop, blog;
	struct err err;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	char path[96];

	(void)snprintf(b->folder, sizeof(b->folder), "/tmp/bardo-shared-XXXXXX");
	assert_non_null(mkdtemp(b->folder));
	(void)snprintf(path, sizeof(path), "%s/keys", b->folder);
	assert_int_equal(io_make_dir(path, 0700, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/bardo.db", b->folder);
	assert_int_equal(settings_load(&b->settings, NULL, NULL, 0, &b->err), 0);
	(void)snprintf(b->settings.server_data, sizeof(b->settings.server_data), "%s",
		b->folder);
	assert_int_equal(store_open(&b->store, path, &b->err), 0);
	assert_int_equal(
		app_create(b->store, &b->settings, "shop", 0, false, &b->shop, NULL), 0);
	assert_int_equal(
		app_create(b->store, &b->settings, "blog", 0, false, &b->blog, NULL), 0);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	store_close(b->store);
	(void)io_remove_tree(b->folder, NULL);
	free(b);
	return 0;
}

static int map(struct bench *b, const struct app *app, int host, int container)
{
	struct port_mapping ports[PORTS_MAX];
	size_t len;

	assert_int_equal(ports_read(b->store, app, ports, &len, NULL), 0);
	ports[len++] = (struct port_mapping){host, container};
	return ports_replace(
		b->store, &b->settings, app, ports, len, PORTS_BY_COMMAND, &b->err);
}

static void an_app_without_mappings_has_its_own_port(void **state)
{
	struct bench *b = *state;
	struct port_mapping ports[PORTS_MAX];
	size_t len;

	assert_int_equal(ports_read(b->store, &b->shop, ports, &len, NULL), 0);
	assert_int_equal(len, 1);
	assert_int_equal(ports[0].host, b->shop.port);
	assert_int_equal(ports[0].container, PORT_OWN);
}

static void each_container_port_gets_one_backend_that_nobody_else_has(void **state)
{
	struct bench *b = *state;
	struct port_backend backends[2 * PORTS_MAX];
	struct app next;
	size_t len;

	assert_int_equal(map(b, &b->shop, 8150, 9000), 0);
	assert_int_equal(map(b, &b->shop, 8151, 9000), 0);
	assert_int_equal(map(b, &b->shop, 8152, 9001), 0);
	assert_int_equal(port_backends_read(b->store, &b->shop, backends, &len, NULL), 0);
	assert_int_equal(len, 2);
	assert_int_equal(backends[0].slot, b->blog.slot + 1);
	assert_int_equal(backends[1].slot, b->blog.slot + 2);
	assert_int_equal(
		app_create(b->store, &b->settings, "next", 0, false, &next, NULL), 0);
	assert_int_equal(next.slot, b->blog.slot + 3);
}

static void a_backend_is_given_back_when_no_port_leads_there(void **state)
{
	struct bench *b = *state;
	struct port_backend backends[2 * PORTS_MAX];
	size_t len;

	assert_int_equal(map(b, &b->shop, 8150, 9000), 0);
	assert_int_equal(port_backend_release(b->store, &b->shop, 9000, NULL), 0);
	assert_int_equal(port_backends_read(b->store, &b->shop, backends, &len, NULL), 0);
	assert_int_equal(len, 1);
	assert_true(backends[0].used);
	assert_int_equal(ports_replace(b->store, &b->settings, &b->shop, NULL, 0,
				 PORTS_BY_COMMAND, NULL),
		0);
	assert_int_equal(port_backends_read(b->store, &b->shop, backends, &len, NULL), 0);
	assert_false(backends[0].used);
	assert_int_equal(port_backend_release(b->store, &b->shop, 9000, NULL), 0);
	assert_int_equal(port_backends_read(b->store, &b->shop, backends, &len, NULL), 0);
	assert_int_equal(len, 0);
}

static void ports_of_others_and_of_nobody_are_refused_and_change_nothing(void **state)
{
	struct bench *b = *state;
	struct port_mapping ports[PORTS_MAX];
	size_t len;

	assert_int_equal(map(b, &b->blog, 8150, 9000), 0);
	assert_int_equal(map(b, &b->shop, b->blog.port, 5000), ERR_EXISTS);
	assert_int_equal(map(b, &b->shop, 8150, 5000), ERR_EXISTS);
	assert_int_equal(map(b, &b->shop, 80, 5000), ERR_USAGE);
	assert_non_null(strstr(b->err.msg, "8100 to 8199"));
	assert_int_equal(map(b, &b->shop, b->shop.port, 5000), ERR_USAGE);
	assert_int_equal(ports_read(b->store, &b->shop, ports, &len, NULL), 0);
	assert_int_equal(len, 1);
}

static void a_new_app_gets_no_port_that_was_mapped(void **state)
{
	struct bench *b = *state;
	struct app next;

	assert_int_equal(map(b, &b->shop, b->blog.port + 1, 9000), 0);
	assert_int_equal(
		app_create(b->store, &b->settings, "next", 0, false, &next, NULL), 0);
	assert_int_equal(next.port, b->blog.port + 2);
}

static void a_destroyed_app_gives_ports_and_backends_back(void **state)
{
	struct bench *b = *state;

	assert_int_equal(map(b, &b->shop, 8150, 9000), 0);
	assert_int_equal(app_mark_destroyed(b->store, &b->shop, NULL), 0);
	assert_int_equal(map(b, &b->blog, 8150, 9000), 0);
	assert_int_equal(map(b, &b->blog, b->shop.port, 9000), 0);
}

static void a_shared_network_has_a_subnet_that_no_app_has(void **state)
{
	struct bench *b = *state;
	const struct user ada = {.id = 1, .name = "ada"}, bob = {.id = 2, .name = "bob"};
	struct shared_network n;
	struct app next;

	assert_int_equal(shared_network_create(
				 b->store, &b->settings, "inner", &ada, false, &n, NULL),
		0);
	assert_int_equal(n.subnet, b->blog.subnet + 1);
	assert_string_equal(n.user, "ada");
	assert_int_equal(n.user_id, 1);
	assert_int_equal(
		app_create(b->store, &b->settings, "next", 0, false, &next, NULL), 0);
	assert_int_equal(next.subnet, b->blog.subnet + 2);
	assert_int_equal(shared_network_create(
				 b->store, &b->settings, "inner", &bob, false, &n, NULL),
		ERR_EXISTS);
	assert_int_equal(shared_network_forget(b->store, "inner", NULL), 0);
	assert_int_equal(shared_network_find(b->store, "inner", &n, NULL), ERR_NOTFOUND);
}

static void a_shared_network_is_nobodys_when_its_user_is_gone(void **state)
{
	struct bench *b = *state;
	struct shared_network n;
	struct user ada, bob;

	assert_int_equal(users_create(b->store, "ada", true, true, &ada, NULL), 0);
	assert_int_equal(users_create(b->store, "bob", false, true, &bob, NULL), 0);
	assert_int_equal(shared_network_create(
				 b->store, &b->settings, "inner", &bob, false, &n, NULL),
		0);
	assert_int_equal(users_remove(b->store, &b->settings, "bob", false, NULL), 0);
	assert_int_equal(shared_network_find(b->store, "inner", &n, NULL), 0);
	assert_int_equal(n.user_id, USER_NOBODY);
	assert_string_equal(n.user, "");
}

static void a_shared_network_takes_no_name_that_means_something_else(void **state)
{
	static const char *const names[] = {
		"", "a", "host", "bridge", "none", "bardo.shop", "-x", "a b", "a/b"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(shared_network_check_name(names[i], NULL), ERR_USAGE);
	assert_int_equal(shared_network_check_name("Data_net-2", NULL), 0);
}

static int note(void *ctx, const struct mount_use *u)
{
	char *text = ctx;
	size_t len = strlen(text);

	(void)snprintf(text + len, 256 - len, "%s %d %s:%s%s|", u->app, u->life,
		u->source, u->target, u->over ? " over" : "");
	return 0;
}

static void lives_tell_what_they_had_mounted_old_and_new(void **state)
{
	struct bench *b = *state;
	struct life one = {.app_id = b->shop.id}, two = {0};
	char text[256] = "";

	(void)snprintf(one.user, sizeof(one.user), "ada");
	two = one;
	assert_int_equal(life_create(b->store, &b->shop, &one, NULL), 0);
	assert_int_equal(life_create(b->store, &b->shop, &two, NULL), 0);
	assert_int_equal(
		life_set_config(b->store, &one,
			"{\"volumes\":[{\"name\":\"shop_data\",\"path\":\"/data\"}]}",
			NULL),
		0);
	assert_int_equal(life_set_config(b->store, &two,
				 "{\"mounts\":[{\"source\":\"shop_data\",\"target\":"
				 "\"/data\",\"options\":\"ro\"}]}",
				 NULL),
		0);
	assert_int_equal(life_fail(b->store, &one, "it was bad", NULL), 0);
	assert_int_equal(mounts_each_use(b->store, 0, "shop_data", note, text, NULL), 0);
	assert_string_equal(text, "shop 1 shop_data:/data over|shop 2 shop_data:/data|");
	text[0] = '\0';
	assert_int_equal(
		mounts_each_use(b->store, b->blog.id, NULL, note, text, NULL), 0);
	assert_string_equal(text, "");
}

/* ---- without the proxy ---- */

static void disable_proxy(struct bench *b, struct app *app, const char *value)
{
	assert_int_equal(property_set(b->store, app->id, PUBLISH_FAMILY, PUBLISH_DISABLED,
				 value, &b->err),
		0);
	assert_int_equal(publish_prepare(b->store, &b->settings, app, &b->err), 0);
}

static void an_app_without_the_proxy_has_a_port_and_a_network_beside(void **state)
{
	struct bench *b = *state;
	const struct user ada = {.id = 1, .name = "ada"};
	struct shared_network net;
	int own = b->shop.port;

	disable_proxy(b, &b->shop, "true");
	disable_proxy(b, &b->blog, "true");
	assert_int_equal(b->shop.port, 8200);
	assert_int_equal(b->blog.port, 8201);
	assert_int_equal(b->shop.inside, b->blog.subnet + 1);
	assert_int_equal(b->blog.inside, b->blog.subnet + 2);
	assert_int_equal(shared_network_create(
				 b->store, &b->settings, "db", &ada, true, &net, NULL),
		0);
	assert_int_equal(net.subnet, b->blog.subnet + 3);
	assert_true(net.internal);
	disable_proxy(b, &b->shop, "");
	assert_int_equal(b->shop.port, own);
	disable_proxy(b, &b->shop, "true");
	assert_int_equal(b->shop.port, 8200);
}

static void its_mapped_ports_are_of_proxy_published(void **state)
{
	struct bench *b = *state;
	struct port_backend backends[2 * PORTS_MAX];
	size_t len;

	disable_proxy(b, &b->shop, "true");
	assert_int_equal(map(b, &b->shop, 8150, 9000), ERR_USAGE);
	assert_int_equal(map(b, &b->blog, 8250, 9000), ERR_USAGE);
	assert_int_equal(map(b, &b->shop, 8250, 9000), 0);
	assert_int_equal(port_backends_read(b->store, &b->shop, backends, &len, NULL), 0);
	assert_int_equal(len, 0);
}

static void without_any_proxy_it_keeps_its_own_port(void **state)
{
	struct bench *b = *state;
	bool is = false;
	int own = b->shop.port;

	(void)snprintf(b->settings.proxy_driver, sizeof(b->settings.proxy_driver), "%s",
		SETTING_NO_PROXY);
	assert_int_equal(
		publish_is_set(b->store, &b->settings, b->shop.id, &is, NULL), 0);
	assert_true(is);
	disable_proxy(b, &b->shop, "");
	assert_int_equal(b->shop.port, own);
	assert_true(b->shop.inside >= 0);
}

static void ports_that_haproxy_has_are_not_published(void **state)
{
	struct bench *b = *state;

	b->settings.proxy_published_first = b->settings.proxy_port_last;
	assert_int_equal(property_set(b->store, b->shop.id, PUBLISH_FAMILY,
				 PUBLISH_DISABLED, "true", NULL),
		0);
	assert_int_equal(
		publish_prepare(b->store, &b->settings, &b->shop, &b->err), ERR_FAILED);
	assert_non_null(strstr(b->err.msg, "have ports in common"));
}

static int change(struct bench *b, struct app *app, bool disable)
{
	return publish_change(b->store, &b->settings, app, disable, true, &b->err);
}

/* A new life of shop's is live; one that publishes has the port that is its own by now.
 */
static struct life switch_over(struct bench *b, bool publishes)
{
	struct life life = {.app_id = b->shop.id};
	char config[64] = "{}";

	(void)snprintf(life.user, sizeof(life.user), "ada");
	if (publishes)
		(void)snprintf(config, sizeof(config),
			"{\"publish\":[{\"host\":%d,\"container\":5000}]}", b->shop.port);
	assert_int_equal(life_create(b->store, &b->shop, &life, NULL), 0);
	assert_int_equal(life_set_config(b->store, &life, config, NULL), 0);
	assert_int_equal(life_switch(b->store, &b->shop, &life, &b->err), 0);
	return life;
}

static void a_port_is_nobody_elses_as_long_as_a_life_has_it(void **state)
{
	struct bench *b = *state;
	struct life life;

	disable_proxy(b, &b->shop, "true");
	life = switch_over(b, true);
	disable_proxy(b, &b->shop, "");
	disable_proxy(b, &b->blog, "true");
	assert_int_equal(b->blog.port, 8201);
	(void)switch_over(b, false);
	assert_int_equal(map(b, &b->blog, 8200, 9000), ERR_EXISTS);
	/* It comes back to the same. */
	disable_proxy(b, &b->shop, "true");
	assert_int_equal(b->shop.port, 8200);
	disable_proxy(b, &b->shop, "");
	assert_int_equal(life_retire(b->store, &life, NULL), 0);
	assert_int_equal(map(b, &b->blog, 8200, 9000), 0);
}

static void a_change_that_no_life_follows_is_taken_back(void **state)
{
	struct bench *b = *state;
	int own = b->shop.port;
	bool is = false;

	assert_int_equal(change(b, &b->shop, true), 0);
	assert_int_equal(b->shop.port, 8200);
	assert_int_equal(publish_settle(b->store, &b->shop, false, NULL), 0);
	assert_int_equal(b->shop.port, own);
	assert_int_equal(change(b, &b->shop, true), 0);
	assert_int_equal(publish_settle(b->store, &b->shop, true, NULL), 0);
	assert_int_equal(b->shop.port, 8200);
	(void)switch_over(b, true);
	assert_int_equal(change(b, &b->shop, false), 0);
	assert_int_equal(b->shop.port, own);
	assert_int_equal(publish_is_changing(b->store, &b->shop, &is, NULL), 0);
	assert_true(is);
	assert_int_equal(publish_settle(b->store, &b->shop, false, NULL), 0);
	assert_int_equal(b->shop.port, 8200);
	assert_int_equal(publish_is_changing(b->store, &b->shop, &is, NULL), 0);
	assert_false(is);
	assert_int_equal(
		publish_is_set(b->store, &b->settings, b->shop.id, &is, NULL), 0);
	assert_true(is);
}

#define SHARED_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SHARED_TEST(an_app_without_mappings_has_its_own_port),
		SHARED_TEST(each_container_port_gets_one_backend_that_nobody_else_has),
		SHARED_TEST(a_backend_is_given_back_when_no_port_leads_there),
		SHARED_TEST(ports_of_others_and_of_nobody_are_refused_and_change_nothing),
		SHARED_TEST(a_new_app_gets_no_port_that_was_mapped),
		SHARED_TEST(a_destroyed_app_gives_ports_and_backends_back),
		SHARED_TEST(a_shared_network_has_a_subnet_that_no_app_has),
		SHARED_TEST(a_shared_network_is_nobodys_when_its_user_is_gone),
		SHARED_TEST(a_shared_network_takes_no_name_that_means_something_else),
		SHARED_TEST(an_app_without_the_proxy_has_a_port_and_a_network_beside),
		SHARED_TEST(its_mapped_ports_are_of_proxy_published),
		SHARED_TEST(a_port_is_nobody_elses_as_long_as_a_life_has_it),
		SHARED_TEST(a_change_that_no_life_follows_is_taken_back),
		SHARED_TEST(without_any_proxy_it_keeps_its_own_port),
		SHARED_TEST(ports_that_haproxy_has_are_not_published),
		SHARED_TEST(lives_tell_what_they_had_mounted_old_and_new),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
