#include "builder/engine/private.h"

#include "config/base/err.h"
#include "config/base/log.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#define HTTP_NOT_MODIFIED 304
#define HTTP_NOT_FOUND 404
#define HTTP_CONFLICT 409
/* Of a body that is no JSON, such as a proxy's page. */
#define PLAIN_BODY_MAX 300

bool engine_is_success(long status)
{
	return (status >= 200 && status < 300) || status == HTTP_NOT_MODIFIED ||
		status == 101;
}

/* One line: some messages of the Engine's carry a program's output. */
static void flatten(char *text)
{
	size_t len;

	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ')
			*p = ' ';
	}
	len = strlen(text);
	while (len && text[len - 1] == ' ')
		text[--len] = '\0';
}

int engine_refused(long status, const char *body, size_t len, struct err *err)
{
	int code = status == HTTP_NOT_FOUND ? ERR_NOTFOUND
		: status == HTTP_CONFLICT   ? ERR_EXISTS
					    : ERR_FAILED;
	cJSON *json = cJSON_ParseWithLength(body, len);
	const cJSON *message = cJSON_GetObjectItemCaseSensitive(json, "message");

	if (cJSON_IsString(message) && message->valuestring[0])
		(void)err_set(err, code, "%s", message->valuestring);
	else if (len)
		(void)err_set(err, code, "the Docker Engine answered %ld: %.*s", status,
			len > PLAIN_BODY_MAX ? PLAIN_BODY_MAX : (int)len, body);
	else
		(void)err_set(err, code, "the Docker Engine answered %ld", status);
	if (err)
		flatten(err->msg);
	cJSON_Delete(json);
	return code;
}

static int unreachable(const struct engine *e, long os_error, struct err *err)
{
	const char *reason = os_error ? strerror((int)os_error) : "it is not there";
	const struct passwd *me;

	/* Where it is concerns whoever reads the log, not everybody who pushes. */
	log_warn("cannot reach the Docker Engine at %s: %s", e->host, reason);
	if (!e->socket)
		return err_set(err, ERR_AWAY,
			"cannot reach the Docker Engine: %s; is it running, and "
			"is engine.host right?",
			reason);
	if (os_error != EACCES && os_error != EPERM)
		return err_set(err, ERR_AWAY,
			"cannot reach the Docker Engine: %s; is it running? "
			"Try: systemctl start docker",
			reason);
	me = getpwuid(geteuid());
	return err_set(err, ERR_AWAY,
		"cannot reach the Docker Engine: %s; try: usermod -aG docker %s, "
		"then start bardo again",
		reason, me ? me->pw_name : "USER");
}

int engine_curl_error(const struct engine *e, CURLcode code, long os_error,
	const char *what, struct err *err)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return unreachable(e, os_error, err);
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(err, ERR_AWAY,
			"cannot reach the Docker Engine: no such host; look at "
			"engine.host");
	case CURLE_OPERATION_TIMEDOUT:
		return err_set(err, ERR_AWAY,
			"the Docker Engine does not answer; look at its log: "
			"journalctl -u docker");
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_FAIL_REWIND: /* a kept connection that had ended meanwhile */
		return err_set(err, ERR_AWAY,
			"the Docker Engine closed the connection in the middle of "
			"%s%s; look at its log: journalctl -u docker",
			what ? "the " : "", what ? what : "an answer");
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return err_set(err, ERR_FAILED,
			"what answers is no Docker Engine; look at engine.host");
	default:
		return err_set(err, ERR_FAILED, "talking to the Docker Engine: %s",
			curl_easy_strerror(code));
	}
}
