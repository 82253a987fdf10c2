#include "receiver/bardod/jobs.h"

#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/log.h"
#include "config/door.h"
#include "receiver/bardod/request.h"
#include "receiver/bardod/server.h"

#include <stdlib.h>
#include <string.h>

#define RECONCILE "reconcile"

struct job {
	struct child child;
	struct jobs *jobs;
	struct job *next;
};

static void on_reconcile_end(void *data, int status);

/* The gap is over; so is the wait of the reconcile that was asked for meanwhile. */
static void on_gap_over(void *data)
{
	struct jobs *j = data;

	if (j->wanted)
		jobs_reconcile(j);
}

static void on_retry_due(void *data)
{
	jobs_reconcile(data);
}

void jobs_init(struct jobs *j, struct server *server)
{
	*j = (struct jobs){
		.server = server,
		.reconcile = {.ended = on_reconcile_end, .data = j},
		.gap_ms = RECONCILE_GAP_MIN_MS,
		.gap = {.due = on_gap_over, .data = j},
		.retry_ms = JOB_RETRY_MIN_MS,
		.retry = {.due = on_retry_due, .data = j},
	};
}

static pid_t start(struct jobs *j, const char *command, struct err *err)
{
	struct door_request r = {.kind = DOOR_JOB, .command = command};
	struct request q;
	int rc = request_init(&q, err);

	if (!rc)
		rc = request_add(&q, &r, NULL, 0, err);
	if (!rc)
		rc = programs_start_bardo(&j->server->programs, q.child, err);
	request_finish(&q);
	return rc;
}

static void end_reconcile(struct jobs *j, bool succeeded)
{
	j->reconcile.pid = 0;
	if (succeeded) {
		j->gap_ms = RECONCILE_GAP_MIN_MS;
	} else {
		j->wanted = true;
		log_warn("reconcile failed: trying again in %lld s",
			(long long)(j->gap_ms / 1000));
	}
	loop_set_timer(&j->server->loop, &j->gap, j->gap_ms);
	if (!succeeded && j->gap_ms < RECONCILE_GAP_MAX_MS / 2)
		j->gap_ms *= 2;
	else if (!succeeded)
		j->gap_ms = RECONCILE_GAP_MAX_MS;
	server_reconciled(j->server);
}

static void on_reconcile_end(void *data, int status)
{
	struct jobs *j = data;
	char text[CHILD_TEXT_MAX];

	if (status)
		log_warn("reconcile ended %s", child_describe(status, text));
	end_reconcile(j, status == 0);
}

void jobs_reconcile(struct jobs *j)
{
	struct err e = {0};

	j->wanted = true;
	if (j->reconcile.pid || j->gap.is_set)
		return;
	j->wanted = false;
	j->reconcile.pid = start(j, RECONCILE, &e);
	if (j->reconcile.pid < 0) {
		log_warn("reconcile: %s", e.msg);
		end_reconcile(j, false);
		return;
	}
	children_add(&j->server->children, &j->reconcile);
}

/* What failed may work when the Engine or the proxy is back: reconcile asks for it again.
 * What never works must not keep the machine busy. */
static void reconcile_later(struct jobs *j)
{
	int64_t now = clock_monotonic_ms();

	if (now - j->failed_at >= JOB_STEADY_MS)
		j->retry_ms = JOB_RETRY_MIN_MS;
	j->failed_at = now;
	if (j->retry.is_set)
		return;
	log_info("reconciling in %lld s", (long long)(j->retry_ms / 1000));
	loop_set_timer(&j->server->loop, &j->retry, j->retry_ms);
	j->retry_ms *= 2;
	if (j->retry_ms > JOB_RETRY_MAX_MS)
		j->retry_ms = JOB_RETRY_MAX_MS;
}

static void forget(struct jobs *j, const struct job *job)
{
	struct job **at = &j->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	j->len--;
}

static void on_job_end(void *data, int status)
{
	struct job *job = data;
	struct jobs *j = job->jobs;
	char text[CHILD_TEXT_MAX];

	forget(j, job);
	if (status)
		log_warn("job %d ended %s", (int)job->child.pid,
			child_describe(status, text));
	free(job);
	if (child_is_abnormal(status))
		jobs_reconcile(j);
	else if (status)
		reconcile_later(j);
}

void jobs_start(struct jobs *j, const char *command)
{
	struct job *job;
	struct err e = {0};
	int rc;

	if (!strcmp(command, RECONCILE)) {
		jobs_reconcile(j);
		return;
	}
	job = calloc(1, sizeof(*job));
	rc = job && j->len < JOBS_MAX
		? start(j, command, &e)
		: err_set(&e, ERR_BUSY, "%zu jobs run already", j->len);
	if (rc < 0) {
		log_warn("job %.80s: %s; reconcile makes up for it", command, e.msg);
		free(job);
		jobs_reconcile(j);
		return;
	}
	*job = (struct job){.child = {.pid = rc, .ended = on_job_end, .data = job},
		.jobs = j,
		.next = j->first};
	j->first = job;
	j->len++;
	children_add(&j->server->children, &job->child);
}

void jobs_finish(struct jobs *j)
{
	while (j->first) {
		struct job *job = j->first;

		forget(j, job);
		free(job);
	}
}
