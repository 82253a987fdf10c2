#include "builder/recipe/recipe.h"

#include "builder/recipe/app_json.h"
#include "builder/recipe/bardo_json.h"
#include "builder/recipe/procfile.h"
#include "tests/unit/scene.h"

#include <cjson/cJSON.h>

/* ---- the Procfile ---- */

/* "name=command;…", so that a whole file is one text to compare. */
static void expect_processes(const char *text, const char *wanted)
{
	struct err e = {0};
	cJSON *list = NULL, *process;
	char all[1024] = "";
	size_t n = 0;

	if (procfile_parse(text, strlen(text), &list, &e))
		fail_msg("%s: %s", text, e.msg);
	cJSON_ArrayForEach(process, list)
	{
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s=%s;",
			cJSON_GetStringValue(cJSON_GetObjectItem(process, "name")),
			cJSON_GetStringValue(cJSON_GetObjectItem(process, "command")));
	}
	assert_string_equal(all, wanted);
	cJSON_Delete(list);
}

static void expect_bad_processes(const char *text, const char *message)
{
	struct err e = {0};
	cJSON *list = NULL;

	if (procfile_parse(text, strlen(text), &list, &e) != ERR_FAILED)
		fail_msg("was taken: %s", text);
	if (!strstr(e.msg, message))
		fail_msg("wanted %s, got %s", message, e.msg);
	assert_null(list);
}

static void reads_a_procfile_in_its_order(void **state)
{
	(void)state;
	expect_processes("web: ./serve -p $PORT\nworker:./work\nrelease:\t./migrate\n",
		"web=./serve -p $PORT;worker=./work;release=./migrate;");
	expect_processes("web: no newline at the end", "web=no newline at the end;");
	expect_processes("web: a: b: c\n", "web=a: b: c;");
}

static void passes_over_comments_and_blank_lines(void **state)
{
	(void)state;
	expect_processes("# one\n\n  // two\n   \t\nweb: x\n", "web=x;");
	expect_processes("web: x # y\nb: x // y\n", "web=x;b=x;");
	expect_processes("web: get http://x/#here a#b\n", "web=get http://x/#here a#b;");
	expect_processes("web: x\r\n\r\nworker: y  \r\n", "web=x;worker=y;");
}

static void names_the_line_of_what_is_no_process(void **state)
{
	(void)state;
	expect_bad_processes("web: x\n\n<<<<<<< HEAD\n",
		"line 3: expected NAME: COMMAND and found <<<<<<< HEAD");
	expect_bad_processes("web:\n", "line 1: web has no command");
	expect_bad_processes("web: # later\n", "line 1: web has no command");
	expect_bad_processes("web: x\nweb: y\n", "line 2: web stands there twice");
	expect_bad_processes("# nothing\n", "there is no process in it");
	expect_bad_processes("", "there is no process in it");
	expect_bad_processes("Web: x\n", "line 1: Web is no name");
	expect_bad_processes("a_b: x\n", "line 1: a_b is no name");
	expect_bad_processes("a-: x\n", "line 1: a- is no name");
	expect_bad_processes(": x\n", "line 1: (nothing) is no name");
	expect_bad_processes(
		"a2345678901234567890123456789012345678901: x\n", "is no name");
	expect_bad_processes("web: x\nrun: y\n", "line 2: the name run is taken");
	expect_bad_processes("predeploy: y\n", "the name predeploy is taken");
	expect_bad_processes("web: \xff\n", "line 1: not UTF-8");
}

static void takes_sixteen_process_types_beside_release(void **state)
{
	char text[1024] = "release: x\n";
	struct err e = {0};
	cJSON *list = NULL;
	size_t n = strlen(text);

	(void)state;
	for (int i = 0; i < PROCFILE_PROCESSES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "p%d: x\n", i);
	assert_int_equal(procfile_parse(text, n, &list, &e), 0);
	cJSON_Delete(list);
	(void)snprintf(text + n, sizeof(text) - n, "more: x\n");
	expect_bad_processes(text, "line 18: more than 16 process types");
}

/* ---- app.json ---- */

