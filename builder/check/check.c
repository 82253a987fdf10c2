#include "builder/check/check.h"

#include "builder/check/exec.h"
#include "builder/check/ports.h"
#include "builder/check/state.h"
#include "builder/check/watch.h"
#include "builder/engine/engine.h"
#include "builder/mask.h"
#include "builder/say.h"
#include "config/base/clock.h"
#include "config/base/err.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define STAY_UP 2000
/* Pauses between tries, and their growth by half. */
#define PAUSE_FIRST 20
#define PAUSE_MAX 500
/* For one connect: a packet may be dropped, and the next be answered. */
#define CONNECT_MAX 1000
/* For one HEALTHCHECK that names no timeout, as the Engine has it. */
#define HEALTH_TIMEOUT 30000
#define NANOSECONDS 1000000.0
/* The runtime's word for a command that it can't start. */
#define NO_PROGRAM "OCI runtime exec failed"
/* Events and the Engine's record of the end may be a moment apart. */
#define SETTLE 1000

/* What a container's end looks like from outside, and what it mostly means. */
static const struct {
	int code;
	const char *hint;
} exit_hints[] = {
	{0, "it ended by itself: a server must stay in the foreground"},
	{126, "the image's command can't be executed: look at its mode and first line"},
	{127, "a command was not found in the image: look at CMD and ENTRYPOINT"},
	{139, "it crashed (segmentation fault)"},
};

struct check {
	struct engine *engine;
	const struct check_options *options;
	struct check_failure *failure;
	struct check_watch watch;
	struct check_state state;
	int64_t deadline; /* monotonic */
};

static int read_state(struct check *c, struct err *err)
{
	check_state_finish(&c->state);
	return check_state_read(&c->state, c->engine, c->options->container, err);
}

/* The failure of a container that has ended, or is being restarted. */
static int tell_exit(struct check *c, struct err *err)
{
	struct check_failure *f = c->failure;
	int64_t lived = c->state.finished - c->state.started;
	char text[SAY_DURATION_SIZE];

	f->exited = true;
	f->exit_code = c->state.exit_code;
	f->out_of_memory = c->state.out_of_memory || c->watch.out_of_memory;
	if (f->out_of_memory) {
		(void)snprintf(f->hint, sizeof(f->hint),
			"it needs more memory than it may have");
		return err_set(err, ERR_FAILED,
			"was killed for want of memory (exit code %d)", f->exit_code);
	}
	for (size_t i = 0; i < sizeof(exit_hints) / sizeof(exit_hints[0]); i++) {
		if (exit_hints[i].code == f->exit_code)
			(void)snprintf(
				f->hint, sizeof(f->hint), "%s", exit_hints[i].hint);
	}
	return err_set(err, ERR_FAILED, "exited with %d after %s", f->exit_code,
		say_duration(lived > 0 ? lived : 0, text));
}

/* After an event of its end: the record of it follows at once, but not in one step. */
static int tell_death(struct check *c, struct err *err)
{
	int64_t until = clock_monotonic_ms() + SETTLE;
	int rc;

	do {
		rc = read_state(c, err);
		if (rc)
			return rc;
		c->watch.died = false;
		if (c->state.running)
			rc = check_watch_wait(&c->watch, -1, 0,
				clock_monotonic_ms() + PAUSE_FIRST, err);
		if (rc < 0)
			return rc;
	} while (c->state.running && clock_monotonic_ms() < until);
	return tell_exit(c, err);
}

/* A pause between tries, which the container's end cuts short. 0, or how it ended. */
static int pause_for(struct check *c, int64_t *pause, struct err *err)
{
	int64_t until = clock_monotonic_ms() + *pause;
	int rc = check_watch_wait(
		&c->watch, -1, 0, until < c->deadline ? until : c->deadline, err);

	*pause = *pause * 3 / 2 < PAUSE_MAX ? *pause * 3 / 2 : PAUSE_MAX;
	if (rc < 0)
		return rc;
	return rc == CHECK_WAKE_DIED ? tell_death(c, err) : 0;
}

