#include "builder/life/body.h"
#include "builder/life/compose.h"
#include "builder/life/plan.h"
#include "builder/recipe/recipe.h"
#include "builder/server.h"
#include "config/app/checks.h"
#include "config/app/listed.h"
#include "config/app/properties.h"
#include "config/app/scale.h"
#include "config/app/variables.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/record/places.h"
#include "config/settings.h"
#include "config/store.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An app named shop, and what is set for it. */
struct world {
	char dir[64];
	struct server server;
	struct settings settings;
	struct app app;
	struct recipe recipe;
	struct plan plan;
};

static int world_setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char path[128];

	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/bardo-plan-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	(void)snprintf(path, sizeof(path), "%s/bardo.db", w->dir);
	w->settings.proxy_port_first = 8100;
	w->settings.proxy_port_last = 8199;
	w->server.settings = &w->settings;
	assert_int_equal(store_open(&w->server.store, path, NULL), 0);
	w->app = (struct app){.id = 1, .name = "store", .handle = "shop"};
	*state = w;
	return 0;
}

static int world_teardown(void **state)
{
	struct world *w = *state;

	plan_finish(&w->plan);
	cJSON_Delete(w->recipe.processes);
	cJSON_Delete(w->recipe.app);
	cJSON_Delete(w->recipe.configuration);
	store_close(w->server.store);
	(void)io_remove_tree(w->dir, NULL);
	free(w);
	return 0;
}

static void compose(struct world *w, const char *image)
{
	struct err err = {0};
	cJSON *json = cJSON_Parse(image);

	assert_non_null(json);
	plan_finish(&w->plan);
	if (plan_compose(&w->plan, &w->server, &w->app, json, &w->recipe, &err) < 0)
		fail_msg("%s", err.msg);
	cJSON_Delete(json);
}

static const char *env(const struct world *w, const char *name)
{
	return plan_text(plan_part(&w->plan, "env"), name);
}

static void set(struct world *w, const char *name, const char *value)
{
	struct variables v = {0};

	assert_int_equal(variables_put(&v, name, value, NULL), 0);
	assert_int_equal(
		variables_change(w->server.store, w->app.id, &v, NULL, 0, NULL, NULL), 0);
	variables_finish(&v);
}

static void takes_the_lowest_exposed_tcp_port(void **state)
{
	struct world *w = *state;

	compose(w,
		"{\"Config\":{\"ExposedPorts\":{\"9000/tcp\":{},\"8080/tcp\":{},\"53/"
		"udp\":{}}}}");
	assert_int_equal(plan_port(&w->plan), 8080);
	assert_string_equal(env(w, "PORT"), "8080");
}

static void tells_an_image_that_exposes_nothing_port_5000(void **state)
{
	struct world *w = *state;

	compose(w, "{\"Config\":{}}");
	assert_int_equal(plan_port(&w->plan), 5000);
	compose(w, "{\"Config\":{\"ExposedPorts\":{\"53/udp\":{}}}}");
	assert_int_equal(plan_port(&w->plan), 5000);
}

static void knows_an_image_that_serves_nothing(void **state)
{
	struct world *w = *state;

	compose(w, "{\"Config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]}}}");
	assert_int_equal(plan_port(&w->plan), 0);
	assert_string_equal(env(w, "PORT"), "");
}

static void a_port_that_is_set_wins(void **state)
{
	struct world *w = *state;

	set(w, "PORT", "7000");
	compose(w, "{\"Config\":{\"ExposedPorts\":{\"8080/tcp\":{}}}}");
	assert_int_equal(plan_port(&w->plan), 7000);
	assert_string_equal(env(w, "PORT"), "7000");
}

static void makes_volumes_named_volumes_that_one_life_has(void **state)
{
	struct world *w = *state;
	const cJSON *mounts;

	compose(w, "{\"Config\":{\"Volumes\":{\"/var/lib/data/\":{}}}}");
	mounts = plan_part(&w->plan, "mounts");
	assert_int_equal(cJSON_GetArraySize(mounts), 1);
	assert_string_equal(plan_text(mounts->child, "source"), "shop_var_lib_data");
	assert_string_equal(plan_text(mounts->child, "target"), "/var/lib/data/");
	assert_string_equal(plan_exclusive_volume(&w->plan), "shop_var_lib_data");
}

