#include "builder/options/docker_options.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/words.h"

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct pair {
	const char *line, *json;
};

static void check(int (*apply)(cJSON *, const char *, struct err *), const struct pair *p)
{
	cJSON *body = cJSON_CreateObject();
	struct err err = {0};
	char *text;

	if (apply(body, p->line, &err) < 0)
		fail_msg("%s: %s", p->line, err.msg);
	text = cJSON_PrintUnformatted(body);
	assert_string_equal(text, p->json);
	free(text);
	cJSON_Delete(body);
}

static const struct pair options[] = {
	{"--shm-size 64m", "{\"HostConfig\":{\"ShmSize\":67108864}}"},
	{"--shm-size=1GB", "{\"HostConfig\":{\"ShmSize\":1073741824}}"},
	{"-m 512m --memory-swap -1",
		"{\"HostConfig\":{\"Memory\":536870912,\"MemorySwap\":-1}}"},
	{"--cpus 1.5", "{\"HostConfig\":{\"NanoCpus\":1500000000}}"},
	{"--cpus .25", "{\"HostConfig\":{\"NanoCpus\":250000000}}"},
	{"--add-host db:10.0.0.9 --add-host q:10.0.0.8",
		"{\"HostConfig\":{\"ExtraHosts\":[\"db:10.0.0.9\",\"q:10.0.0.8\"]"
		"}}"},
	{"--ulimit nofile=1024:2048",
		"{\"HostConfig\":{\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":"
		"1024,"
		"\"Hard\":2048}]}}"},
	{"--ulimit core=-1",
		"{\"HostConfig\":{\"Ulimits\":[{\"Name\":\"core\",\"Soft\":-1,"
		"\"Hard\":-1}]}}"},
	{"--cap-add NET_ADMIN --cap-drop=ALL",
		"{\"HostConfig\":{\"CapAdd\":[\"NET_ADMIN\"],\"CapDrop\":["
		"\"ALL\"]}}"},
	{"--device /dev/snd:r",
		"{\"HostConfig\":{\"Devices\":[{\"PathOnHost\":\"/dev/snd\","
		"\"PathInContainer\":\"/dev/"
		"snd\",\"CgroupPermissions\":\"r\"}]}}"},
	{"--device /dev/sda:/dev/xvda",
		"{\"HostConfig\":{\"Devices\":[{\"PathOnHost\":\"/dev/sda\","
		"\"PathInContainer\":\"/dev/"
		"xvda\",\"CgroupPermissions\":\"rwm\"}]}}"},
	{"-e A=b -eA=c", "{\"Env\":[\"A=c\"]}"},
	{"--label 'a.b=c d'", "{\"Labels\":{\"a.b\":\"c d\"}}"},
	{"--hostname shop --init",
		"{\"Hostname\":\"shop\",\"HostConfig\":{\"Init\":true}}"},
	{"--init=false", "{\"HostConfig\":{\"Init\":false}}"},
	{"--log-opt tag=x",
		"{\"HostConfig\":{\"LogConfig\":{\"Config\":{\"tag\":\"x\"}}}}"},
	{"--oom-score-adj -500", "{\"HostConfig\":{\"OomScoreAdj\":-500}}"},
	{"--sysctl net.core.somaxconn=1024",
		"{\"HostConfig\":{\"Sysctls\":{\"net.core.somaxconn\":\"1024\"}}"
		"}"},
	{"--tmpfs /run:size=64m,noexec",
		"{\"HostConfig\":{\"Tmpfs\":{\"/run\":\"size=64m,noexec\"}}}"},
	{"-v data:/data:ro -v /cache",
		"{\"HostConfig\":{\"Binds\":[\"data:/data:ro\"]},\"Volumes\":{\"/"
		"cache\":{}}}"},
	{"--mount type=bind,source=/a,target=/b,readonly",
		"{\"HostConfig\":{\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/"
		"a\","
		"\"Target\":\"/b\",\"ReadOnly\":true}]}}"},
	{"--gpus all",
		"{\"HostConfig\":{\"DeviceRequests\":[{\"Count\":-1,"
		"\"Capabilities\":[[\"gpu\"]]}]}}"},
	{"--gpus device=0,2",
		"{\"HostConfig\":{\"DeviceRequests\":[{\"DeviceIDs\":[\"0\","
		"\"2\"],"
		"\"Capabilities\":[[\"gpu\"]]}]}}"},
	{"--expose 53/udp", "{\"ExposedPorts\":{\"53/udp\":{}}}"},
	{"--entrypoint /start", "{\"Entrypoint\":[\"/start\"]}"},
	{"--stop-timeout 30 --user 1000:1000",
		"{\"StopTimeout\":30,\"User\":\"1000:1000\"}"},
};

static void options_become_fields_of_the_api(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		check(docker_option_apply, &options[i]);
}

static void a_value_takes_the_place_of_the_one_before(void **state)
{
	cJSON *body =
		cJSON_Parse("{\"Env\":[\"A=1\",\"B=2\"],\"HostConfig\":{\"ShmSize\":1}}");
	char *text;

	(void)state;
	assert_int_equal(docker_option_apply(body, "-e A=3 --shm-size 2", NULL), 0);
	text = cJSON_PrintUnformatted(body);
	assert_string_equal(
		text, "{\"Env\":[\"B=2\",\"A=3\"],\"HostConfig\":{\"ShmSize\":2}}");
	free(text);
	cJSON_Delete(body);
}

