#include "builder/life/plan.h"
#include "config/base/err.h"
#include "config/record/apps.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plan plan_of(const char *config)
{
	struct app app = {.name = "shop"};
	struct plan plan;
	struct err err = {0};
	cJSON *image = cJSON_Parse(config);

	assert_non_null(image);
	assert_int_equal(plan_from_image(&plan, &app, image, &err), 0);
	cJSON_Delete(image);
	return plan;
}

static void takes_the_lowest_exposed_tcp_port(void **state)
{
	(void)state;
	assert_int_equal(
		plan_of("{\"Config\":{\"ExposedPorts\":{\"9000/tcp\":{},\"8080/tcp\":{},"
			"\"53/udp\":{}}}}")
			.port,
		8080);
}

static void tells_an_image_that_exposes_nothing_port_5000(void **state)
{
	(void)state;
	assert_int_equal(plan_of("{\"Config\":{}}").port, 5000);
	assert_int_equal(
		plan_of("{\"Config\":{\"ExposedPorts\":{\"53/udp\":{}}}}").port, 5000);
}

static void knows_an_image_that_serves_nothing(void **state)
{
	(void)state;
	assert_int_equal(
		plan_of("{\"Config\":{\"Healthcheck\":{\"Test\":[\"NONE\"]}}}").port, 0);
}

static void makes_volumes_named_volumes_and_stops_first(void **state)
{
	struct plan plan = plan_of("{\"Config\":{\"Volumes\":{\"/var/lib/data/\":{}}}}");

	(void)state;
	assert_int_equal(plan.volumes_len, 1);
	assert_string_equal(plan.volumes[0].name, "shop_var_lib_data");
	assert_string_equal(plan.volumes[0].path, "/var/lib/data/");
	assert_true(plan_stops_first(&plan));
}

static void reads_back_what_it_wrote(void **state)
{
	struct plan plan = plan_of("{\"Config\":{\"ExposedPorts\":{\"80/tcp\":{}},"
				   "\"Volumes\":{\"/a\":{},\"/b\":{}}}}"),
		    back;
	struct err err = {0};
	char *json = plan_to_json(&plan);

	(void)state;
	assert_int_equal(plan_from_json(&back, json, &err), 0);
	assert_int_equal(back.port, 80);
	assert_int_equal(back.volumes_len, 2);
	assert_string_equal(back.volumes[1].name, plan.volumes[1].name);
	free(json);
}

static void says_that_a_stored_plan_is_damaged(void **state)
{
	struct plan plan;
	struct err err = {0};

	(void)state;
	assert_int_equal(plan_from_json(&plan, "{", &err), ERR_FAILED);
	assert_int_equal(
		plan_from_json(&plan, "{\"port\":1,\"volumes\":[{}]}", &err), ERR_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_lowest_exposed_tcp_port),
		cmocka_unit_test(tells_an_image_that_exposes_nothing_port_5000),
		cmocka_unit_test(knows_an_image_that_serves_nothing),
		cmocka_unit_test(makes_volumes_named_volumes_and_stops_first),
		cmocka_unit_test(reads_back_what_it_wrote),
		cmocka_unit_test(says_that_a_stored_plan_is_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
