#include "builder/engine/exec.h"

#include "builder/engine/engine.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>

#define ESCAPED_SIZE 512

int engine_exec_create(struct engine *e, const char *container, const cJSON *body,
	char id[ENGINE_EXEC_ID_SIZE], struct err *err)
{
	char name[ESCAPED_SIZE];
	cJSON *reply = NULL;
	const char *given;
	int rc;

	if (!engine_escape(container, name, sizeof(name)))
		return err_set(err, ERR_USAGE, "a container's name is too long");
	rc = engine_call(e, &reply, body, err, "POST", "/containers/%s/exec", name);
	given = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reply, "Id"));
	if (!rc && (!given || !engine_escape(given, id, ENGINE_EXEC_ID_SIZE)))
		rc = err_set(err, ERR_FAILED, "the Docker Engine made no exec");
	cJSON_Delete(reply);
	return rc;
}

int engine_exec_start(struct engine *e, struct engine_follow **out, const char *id,
	bool terminal, struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	int rc;

	(void)cJSON_AddFalseToObject(body, "Detach");
	(void)cJSON_AddBoolToObject(body, "Tty", terminal);
	rc = engine_follow(e, out, body, err, "POST", "/exec/%s/start", id);
	cJSON_Delete(body);
	return rc;
}

/* podman calls an exec that it is still clearing up neither running nor failed: only
 * CanRemove tells. Docker never sets that, but keeps the process's number. */
bool engine_exec_has_ended(const cJSON *exec, int *status)
{
	const cJSON *code = cJSON_GetObjectItemCaseSensitive(exec, "ExitCode");
	const cJSON *pid = cJSON_GetObjectItemCaseSensitive(exec, "Pid");

	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(exec, "Running")) ||
		!cJSON_IsNumber(code))
		return false;
	*status = code->valueint;
	return code->valueint || (cJSON_IsNumber(pid) && pid->valueint) ||
		cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(exec, "CanRemove"));
}