static void a_mount_takes_the_place_of_a_volume(void **state)
{
	struct world *w = *state;
	const struct listed l = {"", "", "/srv/shop:/data:ro"};

	assert_int_equal(listed_add(w->server.store, 1, LISTED_MOUNT, &l, NULL), 0);
	compose(w, "{\"Config\":{\"Volumes\":{\"/data\":{}}}}");
	assert_int_equal(cJSON_GetArraySize(plan_part(&w->plan, "mounts")), 1);
	assert_null(plan_exclusive_volume(&w->plan));
}

static void a_part_of_a_volume_is_told_to_the_engine(void **state)
{
	struct world *w = *state;
	const struct listed l = {"", "", "shop_a:/a:ro,volume-subpath=in/b"};
	const struct place place = {.life = 1, .process = "web", .position = 1};
	const struct life life = {.number = 1};
	const cJSON *mount, *options;
	cJSON *body = NULL;

	assert_int_equal(listed_add(w->server.store, 1, LISTED_MOUNT, &l, NULL), 0);
	compose(w, "{\"Config\":{}}");
	assert_int_equal(
		container_body(&body, &w->server, &w->app, &life, &w->plan, &place, NULL),
		0);
	mount = cJSON_GetObjectItem(cJSON_GetObjectItem(body, "HostConfig"), "Mounts")
			->child;
	options = cJSON_GetObjectItem(mount, "VolumeOptions");
	assert_string_equal(plan_text(mount, "Source"), "shop_a");
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(mount, "ReadOnly")));
	assert_string_equal(plan_text(options, "Subpath"), "in/b");
	cJSON_Delete(body);
}

static void two_volumes_that_would_be_one_are_refused(void **state)
{
	struct world *w = *state;
	struct err err = {0};
	cJSON *image =
		cJSON_Parse("{\"Config\":{\"Volumes\":{\"/a/b\":{},\"/a_b\":{}}}}");

	assert_int_equal(
		plan_compose(&w->plan, &w->server, &w->app, image, &w->recipe, &err),
		ERR_FAILED);
	assert_non_null(strstr(err.msg, "shop_a_b"));
	cJSON_Delete(image);
}

static int count(const struct world *w, const char *process)
{
	struct plan_process p;

	return plan_find_process(&w->plan, process, &p) ? p.count : -1;
}

static void counts_come_from_scale_then_formation_then_custom(void **state)
{
	struct world *w = *state;

	w->recipe.processes =
		cJSON_Parse("[{\"name\":\"web\",\"command\":\"./serve\"},"
			    "{\"name\":\"worker\",\"command\":\"./work | tee log\"},"
			    "{\"name\":\"clock\",\"command\":\"./tick\"},"
			    "{\"name\":\"release\",\"command\":\"./migrate\"}]");
	w->recipe.app = cJSON_Parse("{\"formation\":{\"worker\":{\"quantity\":2},"
				    "\"web\":{\"quantity\":3}}}");
	assert_int_equal(scale_set(w->server.store, 1, "web", 4, NULL), 0);
	compose(w, "{\"Config\":{}}");
	assert_int_equal(count(w, "web"), 4);
	assert_int_equal(count(w, "worker"), 2);
	assert_int_equal(count(w, "clock"), 0);
	assert_int_equal(count(w, "release"), -1);
	assert_string_equal(plan_script(&w->plan, PLAN_RELEASE), "./migrate");
	assert_int_equal(plan_set_count(&w->plan, "clock", 1, NULL), 0);
	assert_int_equal(count(w, "clock"), 1);
	assert_int_equal(plan_set_count(&w->plan, "nothing", 1, NULL), ERR_NOTFOUND);
}