static void expect_app(const char *text)
{
	struct err e = {0};
	cJSON *root = NULL;

	if (app_json_parse(text, strlen(text), &root, &e))
		fail_msg("%s: %s", text, e.msg);
	cJSON_Delete(root);
}

static void expect_bad_app(const char *text, const char *message)
{
	struct err e = {0};
	cJSON *root = NULL;

	if (app_json_parse(text, strlen(text), &root, &e) != ERR_FAILED)
		fail_msg("was taken: %s", text);
	if (!strstr(e.msg, message))
		fail_msg("wanted %s, got %s", message, e.msg);
	assert_null(root);
}

static void takes_what_dokku_documents(void **state)
{
	(void)state;
	expect_app("{}");
	expect_app("{\"name\":\"x\",\"addons\":[\"redis\",{\"plan\":\"y\"}],"
		   "\"buildpacks\":[{\"url\":\"heroku/python\"}]}");
	expect_app("{\"scripts\":{\"dokku\":{\"predeploy\":\"a\",\"postdeploy\":\"b\"},"
		   "\"postdeploy\":\"c\",\"test\":1}}");
	expect_app("{\"formation\":{\"web\":{\"quantity\":2,\"max_parallel\":1,"
		   "\"size\":\"standard-1x\",\"autoscaling\":{}},\"worker\":{}}}");
	expect_app("{\"env\":{\"A\":\"x\",\"B\":{\"value\":\"y\",\"required\":false},"
		   "\"C\":{\"generator\":\"secret\",\"description\":\"d\"},"
		   "\"D\":{\"required\":true},\"E\":{\"value\":\"\",\"sync\":true}}}");
	expect_app("{\"cron\":[{\"command\":\"a\",\"schedule\":\"@daily\"},"
		   "{\"command\":\"b\",\"schedule\":\"*/5 1-3,7 * jan-mar MON\","
		   "\"maintenance\":true,\"concurrency_policy\":\"forbid\"}]}");
	expect_app(
		"{\"healthchecks\":{\"web\":[{\"type\":\"startup\",\"name\":\"n\","
		"\"path\":\"/up\",\"attempts\":3,\"timeout\":5,\"wait\":2,"
		"\"initialDelay\":0,\"content\":\"ok\",\"port\":5000,\"scheme\":\"http\","
		"\"httpHeaders\":[{\"name\":\"X-A\",\"value\":\"b: c\"}],\"warn\":true},"
		"{\"command\":[\"test\",\"-f\",\"/x\"]},{\"uptime\":10},"
		"{\"listening\":true,\"port\":3000,\"description\":\"d\"}]}}");
}

static void names_line_and_place_in_app_json(void **state)
{
	(void)state;
	expect_bad_app("{\n \"formation\": {\n  \"web\": {\n   \"quantity\": \"2\"}}}",
		"line 4: formation.web.quantity: expected a whole number from 0 to 20");
	expect_bad_app("{\"formation\":{\"web\":{\"quantity\":1.5}}}",
		"line 1: formation.web.quantity: expected a whole number");
	expect_bad_app("{\"formation\":{\"web\":{\"quantity\":1e99}}}", "whole number");
	expect_bad_app("{\"formation\":{\"web\":{\"quantity\":-1}}}", "whole number");
	expect_bad_app(
		"{\"formation\":{\"web\":2}}", "formation.web: expected an object");
	expect_bad_app("{\"formation\":[]}", "formation: expected an object");
	expect_bad_app("{\"formation\":{\"Web\":{}}}", "formation.Web: no name");
	expect_bad_app("{\"scripts\":{\n\"dokku\":{\n\"predeploy\":[\"x\"]}}}",
		"line 3: scripts.dokku.predeploy: expected a text");
	expect_app("{\"scripts\":{\"bardo\":{\"verify\":\"./try\"}}}");
	expect_bad_app(
		"{\"scripts\":{\"bardo\":{\"verify\":1}}}", "scripts.bardo.verify: ");
	expect_bad_app("{\"scripts\":{\"postdeploy\":\"a\\nb\"}}",
		"scripts.postdeploy: a line break");
	expect_bad_app("{\"env\":{\"A\":5}}", "env.A: expected a text, in quotes");
	expect_bad_app("{\"env\":{\"1A\":\"x\"}}", "env.1A: no name for a variable");
	expect_bad_app("{\"env\":{\"A\":{\"generator\":\"echo\"}}}",
		"env.A.generator: expected secret");
	expect_bad_app("{\"env\":{\"A\":{\"required\":\"yes\"}}}",
		"env.A.required: expected true or false");
	expect_bad_app("{\"env\":{\n\"A\":\"x\",\n\"A\":\"y\"}}",
		"line 3: env.A: stands there twice");
	expect_bad_app("{\"env\":{\"A\":\"x\\u0000y\"}}", "\\u0000 can't stand");
}