static void an_alias_is_for_the_network_of_the_app(void **state)
{
	cJSON *body = cJSON_Parse(
		"{\"NetworkingConfig\":{\"EndpointsConfig\":{\"bardo.shop\":{}}}}");
	char *text;

	(void)state;
	assert_int_equal(docker_option_apply(body, "--network-alias db", NULL), 0);
	text = cJSON_PrintUnformatted(body);
	assert_string_equal(text,
		"{\"NetworkingConfig\":{\"EndpointsConfig\":{\"bardo.shop\":{"
		"\"Aliases\":[\"db\"]}}}}");
	free(text);
	cJSON_Delete(body);
}

static void build_options_become_parameters(void **state)
{
	static const struct pair pairs[] = {
		{"--build-arg A=b --build-arg C=d=e",
			"{\"buildargs\":{\"A\":\"b\",\"C\":\"d=e\"}}"},
		{"--target final --no-cache", "{\"target\":\"final\",\"nocache\":\"1\"}"},
		{"--add-host a:1.2.3.4", "{\"extrahosts\":[\"a:1.2.3.4\"]}"},
		{"--shm-size 1m --network=host",
			"{\"shmsize\":1048576,\"networkmode\":\"host\"}"},
		{"--cpuset-cpus 0-1", "{\"cpusetcpus\":\"0-1\"}"},
		{"--label a=b", "{\"labels\":{\"a\":\"b\"}}"},
		{"--cache-from x:1", "{\"cachefrom\":[\"x:1\"]}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		check(docker_option_apply_build, &pairs[i]);
}

/* What is refused, and a word that the refusal must have. */
static void refuses(int (*apply)(cJSON *, const char *, struct err *),
	const struct pair *pairs, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		cJSON *body = cJSON_CreateObject();
		struct err err = {0};

		assert_int_equal(apply(body, pairs[i].line, &err), ERR_USAGE);
		if (!strstr(err.msg, pairs[i].json))
			fail_msg("%s: no \"%s\" in: %s", pairs[i].line, pairs[i].json,
				err.msg);
		cJSON_Delete(body);
	}
}

static void what_has_no_field_is_refused_by_name_with_a_way_on(void **state)
{
	static const struct pair run[] = {
		{"-p 80:5000", "ports:add"},
		{"--publish=80:5000", "--publish"},
		{"--name x", "--name"},
		{"--network host", "network:set"},
		{"--restart=always", "ps:set"},
		{"--env-file /etc/env", "config:set"},
		{"--build-arg A=b", "--build-arg"},
		{"--frobnicate 1", "--frobnicate"},
		{"shm-size 64m", "shm-size"},
		{"--shm-size", "--shm-size needs a value"},
		{"--shm-size lots", "512m"},
		{"--label bardo.app=x", "bardo.app"},
		{"-e HOME", "NAME=VALUE"},
		{"--ulimit nofile", "nofile=1024:2048"},
		{"--security-opt seccomp=/etc/shadow", "seccomp=unconfined"},
		{"--cpus 1.5x", "--cpus"},
		{"--device snd", "/dev/"},
		{"--mount type=bind,source=/a", "target"},
		{"-v data", "/PATH"},
	};
	static const struct pair build[] = {
		{"-v /a:/b", "no volumes"},
		{"--file Other", "dockerfile-path"},
		{"--build-arg HOME", "NAME=VALUE"},
		{"--init", "phase build"},
		{"--label bardo.tree=x", "bardo.tree"},
	};

	(void)state;
	refuses(docker_option_apply, run, sizeof(run) / sizeof(run[0]));
	refuses(docker_option_apply_build, build, sizeof(build) / sizeof(build[0]));
}

static int collect(void *ctx, const char *text)
{
	return buf_addf(ctx, "%s|", text);
}

static void each_option_is_stored_in_one_spelling(void **state)
{
	static const char *const words[] = {
		"--shm-size=64m", "--init", "-e", "A=it's so", "--ulimit", "nofile=1"};
	struct words again;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	assert_int_equal(docker_options_each("deploy", words, 6, collect, &b, NULL), 0);
	assert_string_equal(
		b.data, "--shm-size 64m|--init|-e 'A=it'\\''s so'|--ulimit nofile=1|");
	buf_reset(&b);
	assert_int_equal(words_split(&again, "-e 'A=it'\\''s so'", NULL), 0);
	assert_string_equal(again.argv[1], "A=it's so");
	words_finish(&again);
	assert_int_equal(
		docker_options_each("build", words, 2, collect, &b, NULL), ERR_USAGE);
	buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_become_fields_of_the_api),
		cmocka_unit_test(a_value_takes_the_place_of_the_one_before),
		cmocka_unit_test(an_alias_is_for_the_network_of_the_app),
		cmocka_unit_test(build_options_become_parameters),
		cmocka_unit_test(what_has_no_field_is_refused_by_name_with_a_way_on),
		cmocka_unit_test(each_option_is_stored_in_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
