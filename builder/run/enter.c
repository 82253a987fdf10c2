#include "builder/run/enter.h"

#include "builder/engine/engine.h"
#include "builder/engine/exec.h"
#include "builder/run/attach.h"
#include "builder/run/tty.h"
#include "builder/server.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/log.h"
#include "config/base/number.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* bash where there is one, as Dokku does; every shell has sh's ways. */
#define SHELL_SCRIPT "[ -x /bin/bash ] && exec /bin/bash; exec /bin/sh"

/* What the command gets when it is hung up: all of its process group, or it alone where
 * it leads none. */
#define KILL_SCRIPT "kill -s \"$1\" -- \"-$2\" 2>/dev/null || kill -s \"$1\" \"$2\""
#define END_SCRIPT KILL_SCRIPT "; sleep 5; kill -s KILL -- \"-$2\" 2>/dev/null"

/* The Engine may close the stream a moment before it knows the status. */
#define STATUS_PAUSE_MIN_MS 1
#define STATUS_PAUSE_MAX_MS 1024

#define PROC_TEXT_MAX 16384

/* ---- its process ---- */

static int read_proc(int pid, const char *file, struct buf *b)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return io_read_file(path, b, NULL);
}

/* Whether the host's process is the container's: an Engine that runs elsewhere, or in
 * another container, counts its processes in another way. */
static bool is_of_container(int pid, const char *container_id)
{
	struct buf b;
	bool is;

	buf_init(&b, PROC_TEXT_MAX);
	is = read_proc(pid, "cgroup", &b) == 0 && strlen(container_id) >= 12 &&
		strstr(buf_text(&b), container_id);
	buf_finish(&b);
	return is;
}

/* The last number of "NSpid:" is the innermost namespace's. */
static int inner_pid(int pid)
{
	struct buf b;
	const char *line, *last;
	char number[16] = "";
	int64_t inner = 0;

	buf_init(&b, PROC_TEXT_MAX);
	line = read_proc(pid, "status", &b) == 0 ? strstr(buf_text(&b), "\nNSpid:")
						 : NULL;
	if (line) {
		size_t len = strcspn(line + 1, "\n");

		for (last = line + 1 + len; last[-1] >= '0' && last[-1] <= '9';)
			last--;
		(void)snprintf(number, sizeof(number), "%.*s",
			(int)(line + 1 + len - last), last);
	}
	buf_finish(&b);
	return number_parse(number, 1, INT_MAX, &inner) < 0 ? 0 : (int)inner;
}

/* The command's pid as the container counts it; 0: it isn't known, or has ended. */
static int find_pid(struct engine *e, const char *id)
{
	cJSON *exec = NULL;
	const cJSON *host, *container;
	int pid = 0;

	if (!engine_is_local(e) ||
		engine_call(e, &exec, NULL, NULL, "GET", "/exec/%s/json", id) < 0)
		return 0;
	host = cJSON_GetObjectItemCaseSensitive(exec, "Pid");
	container = cJSON_GetObjectItemCaseSensitive(exec, "ContainerID");
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(exec, "Running")) &&
		cJSON_IsNumber(host) && host->valueint > 0 && cJSON_IsString(container) &&
		is_of_container(host->valueint, container->valuestring))
		pid = inner_pid(host->valueint);
	cJSON_Delete(exec);
	return pid;
}

/* Has the container's own shell send it a signal; it goes on by itself. */
static int signal_command(struct engine *e, const char *container, const char *id,
	const char *script, const char *signal, struct err *err)
{
	int pid = find_pid(e, id), rc;
	cJSON *body = cJSON_CreateObject(), *command, *detach;
	char number[16], killer[ENGINE_EXEC_ID_SIZE];
	const char *const words[] = {"/bin/sh", "-c", script, "sh", signal, number};

	(void)snprintf(number, sizeof(number), "%d", pid);
	command = cJSON_AddArrayToObject(body, "Cmd");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		(void)cJSON_AddItemToArray(command, cJSON_CreateString(words[i]));
	detach = cJSON_CreateObject();
	(void)cJSON_AddTrueToObject(detach, "Detach");
	rc = pid ? engine_exec_create(e, container, body, killer, err)
		 : err_set(err, ERR_FAILED, "its process is not known");
	if (!rc)
		rc = engine_call(e, NULL, detach, err, "POST", "/exec/%s/start", killer);
	cJSON_Delete(detach);
	cJSON_Delete(body);
	return rc;
}

/* ---- a visit ---- */

struct visit {
	struct engine *engine;
	const struct enter *enter;
	char id[ENGINE_EXEC_ID_SIZE];
};

static void resize(void *ctx, int rows, int columns)
{
	const struct visit *v = ctx;

	/* It may have ended just now. */
	(void)engine_call(v->engine, NULL, NULL, NULL, "POST",
		"/exec/%s/resize?h=%d&w=%d", v->id, rows, columns);
}