/* After a success: was it the life that was checked, and does it still run? */
static int still_runs(struct check *c, struct err *err)
{
	int64_t started = c->state.started;
	int rc = read_state(c, err);

	if (rc)
		return rc;
	return c->state.running && c->state.started == started ? 0 : tell_exit(c, err);
}

/* ---- HEALTHCHECK ---- */

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

static void name_probe(
	struct check_failure *f, const struct mask *mask, const cJSON *test)
{
	size_t len = (size_t)snprintf(f->probed, sizeof(f->probed), "HEALTHCHECK");

	for (int i = 1; i < cJSON_GetArraySize(test) && len < sizeof(f->probed); i++)
		len += (size_t)snprintf(f->probed + len, sizeof(f->probed) - len, " %s",
			cJSON_GetStringValue(cJSON_GetArrayItem(test, i)));
	mask_field(mask, f->probed, sizeof(f->probed));
}

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

/* Runs the probe once. 1: it passed; 0: try again; negative: no use. */
static int ask_health(
	struct check *c, const cJSON *command, int64_t probe_timeout, struct err *err)
{
	int64_t until = clock_monotonic_ms() + probe_timeout;
	struct check_failure *f = c->failure;
	char output[sizeof(f->answer) - 32] = "";
	struct err why = {0};
	int status = 0;
	int rc = check_exec(c->engine, &c->watch, c->options->container, command,
		until < c->deadline ? until : c->deadline, c->options->mask, &status,
		output, sizeof(output), &why);

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
		return tell_death(c, err);
	note_answer(c, status, output);
	if (!strstr(output, NO_PROGRAM))
		return 0;
	(void)snprintf(f->hint, sizeof(f->hint),
		"install the probe's program in the image, or name it by its path");
	return err_set(err, ERR_FAILED, "its HEALTHCHECK can't be run in this image");
}

static int check_health(
	struct check *c, const cJSON *command, int64_t probe_timeout, struct err *err)
{
	int64_t pause = PAUSE_FIRST;
	char text[SAY_DURATION_SIZE];

	while (clock_monotonic_ms() < c->deadline) {
		int rc = ask_health(c, command, probe_timeout, err);

		if (rc)
			return rc < 0 ? rc : 0;
		rc = pause_for(c, &pause, err);
		if (rc)
			return rc;
	}
	return err_set(err, ERR_FAILED, "its HEALTHCHECK still fails after %s",
		say_duration(c->options->timeout, text));
}

/* ---- connecting ---- */

/* One connect. A check_wake: READY when it is answered, TIME when not. */
static int try_connect(struct check *c, const struct addrinfo *to, struct err *err)
{
	int64_t until = clock_monotonic_ms() + CONNECT_MAX;
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0, rc = CHECK_WAKE_TIME;
	socklen_t len = sizeof(error);

	if (fd < 0)
		return err_errno(err, "socket");
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0) {
		rc = CHECK_WAKE_READY;
	} else if (errno != EINPROGRESS) {
		error = errno;
	} else {
		rc = check_watch_wait(&c->watch, fd, POLLOUT,
			until < c->deadline ? until : c->deadline, err);
		if (rc == CHECK_WAKE_READY)
			(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		else
			error = ETIMEDOUT;
	}
	(void)close(fd);
	if (!error)
		return rc;
	(void)snprintf(
		c->failure->answer, sizeof(c->failure->answer), "%s", strerror(error));
	return rc == CHECK_WAKE_READY ? CHECK_WAKE_TIME : rc;
}

static void add_port_hint(struct check *c)
{
	struct check_ports ports = {0};

	if (!engine_is_local(c->engine) || read_state(c, NULL) || !c->state.running)
		return;
	if (check_ports_read(&ports, c->state.pid, c->state.id) == 0)
		check_ports_hint(&ports, c->options->port, c->failure->hint,
			sizeof(c->failure->hint));
}