static void refuses_what_is_no_json(void **state)
{
	(void)state;
	expect_bad_app("", "it ends too early");
	expect_bad_app("{\"a\":", "it ends too early");
	expect_bad_app("{\n\"a\": 1\n\"b\": 2\n}", "line 3: not JSON at \"b\": 2");
	expect_bad_app("{\"a\":1} x", "line 1: not JSON at x");
	expect_bad_app("{\n\"a\": [1,\n]}\n", "line 3: not JSON at ]}");
	expect_bad_app("{\n// no\n}", "line 2: not JSON at");
	expect_bad_app("[]", "it must hold an object");
	expect_bad_app("\"x\"", "it must hold an object");
	expect_bad_app("{\"a\":\"\xc3\"}", "line 1: not UTF-8");
}

static void refuses_healthchecks_that_nobody_can_run(void **state)
{
	static const struct {
		const char *check, *message;
	} bad[] = {
		{"{\"type\":\"boot\"}", "expected startup, readiness or liveness"},
		{"{\"path\":\"/\",\"uptime\":3}", "path and uptime in one check"},
		{"{\"listening\":true,\"content\":\"ok\"}",
			"content is looked for in what a path answers"},
		{"{\"command\":\"true\"}", "expected a list of texts"},
		{"{\"command\":[]}", "it is empty"},
		{"{\"port\":70000}", "expected a whole number from 0 to 65535"},
		{"{\"scheme\":\"ftp\"}", "expected http or https"},
		{"{\"httpHeaders\":[{\"name\":\"A\"}]}", "value is missing"},
		{"{\"httpHeaders\":[{\"name\":\"A:\",\"value\":\"b\"}]}", "a colon"},
		{"{\"httpHeaders\":[{\"name\":\"A\",\"value\":\"b\\r\\nC: d\"}]}",
			"healthchecks.web[0].httpHeaders[0].value: a line break"},
		{"3", "healthchecks.web[0]: expected an object"},
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text), "{\"healthchecks\":{\"web\":[%s]}}",
			bad[i].check);
		expect_bad_app(text, bad[i].message);
	}
	expect_bad_app("{\"healthchecks\":{\"web\":{}}}", "expected a list");
}

static void refuses_schedules_that_never_come(void **state)
{
	static const char *const good[] = {"* * * * *", "0 0 1 1 0", "0-59/5 0 * * *",
		"1,2,3 4-5 6 JUL sun,7", "  5  4 * * mon-fri ", "@hourly", "@yearly"};
	static const char *const bad[] = {"", "* * * *", "* * * * * *", "60 * * * *",
		"* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
		"*/0 * * * *", "a * * * *", "1, * * * *", ",1 * * * *", "@reboot",
		"@every 5m", "1- * * * *", "-1 * * * *", "* * * * mon-", "* * * foo *"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		(void)snprintf(text, sizeof(text),
			"{\"cron\":[{\"command\":\"x\",\"schedule\":\"%s\"}]}", good[i]);
		expect_app(text);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)snprintf(text, sizeof(text),
			"{\"cron\":[{\"command\":\"x\",\"schedule\":\"%s\"}]}", bad[i]);
		expect_bad_app(text, "cron[0].schedule: ");
	}
	expect_bad_app(
		"{\"cron\":[{\"schedule\":\"@daily\"}]}", "cron[0]: command is missing");
}

/* ---- bardo.json ---- */