static void pass_on(void *ctx, const char *signal)
{
	const struct visit *v = ctx;

	(void)signal_command(
		v->engine, v->enter->container, v->id, KILL_SCRIPT, signal, NULL);
}

static void end_command(const struct visit *v)
{
	struct err err = {0};

	if (signal_command(
		    v->engine, v->enter->container, v->id, END_SCRIPT, "HUP", &err) < 0)
		log_warn("a command in %s may go on: %s", v->enter->container, err.msg);
}

static cJSON *make_command(const struct enter *enter)
{
	static const char *const shell[] = {"/bin/sh", "-c", SHELL_SCRIPT, NULL};
	cJSON *command = cJSON_CreateArray();

	for (size_t i = 0; enter->command ? !!enter->command[i] : !!shell[i]; i++)
		(void)cJSON_AddItemToArray(command,
			cJSON_CreateString(
				enter->command ? enter->command[i] : shell[i]));
	return command;
}

static void add_terminal(cJSON *body, const struct enter *enter)
{
	cJSON *env = cJSON_AddArrayToObject(body, "Env"), *size;
	char term[128];
	int rows, columns;

	(void)cJSON_AddTrueToObject(body, "Tty");
	(void)snprintf(term, sizeof(term), "TERM=%s", enter->term);
	if (*enter->term)
		(void)cJSON_AddItemToArray(env, cJSON_CreateString(term));
	/* Newer Engines start with this size, others are told it afterwards. */
	if (tty_size(STDIN_FILENO, &rows, &columns)) {
		size = cJSON_AddArrayToObject(body, "ConsoleSize");
		(void)cJSON_AddItemToArray(size, cJSON_CreateNumber(rows));
		(void)cJSON_AddItemToArray(size, cJSON_CreateNumber(columns));
	}
}

static int create(struct visit *v, struct err *err)
{
	cJSON *body = cJSON_CreateObject();
	int rc;

	(void)cJSON_AddTrueToObject(body, "AttachStdin");
	(void)cJSON_AddTrueToObject(body, "AttachStdout");
	(void)cJSON_AddTrueToObject(body, "AttachStderr");
	(void)cJSON_AddItemToObject(body, "Cmd", make_command(v->enter));
	if (v->enter->terminal)
		add_terminal(body, v->enter);
	rc = engine_exec_create(v->engine, v->enter->container, body, v->id, err);
	cJSON_Delete(body);
	if (rc == ERR_EXISTS)
		return err_set(err, ERR_FAILED,
			"%s doesn't run now: `logs` shows why, ps:start or ps:restart "
			"starts it",
			v->enter->label);
	return rc;
}

/* An exec that never had a process could not be started. */
static bool was_started(const cJSON *exec)
{
	const cJSON *pid = cJSON_GetObjectItemCaseSensitive(exec, "Pid");

	return cJSON_IsNumber(pid) && pid->valueint > 0;
}

static int read_status(const struct visit *v, struct err *err)
{
	int status = 0;

	for (int pause = STATUS_PAUSE_MIN_MS; pause <= STATUS_PAUSE_MAX_MS; pause *= 2) {
		cJSON *exec = NULL;
		int rc = engine_call(
			v->engine, &exec, NULL, err, "GET", "/exec/%s/json", v->id);
		bool ended = !rc && engine_exec_has_ended(exec, &status);
		bool started = was_started(exec);

		cJSON_Delete(exec);
		if (ended && !started && !v->enter->command)
			return err_set(err, ERR_FAILED,
				"%s has no shell: name a program of its image that it "
				"can run",
				v->enter->label);
		if (rc || ended)
			return rc ? rc : status;
		(void)poll(NULL, 0, pause);
	}
	return err_set(err, ERR_FAILED, "the Docker Engine knows no status of it");
}

static int pump(struct visit *v, int signals, struct err *err)
{
	struct attach attach = {
		.engine = v->engine,
		.terminal = v->enter->terminal,
		.signals = signals,
		.resize = resize,
		.pass_on = pass_on,
		.ctx = v,
	};
	int rc = engine_exec_start(
		v->engine, &attach.follow, v->id, v->enter->terminal, err);

	if (rc)
		return rc;
	rc = attach_pump(&attach, err);
	if (rc != ATTACH_ENDED)
		end_command(v);
	engine_follow_close(attach.follow);
	return rc;
}

int enter_run(struct server *s, const struct enter *enter, struct err *err)
{
	struct visit v = {.engine = s->engine, .enter = enter};
	int rc, signals = attach_hold_signals(err);

	if (signals < 0)
		return signals;
	rc = create(&v, err);
	if (!rc)
		rc = pump(&v, signals, err);
	(void)close(signals);
	if (rc == ATTACH_HUNG_UP)
		return ATTACH_HANGUP_STATUS;
	return rc < 0 ? rc : read_status(&v, err);
}