static int connect_until(struct check *c, const struct addrinfo *to, struct err *err)
{
	int64_t pause = PAUSE_FIRST;
	char text[SAY_DURATION_SIZE];

	while (clock_monotonic_ms() < c->deadline) {
		int rc = try_connect(c, to, err);

		if (rc < 0)
			return rc;
		if (rc == CHECK_WAKE_READY)
			return 0;
		if (rc == CHECK_WAKE_DIED)
			return tell_death(c, err);
		rc = pause_for(c, &pause, err);
		if (rc)
			return rc;
	}
	add_port_hint(c);
	return err_set(err, ERR_FAILED, "nothing accepts connections on port %d after %s",
		c->options->port, say_duration(c->options->timeout, text));
}

static int check_port(struct check *c, struct err *err)
{
	struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *to = NULL;
	char port[16];
	int rc;

	(void)snprintf(port, sizeof(port), "%d", c->options->port);
	(void)snprintf(c->failure->probed, sizeof(c->failure->probed), "TCP %s:%s",
		c->options->address, port);
	if (getaddrinfo(c->options->address, port, &hints, &to) != 0)
		return err_set(err, ERR_USAGE, "%s: no address", c->options->address);
	rc = connect_until(c, to, err);
	freeaddrinfo(to);
	return rc;
}

static int check_stays_up(struct check *c, struct err *err)
{
	int64_t up = clock_unix_ms() - c->state.started;
	int64_t until = clock_monotonic_ms() + STAY_UP;
	int rc;

	/* Several are looked at one after the other: all have been up meanwhile. */
	if (engine_is_local(c->engine) && up > 0)
		until -= up < STAY_UP ? up : STAY_UP;
	(void)snprintf(c->failure->probed, sizeof(c->failure->probed),
		"whether it stays up for %d s", STAY_UP / 1000);
	rc = check_watch_wait(
		&c->watch, -1, 0, until < c->deadline ? until : c->deadline, err);
	return rc == CHECK_WAKE_DIED ? tell_death(c, err) : rc;
}

static int probe(struct check *c, struct err *err)
{
	const cJSON *config =
		cJSON_GetObjectItemCaseSensitive(c->state.inspect, "Config");
	const cJSON *health = cJSON_GetObjectItemCaseSensitive(config, "Healthcheck");
	const cJSON *test = cJSON_GetObjectItemCaseSensitive(health, "Test");
	const cJSON *timeout = cJSON_GetObjectItemCaseSensitive(health, "Timeout");
	cJSON *command = health_command(config, test);
	int64_t probe_timeout = HEALTH_TIMEOUT;
	int rc;

	if (!command)
		return c->options->port ? check_port(c, err) : check_stays_up(c, err);
	name_probe(c->failure, c->options->mask, test);
	if (cJSON_IsNumber(timeout) && timeout->valuedouble >= NANOSECONDS)
		probe_timeout = (int64_t)(timeout->valuedouble / NANOSECONDS);
	rc = check_health(c, command, probe_timeout, err);
	cJSON_Delete(command);
	return rc;
}

int check_container(struct engine *e, const struct check_options *o,
	struct check_failure *f, struct err *err)
{
	struct check c = {
		.engine = e,
		.options = o,
		.failure = f,
		.deadline = clock_monotonic_ms() + o->timeout,
	};
	int rc;

	*f = (struct check_failure){0};
	rc = check_watch_open(&c.watch, e, o->container, err);
	if (rc == 0)
		rc = read_state(&c, err);
	if (rc)
		goto out;
	rc = c.state.running ? probe(&c, err) : tell_exit(&c, err);
	if (rc == 0)
		rc = still_runs(&c, err);
out:
	check_state_finish(&c.state);
	check_watch_close(&c.watch);
	return rc;
}
