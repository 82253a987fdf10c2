#include "builder/check/state.h"

#include "builder/engine/engine.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ESCAPED_SIZE 512

int64_t check_state_time(const char *text)
{
	struct tm tm = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t seconds, ms = 0, unit = 100;

	if (!rest)
		return 0;
	seconds = (int64_t)timegm(&tm);
	if (seconds <= 0)
		return 0;
	if (*rest == '.') {
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			ms += (*rest - '0') * unit;
	}
	return seconds * 1000 + ms;
}

static int64_t read_time(const cJSON *state, const char *name)
{
	const char *text =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(state, name));

	return text ? check_state_time(text) : 0;
}

static int read_number(const cJSON *object, const char *name)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(n) ? n->valueint : 0;
}

static bool read_bool(const cJSON *object, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

int check_state_read(
	struct check_state *s, struct engine *e, const char *container, struct err *err)
{
	char name[ESCAPED_SIZE];
	cJSON *reply = NULL;
	const cJSON *state, *config;
	const char *id;
	int rc;

	if (!engine_escape(container, name, sizeof(name)))
		return err_set(err, ERR_USAGE, "a container's name is too long");
	rc = engine_call(e, &reply, NULL, err, "GET", "/containers/%s/json", name);
	if (rc)
		return rc;
	state = cJSON_GetObjectItemCaseSensitive(reply, "State");
	config = cJSON_GetObjectItemCaseSensitive(reply, "Config");
	id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply, "Id"));
	*s = (struct check_state){
		.running = read_bool(state, "Running") && !read_bool(state, "Restarting"),
		.out_of_memory = read_bool(state, "OOMKilled"),
		.tty = read_bool(config, "Tty"),
		.exit_code = read_number(state, "ExitCode"),
		.pid = read_number(state, "Pid"),
		.started = read_time(state, "StartedAt"),
		.finished = read_time(state, "FinishedAt"),
		.inspect = reply,
	};
	(void)snprintf(s->id, sizeof(s->id), "%s", id ? id : "");
	return 0;
}

void check_state_finish(struct check_state *s)
{
	cJSON_Delete(s->inspect);
	*s = (struct check_state){0};
}