static void what_is_set_wins_over_the_configuration_file(void **state)
{
	struct world *w = *state;
	char ports[128];

	w->recipe.configuration = cJSON_Parse(
		"{\"env\":{\"A\":\"file\",\"B\":\"file\"},\"volumes\":[\"data:/data\"],"
		"\"arguments\":[\"-v\"],"
		"\"ports\":[\"http:8105:9000\",\"http:80:6000\"]}");
	set(w, "A", "set");
	compose(w, "{\"Config\":{\"ExposedPorts\":{\"8080/tcp\":{}}}}");
	assert_string_equal(env(w, "A"), "set");
	assert_string_equal(env(w, "B"), "file");
	assert_int_equal(plan_port(&w->plan), 6000);
	assert_true(
		cJSON_PrintPreallocated((cJSON *)(uintptr_t)plan_part(&w->plan, "ports"),
			ports, sizeof(ports), false));
	assert_string_equal(ports, "[{\"host\":8105,\"container\":9000}]");
	assert_string_equal(
		plan_text(plan_part(&w->plan, "mounts")->child, "source"), "shop_data");
}

static void reads_back_what_it_wrote(void **state)
{
	struct world *w = *state;
	struct plan back = {0};
	struct err err = {0};
	char *json, *again;

	assert_int_equal(property_set(w->server.store, 1, "ps", "restart-policy",
				 "on-failure:3", NULL),
		0);
	compose(w, "{\"Config\":{\"Volumes\":{\"/a\":{},\"/b\":{}}}}");
	json = plan_print(&w->plan);
	assert_int_equal(plan_parse(&back, json, &err), 0);
	again = plan_print(&back);
	assert_string_equal(json, again);
	assert_string_equal(plan_restart(&back), "on-failure:3");
	plan_finish(&back);
	free(again);
	free(json);
}

static void set_checks(struct world *w, const char *list, const char *types)
{
	assert_int_equal(
		property_set(w->server.store, 1, CHECKS_FAMILY, list, types, NULL), 0);
}

static struct plan_process process(const struct world *w, const char *name)
{
	struct plan_process p = {0};

	assert_true(plan_find_process(&w->plan, name, &p));
	return p;
}

static void freezes_the_checks_of_each_process_type(void **state)
{
	struct world *w = *state;

	w->recipe.processes =
		cJSON_Parse("[{\"name\":\"web\",\"command\":\"./serve\"},"
			    "{\"name\":\"worker\",\"command\":\"./work\"}]");
	w->recipe.app =
		cJSON_Parse("{\"healthchecks\":{\"web\":[{\"path\":\"/health\"}]},"
			    "\"scripts\":{\"bardo\":{\"verify\":\"./try\"}}}");
	compose(w, "{\"Config\":{}}");
	assert_string_equal(
		plan_text(process(w, "web").listed_checks->child, "path"), "/health");
	assert_null(process(w, "worker").listed_checks);
	assert_false(process(w, "web").skips_checks || process(w, "web").stops_first);
	assert_string_equal(plan_script(&w->plan, PLAN_VERIFY), "./try");
}

/* A type that is named is meant rather than one of all. */
static void freezes_which_checks_are_skipped_and_disabled(void **state)
{
	struct world *w = *state;

	w->recipe.processes =
		cJSON_Parse("[{\"name\":\"web\",\"command\":\"./serve\"},"
			    "{\"name\":\"clock\",\"command\":\"./tick\"},"
			    "{\"name\":\"worker\",\"command\":\"./work\"}]");
	set_checks(w, CHECKS_SKIPPED, "web,other");
	set_checks(w, CHECKS_DISABLED, "worker");
	compose(w, "{\"Config\":{}}");
	assert_true(process(w, "web").skips_checks && !process(w, "web").stops_first);
	assert_true(process(w, "worker").stops_first);
	assert_false(process(w, "clock").skips_checks || process(w, "clock").stops_first);
	set_checks(w, CHECKS_DISABLED, CHECKS_EVERY_TYPE);
	compose(w, "{\"Config\":{}}");
	assert_true(process(w, "web").skips_checks && !process(w, "web").stops_first);
	assert_true(process(w, "clock").stops_first);
}