#define TWO_SETS                                                                         \
	"{\"configurations\":{\"wordpress\":{\"volumes\":[\"data:/var/lib/x\","          \
	"\"conf:/etc/x:ro\"],\"ports\":[\"http:80:5000\"],\"networks\":[\"shared\"],"    \
	"\"env\":{\"K\":\"v\"},\"arguments\":[\"--flag\",\"\"]},\"database\":{}}}"

static void expect_bad_set(const char *set, const char *message)
{
	struct err e = {0};
	cJSON *out = NULL;
	char text[512];

	(void)snprintf(text, sizeof(text), "{\"configurations\":{\"a\":%s}}", set);
	if (bardo_json_parse(text, strlen(text), "", &out, &e) != ERR_FAILED)
		fail_msg("was taken: %s", text);
	if (!strstr(e.msg, message))
		fail_msg("wanted %s, got %s", message, e.msg);
}

static void gives_the_configuration_that_was_chosen(void **state)
{
	struct err e = {0};
	cJSON *out = NULL;

	(void)state;
	assert_int_equal(
		bardo_json_parse(TWO_SETS, strlen(TWO_SETS), "wordpress", &out, &e), 0);
	assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(
				    cJSON_GetObjectItem(out, "env"), "K")),
		"v");
	cJSON_Delete(out);
	assert_int_equal(bardo_json_parse(TWO_SETS, strlen(TWO_SETS), "", &out, &e), 0);
	assert_null(out);
}

static void lists_the_configurations_that_there_are(void **state)
{
	struct err e = {0};
	cJSON *out = NULL;

	(void)state;
	assert_int_equal(bardo_json_parse(TWO_SETS, strlen(TWO_SETS), "blog", &out, &e),
		ERR_FAILED);
	assert_non_null(strstr(
		e.msg, "it has no configuration blog, but wordpress, database: choose"));
	assert_null(out);
}

static void lets_a_repository_name_nothing_of_the_host(void **state)
{
	(void)state;
	expect_bad_set("{\"volumes\":[\"/etc:/etc\"]}", "a path of the host");
	expect_bad_set("{\"volumes\":[\"../x:/etc\"]}", "a path of the host");
	expect_bad_set("{\"volumes\":[\"data\"]}",
		"configurations.a.volumes[0]: expected NAME:/PATH");
	expect_bad_set("{\"volumes\":[\"data:x\"]}", "expected NAME:/PATH");
	expect_bad_set("{\"volumes\":[\"data:/\"]}", "expected NAME:/PATH");
	expect_bad_set("{\"volumes\":[\"data:/x:exec\"]}", "there are ro and rw");
	expect_bad_set("{\"volumes\":[\"data:/x,readonly\"]}", "expected NAME:/PATH");
	expect_bad_set("{\"networks\":[\"host\"]}", "a network of the host");
	expect_bad_set("{\"networks\":[\"container:x\"]}", "no name for a network");
	expect_bad_set("{\"networks\":[\"bardo.shop\"]}", "another app's network");
}

static void refuses_other_mistakes_in_bardo_json(void **state)
{
	struct err e = {0};
	cJSON *out = NULL;

	(void)state;
	expect_bad_set("{\"volume\":[]}",
		"configurations.a.volume: unknown: there are volumes, ports, networks, "
		"env and arguments");
	expect_bad_set("{\"ports\":[\"80:5000\"]}", "expected http:PORT");
	expect_bad_set("{\"ports\":[\"http:0:5000\"]}", "expected http:PORT");
	expect_bad_set("{\"ports\":[\"http:80:5000:1\"]}", "expected http:PORT");
	expect_bad_set("{\"ports\":[\"http::5000\"]}", "expected http:PORT");
	expect_bad_set("{\"env\":{\"K\":1}}", "env.K: expected a text");
	expect_bad_set("{\"arguments\":\"--x\"}", "expected a list of texts");
	expect_bad_set("[]", "expected an object");
	assert_int_equal(bardo_json_parse("{}", 2, "", &out, &e), ERR_FAILED);
	assert_non_null(strstr(e.msg, "configurations is missing"));
}

/* ---- out of a commit ---- */

static struct recipe_options recipe_of(const struct scene *s)
{
	return (struct recipe_options){
		.repository = s->git, .commit = s->commit, .dir = ""};
}

