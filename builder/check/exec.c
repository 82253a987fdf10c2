#include "builder/check/exec.h"

#include "builder/check/watch.h"
#include "builder/engine/engine.h"
#include "builder/engine/exec.h"
#include "builder/mask.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#define READ_SIZE 8192
/* The Engine may close the stream before it knows the status. */
#define STATUS_TRIES 20
#define STATUS_PAUSE 20

/* The end of what the command writes. */
struct output {
	char *text;
	size_t size, len;
	struct mask_stream masked; /* before its beginning is cut off */
};

static int keep_end(void *ctx, const char *data, size_t len)
{
	struct output *o = ctx;
	size_t room = o->size - 1, keep;

	if (len > room) {
		data += len - room;
		len = room;
	}
	keep = o->len + len > room ? room - len : o->len;
	memmove(o->text, o->text + o->len - keep, keep);
	memcpy(o->text + keep, data, len);
	o->len = keep + len;
	return 0;
}

static int take_output(void *ctx, int stream, const char *data, size_t len)
{
	struct output *o = ctx;

	(void)stream;
	return mask_feed(&o->masked, data, len, keep_end, o);
}

static void flatten(struct output *o)
{
	o->text[o->len] = '\0';
	for (size_t i = 0; i < o->len; i++) {
		if ((unsigned char)o->text[i] < ' ')
			o->text[i] = ' ';
	}
	while (o->len && o->text[o->len - 1] == ' ')
		o->text[--o->len] = '\0';
}

static int create(struct engine *e, const char *container, const cJSON *command,
	char id[ENGINE_EXEC_ID_SIZE], struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	int rc;

	(void)cJSON_AddTrueToObject(body, "AttachStdout");
	(void)cJSON_AddTrueToObject(body, "AttachStderr");
	(void)cJSON_AddItemToObject(body, "Cmd", cJSON_Duplicate(command, true));
	rc = engine_exec_create(e, container, body, id, err);
	cJSON_Delete(body);
	return rc;
}

/* Reads until the command ends. A check_wake: READY when it did. */
static int read_output(struct engine_follow *f, struct check_watch *w, int64_t until,
	struct output *o, struct err *err)
{
	struct engine_frames frames = {0};
	char data[READ_SIZE];

	for (;;) {
		ssize_t n = engine_follow_read(f, data, sizeof(data), err);
		int rc;

		if (n > 0) {
			(void)engine_frames_feed(
				&frames, data, (size_t)n, take_output, o);
			continue;
		}
		if (n == 0)
			return CHECK_WAKE_READY;
		if (n != ERR_BUSY)
			return (int)n;
		rc = check_watch_wait(w, engine_follow_fd(f), POLLIN, until, err);
		if (rc != CHECK_WAKE_READY)
			return rc;
	}
}

static int read_status(struct engine *e, struct check_watch *w, const char *id,
	int *status, struct err *err)
{
	for (int i = 0; i < STATUS_TRIES; i++) {
		cJSON *reply = NULL;
		int rc = engine_call(e, &reply, NULL, err, "GET", "/exec/%s/json", id);
		bool ended = rc == 0 && engine_exec_has_ended(reply, status);

		cJSON_Delete(reply);
		if (rc || ended)
			return rc;
		rc = check_watch_wait(w, -1, 0, clock_monotonic_ms() + STATUS_PAUSE, err);
		if (rc < 0)
			return rc;
	}
	return err_set(err, ERR_FAILED, "the Docker Engine knows no status of the probe");
}

int check_exec(struct engine *e, struct check_watch *w, const char *container,
	const cJSON *command, int64_t until, const struct mask *mask, int *status,
	char *output, size_t size, struct err *err)
{
	struct output o = {.text = output, .size = size};
	struct engine_follow *f = NULL;
	char id[ENGINE_EXEC_ID_SIZE];
	int rc = create(e, container, command, id, err);

	if (!rc)
		rc = engine_exec_start(e, &f, id, false, err);
	if (rc)
		return rc;
	mask_begin(&o.masked, mask);
	rc = read_output(f, w, until, &o, err);
	(void)mask_end(&o.masked, false, keep_end, &o);
	engine_follow_close(f);
	flatten(&o);
	if (rc < 0)
		return rc;
	if (rc != CHECK_WAKE_READY) {
		*status = rc == CHECK_WAKE_DIED ? CHECK_EXEC_DIED : CHECK_EXEC_TIMED_OUT;
		return 0;
	}
	return read_status(e, w, id, status, err);
}