static void understands_a_life_of_the_first_version(void **state)
{
	struct plan plan = {0};

	(void)state;
	assert_int_equal(plan_parse(&plan,
				 "{\"port\":80,\"env\":{\"PORT\":\"80\"},\"volumes\":"
				 "[{\"name\":\"shop_data\",\"path\":\"/data\"}]}",
				 NULL),
		0);
	assert_string_equal(plan_exclusive_volume(&plan), "shop_data");
	assert_true(plan_process(&plan, 0, &(struct plan_process){0}));
	plan_finish(&plan);
}

static void says_that_a_stored_plan_is_damaged(void **state)
{
	struct plan plan = {0};
	struct err err = {0};

	(void)state;
	assert_int_equal(plan_parse(&plan, "{", &err), ERR_FAILED);
	assert_int_equal(plan_parse(&plan, "{\"port\":1}", &err), ERR_FAILED);
}

static void assert_command(const char *line, const char *wanted)
{
	cJSON *command = container_command(line);
	char *text = cJSON_PrintUnformatted(command);

	assert_string_equal(text, wanted);
	free(text);
	cJSON_Delete(command);
}

static void plain_words_need_no_shell(void **state)
{
	(void)state;
	assert_command("./serve -p '80 80'", "[\"./serve\",\"-p\",\"80 80\"]");
	assert_command("serve $PORT", "[\"/bin/sh\",\"-c\",\"serve $PORT\"]");
	assert_command("A=1 serve", "[\"/bin/sh\",\"-c\",\"A=1 serve\"]");
	assert_command("serve 'open", "[\"/bin/sh\",\"-c\",\"serve 'open\"]");
}

static void a_published_port_is_one_containers_alone(void **state)
{
	struct err err = {0};
	struct plan plan = {0};
	struct plan_port port;

	(void)state;
	assert_int_equal(
		plan_parse(&plan,
			"{\"port\": 5000, \"env\": {}, \"processes\": [{\"name\": "
			"\"web\", \"count\": 1}, {\"name\": \"worker\", \"count\": "
			"1}], \"publish\": [{\"host\": 8100, \"container\": 5000}]}",
			&err),
		0);
	assert_true(plan_is_published(&plan));
	assert_true(plan_publishes(&plan, "web"));
	assert_false(plan_publishes(&plan, "worker"));
	assert_true(plan_published_port(&plan, 0, &port));
	assert_int_equal(port.host, 8100);
	assert_int_equal(port.container, 5000);
	assert_false(plan_published_port(&plan, 1, &port));
	assert_int_equal(plan_set_count(&plan, "worker", 3, &err), 0);
	assert_int_equal(plan_set_count(&plan, "web", 0, &err), 0);
	assert_int_equal(plan_set_count(&plan, "web", 2, &err), ERR_USAGE);
	assert_non_null(strstr(err.msg, "web=2: its port is published"));
	plan_finish(&plan);
}

#define claim(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		claim(takes_the_lowest_exposed_tcp_port),
		claim(tells_an_image_that_exposes_nothing_port_5000),
		claim(knows_an_image_that_serves_nothing),
		claim(a_port_that_is_set_wins),
		claim(makes_volumes_named_volumes_that_one_life_has),
		claim(a_mount_takes_the_place_of_a_volume),
		claim(a_part_of_a_volume_is_told_to_the_engine),
		claim(two_volumes_that_would_be_one_are_refused),
		claim(counts_come_from_scale_then_formation_then_custom),
		claim(what_is_set_wins_over_the_configuration_file),
		claim(reads_back_what_it_wrote),
		claim(freezes_the_checks_of_each_process_type),
		claim(freezes_which_checks_are_skipped_and_disabled),
		cmocka_unit_test(understands_a_life_of_the_first_version),
		cmocka_unit_test(says_that_a_stored_plan_is_damaged),
		cmocka_unit_test(a_published_port_is_one_containers_alone),
		cmocka_unit_test(plain_words_need_no_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