static void reads_the_files_of_a_commit(void **state)
{
	struct scene *s = *state;
	struct recipe_options o;
	struct recipe r;
	struct err e = {0};

	commit(s,
		"echo 'web: x' >Procfile; echo '{\"formation\":{}}' >app.json\n"
		"mkdir -p api/deploy; echo 'web: y' >api/deploy/Procfile\n"
		"ln -s ../app.json api/app.json\n"
		"echo '{\"configurations\":{\"a\":{}}}' >bardo.json");
	o = recipe_of(s);
	assert_int_equal(recipe_read(&r, &o, &e), 0);
	assert_int_equal(cJSON_GetArraySize(r.processes), 1);
	assert_non_null(r.app);
	assert_null(r.configuration);
	recipe_finish(&r);
	o.configuration = "a";
	assert_int_equal(recipe_read(&r, &o, &e), 0);
	assert_non_null(r.configuration);
	recipe_finish(&r);
	/* A folder has its own files; one that isn't there is none. */
	o.dir = "./api/";
	o.configuration = "";
	assert_int_equal(recipe_read(&r, &o, &e), 0);
	assert_null(r.processes);
	assert_non_null(r.app);
	recipe_finish(&r);
	o.procfile = "deploy/Procfile";
	assert_int_equal(recipe_read(&r, &o, &e), 0);
	assert_int_equal(cJSON_GetArraySize(r.processes), 1);
	recipe_finish(&r);
	o.procfile = "../Procfile";
	assert_int_equal(recipe_read(&r, &o, &e), 0);
	assert_null(r.processes);
	recipe_finish(&r);
}

static void expect_bad_commit(const struct recipe_options *o, const char *message)
{
	struct recipe r;
	struct err e = {0};

	assert_int_equal(recipe_read(&r, o, &e), ERR_FAILED);
	if (!strstr(e.msg, message))
		fail_msg("wanted %s, got %s", message, e.msg);
}

static void names_the_file_that_is_wrong(void **state)
{
	struct scene *s = *state;
	struct recipe_options o;

	commit(s,
		"mkdir a b c d; echo 'web' >a/Procfile; echo '[' >b/app.json\n"
		"echo '{}' >c/bardo.json; head -c 262145 /dev/zero >d/Procfile");
	o = recipe_of(s);
	o.dir = "a";
	expect_bad_commit(&o, "Procfile: line 1: expected NAME: COMMAND");
	o.dir = "b";
	expect_bad_commit(&o, "app.json: line 2: not JSON: it ends too early");
	o.dir = "c";
	expect_bad_commit(&o, "bardo.json: line 1: configurations is missing");
	o.dir = "d";
	expect_bad_commit(&o, "Procfile: more than 262144 bytes");
	o.dir = "";
	o.configuration = "wordpress";
	expect_bad_commit(
		&o, "has no bardo.json, but the configuration wordpress is set");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_procfile_in_its_order),
		cmocka_unit_test(passes_over_comments_and_blank_lines),
		cmocka_unit_test(names_the_line_of_what_is_no_process),
		cmocka_unit_test(takes_sixteen_process_types_beside_release),
		cmocka_unit_test(takes_what_dokku_documents),
		cmocka_unit_test(names_line_and_place_in_app_json),
		cmocka_unit_test(refuses_what_is_no_json),
		cmocka_unit_test(refuses_healthchecks_that_nobody_can_run),
		cmocka_unit_test(refuses_schedules_that_never_come),
		cmocka_unit_test(gives_the_configuration_that_was_chosen),
		cmocka_unit_test(lists_the_configurations_that_there_are),
		cmocka_unit_test(lets_a_repository_name_nothing_of_the_host),
		cmocka_unit_test(refuses_other_mistakes_in_bardo_json),
		cmocka_unit_test_setup_teardown(
			reads_the_files_of_a_commit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			names_the_file_that_is_wrong, set_up, tear_down),
	};

	/* scene.h serves the source's tests too. */
	(void)expect_listing;
	(void)expect_paths;
	(void)expect_failure;
	(void)expect_same_tree;
	(void)options;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
