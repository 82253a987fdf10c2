#include "builder/check/private.h"

#include "builder/check/exec.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* Probes that are commands in the container. */

#define PAUSE_MAX 500
/* For one HEALTHCHECK that names no timeout, as the Engine has it. */
#define HEALTH_TIMEOUT 30000
#define NANOSECONDS 1000000.0
/* The runtime's word for a command that it can't start. */
#define NO_PROGRAM "OCI runtime exec failed"

/* Config.Healthcheck.Test as a command: ["CMD", …], ["CMD-SHELL", "text"]; NULL for none
 * and ["NONE"]. The caller frees it. */
static cJSON *health_command(const cJSON *config, const cJSON *test)
{
	const char *kind = cJSON_GetStringValue(cJSON_GetArrayItem(test, 0));
	const cJSON *shell = cJSON_GetObjectItemCaseSensitive(config, "Shell");
	cJSON *command;

	if (!kind || cJSON_GetArraySize(test) < 2)
		return NULL;
	if (!strcmp(kind, "CMD")) {
		command = cJSON_Duplicate(test, true);
		cJSON_DeleteItemFromArray(command, 0);
		return command;
	}
	if (strcmp(kind, "CMD-SHELL") != 0)
		return NULL;
	if (cJSON_GetArraySize(shell) > 0) {
		command = cJSON_Duplicate(shell, true);
	} else {
		command = cJSON_CreateArray();
		(void)cJSON_AddItemToArray(command, cJSON_CreateString("/bin/sh"));
		(void)cJSON_AddItemToArray(command, cJSON_CreateString("-c"));
	}
	(void)cJSON_AddItemToArray(
		command, cJSON_Duplicate(cJSON_GetArrayItem(test, 1), true));
	return command;
}

void check_name_command(
	struct check *c, const cJSON *command, int from, char *out, size_t size)
{
	size_t len = strlen(out);

	for (int i = from; i < cJSON_GetArraySize(command) && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? " " : "",
			cJSON_GetStringValue(cJSON_GetArrayItem(command, i)));
	mask_field(c->options->mask, out, size);
}

struct command {
	const cJSON *words;
	const char *what;
};

/* What one probe got, for the card. One that the whole check's end cut off says less than
 * the one before it. */
static void note_answer(struct check *c, int status, const char *output)
{
	struct check_failure *f = c->failure;

	if (status != CHECK_EXEC_TIMED_OUT)
		(void)snprintf(f->answer, sizeof(f->answer), "exit code %d%s%s", status,
			output[0] ? ": " : "", output);
	else if (!f->answer[0] || clock_monotonic_ms() < c->deadline)
		(void)snprintf(f->answer, sizeof(f->answer), "no end within its timeout");
}

static int try_command(struct check *c, void *probe, int64_t until, struct err *err)
{
	const struct command *command = probe;
	struct check_failure *f = c->failure;
	char output[sizeof(f->answer) - 32] = "";
	struct err why = {0};
	int status = 0;
	int rc = check_exec(c->engine, &c->watch, c->options->container, command->words,
		until, c->options->mask, &status, output, sizeof(output), &why);

	if (rc == ERR_AWAY)
		return err_set(err, rc, "%s", why.msg);
	if (rc) {
		/* Its end may be the reason, which the pause will find. */
		(void)snprintf(f->answer, sizeof(f->answer), "%.*s",
			(int)sizeof(f->answer) - 1, why.msg);
		return 0;
	}
	if (status == 0)
		return 1;
	if (status == CHECK_EXEC_DIED)
		return check_tell_death(c, err);
	note_answer(c, status, output);
	if (!strstr(output, NO_PROGRAM))
		return 0;
	(void)snprintf(f->hint, sizeof(f->hint),
		"install the probe's program in the image, or name it by its path");
	return err_set(err, ERR_FAILED, "%s can't be run in this image", command->what);
}

int check_command(struct check *c, const cJSON *words, const char *what,
	const struct check_pace *pace, struct err *err)
{
	struct command command = {words, what};

	return check_try_until(c, pace, try_command, &command, err);
}

int check_health(struct check *c, bool *there, struct err *err)
{
	const cJSON *config =
		cJSON_GetObjectItemCaseSensitive(c->state.inspect, "Config");
	const cJSON *health = cJSON_GetObjectItemCaseSensitive(config, "Healthcheck");
	const cJSON *test = cJSON_GetObjectItemCaseSensitive(health, "Test");
	const cJSON *timeout = cJSON_GetObjectItemCaseSensitive(health, "Timeout");
	struct check_pace pace = {HEALTH_TIMEOUT, PAUSE_MAX};
	cJSON *command = health_command(config, test);
	char text[SAY_DURATION_SIZE];
	int rc;

	*there = command != NULL;
	if (!command)
		return 0;
	(void)snprintf(c->failure->probed, sizeof(c->failure->probed), "HEALTHCHECK");
	check_name_command(c, test, 1, c->failure->probed, sizeof(c->failure->probed));
	if (cJSON_IsNumber(timeout) && timeout->valuedouble >= NANOSECONDS)
		pace.timeout = (int64_t)(timeout->valuedouble / NANOSECONDS);
	rc = check_command(c, command, "its HEALTHCHECK", &pace, err);
	cJSON_Delete(command);
	return rc <= 0 ? rc
		       : err_set(err, ERR_FAILED, "its HEALTHCHECK still fails after %s",
				 say_duration(c->options->timeout, text));
}
