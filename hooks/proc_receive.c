#include "hooks/push.h"

#include "builder/deploy/deploy.h"
#include "builder/deploy/settle.h"
#include "builder/git/ref.h"
#include "builder/say.h"
#include "builder/secrets.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/lock.h"
#include "config/paths.h"
#include "hooks/pktline.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * proc-receive (githooks(5)): the objects are permanent, git hands us every ref of the
 * push and waits for our answer on each. It deploys under the app's lock and moves the
 * branch itself, with the switch; tags fall through to git.
 */

#define TAGS "refs/tags/"
#define ATOMIC_REASON "another ref of this atomic push was refused"

struct options {
	bool atomic;
	bool has_push_options;
};

/* Git's features stand behind the version's NUL; we name those that we want. */
static int agree_on_version(struct options *o, char *line, struct err *err)
{
	char answer[64] = "version=1";
	size_t len, answer_len = strlen(answer) + 1;
	const char *features;
	int kind = pkt_read(STDIN_FILENO, line, &len, err);

	if (kind < 0)
		return kind;
	if (kind != PKT_LINE || strcmp(line, "version=1"))
		return err_set(
			err, ERR_FAILED, "git speaks another version of proc-receive");
	features = len > strlen(line) ? line + strlen(line) + 1 : "";
	o->atomic = strstr(features, "atomic");
	o->has_push_options = strstr(features, "push-options");
	answer_len += (size_t)snprintf(answer + answer_len, sizeof(answer) - answer_len,
		"%s%s", o->atomic ? "atomic " : "",
		o->has_push_options ? "push-options" : "");
	if (pkt_read(STDIN_FILENO, line, &len, err) < 0 ||
		pkt_write_data(STDOUT_FILENO, answer, answer_len, err) < 0)
		return ERR_FAILED;
	return pkt_flush(STDOUT_FILENO, err);
}

static int read_push(struct push *p, struct options *o, struct err *err)
{
	char *line = malloc(PKT_LINE_MAX + 1);
	size_t len;
	int rc;

	if (!line)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = agree_on_version(o, line, err);
	while (!rc && (rc = pkt_read(STDIN_FILENO, line, &len, err)) == PKT_LINE)
		rc = push_add_command(p, line, err);
	if (rc == PKT_FLUSH && o->has_push_options) {
		while ((rc = pkt_read(STDIN_FILENO, line, &len, err)) == PKT_LINE) {
			rc = push_option(p, line, err);
			if (rc)
				break;
		}
	}
	free(line);
	return rc < 0 ? rc : 0;
}

/* The lock stays with the open file description, and so with receive-pack's parent. */
static int take_lock(int64_t *waited, struct err *err)
{
	int64_t start = clock_monotonic_ms();
	int rc = lock_take(PUSH_LOCK_FD, err);

	if (rc == ERR_BUSY) {
		(void)fprintf(
			stderr, "-----> Waiting for the deploy that is under way\n");
		rc = lock_wait(PUSH_LOCK_FD, err);
	}
	*waited = clock_monotonic_ms() - start;
	return rc;
}

static struct push_command *find_deploy(struct push *p)
{
	for (size_t i = 0; i < p->len; i++) {
		if (p->commands[i].deploys)
			return &p->commands[i];
	}
	return NULL;
}

/* Tags that this push brings are names for its commits already. */
static size_t collect_tags(struct push *p, struct pushed_tag *tags)
{
	size_t n = 0;

	for (size_t i = 0; i < p->len; i++) {
		const struct push_command *c = &p->commands[i];

		if (strncmp(c->ref, TAGS, strlen(TAGS)) || !*c->commit || *c->reason)
			continue;
		tags[n].name = c->ref + strlen(TAGS);
		memcpy(tags[n++].commit, c->commit, sizeof(c->commit));
	}
	return n;
}

static int find_version(struct push *p, const char *repository, const char *commit,
	char out[VERSION_SIZE], struct err *err)
{
	struct pushed_tag *tags = calloc(p->len, sizeof(*tags));
	int rc;

	if (!tags)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = commit_version(repository, commit, tags, collect_tags(p, tags), out, err);
	free(tags);
	return rc;
}

/* A shallow clone's first push brings commits whose parents stay away. Git notes that in
 * the repository when it moves the branch, and insists on doing so itself. */
static int leave_to_git(struct push *p, struct push_command *c, const char *repository,
	bool atomic, bool *leave, struct err *err)
{
	/* Git's own list of where such histories end, for as long as the push runs. */
	const char *shallow = getenv("GIT_SHALLOW_FILE");

	*leave = shallow && *shallow;
	if (!*leave)
		return 0;
	if (strcmp(c->new, c->commit))
		return err_set(err, ERR_USAGE,
			"a shallow clone's first push of a tag to %s: push its commit, "
			"TAG^{commit}",
			c->ref);
	if (atomic && p->len > 1)
		return err_set(err, ERR_USAGE,
			"a shallow clone's first push can't be atomic: push the branch "
			"alone");
	return repository_settle_head(repository, c->ref, err);
}

/* What moves with the switch: the branch, and in an atomic push all the rest, so that git
 * has nothing left to fail at. */
static size_t collect_changes(
	struct push *p, struct push_command *c, bool atomic, struct ref_change *changes)
{
	size_t n = 0;

	changes[n++] = (struct ref_change){c->ref, c->old, c->commit};
	c->moved = true;
	for (size_t i = 0; atomic && i < p->len; i++) {
		struct push_command *other = &p->commands[i];

		if (other == c)
			continue;
		changes[n++] = (struct ref_change){other->ref, other->old, other->new};
		other->moved = true;
	}
	return n;
}

/* Whether git would take them at all, before a build is spent on it. */
static int try_changes(const char *repository, const struct ref_change *changes,
	size_t len, struct err *err)
{
	struct ref_update *trial = NULL;
	int rc = ref_prepare(&trial, repository, changes, len, err);

	ref_abort(trial);
	return rc;
}

static int run_deploy(struct push *p, struct push_command *c, struct deploy d,
	const char *repository, struct err *err)
{
	char version[VERSION_SIZE];
	struct life life = {0};
	struct say say;
	int rc = find_version(p, repository, c->commit, version, err);

	if (rc)
		return rc;
	say_init(&say, STDERR_FILENO);
	d.say = &say;
	d.version = version;
	rc = deploy_run(&d, &life, err);
	say_finish(&say);
	/* With the lock in hand nothing can be settled here: without bardod, its next
	 * start does it. */
	if (!rc)
		(void)settle_ask(&p->server, &p->app, NULL);
	return rc;
}

static int deploy(struct push *p, struct push_command *c, bool atomic, int64_t waited,
	struct err *err)
{
	struct ref_change *changes = calloc(p->len, sizeof(*changes));
	char repository[PATH_TEXT_MAX];
	struct deploy d = {
		.server = &p->server,
		.app = &p->app,
		.user = &p->user,
		.key = p->key,
		.client_side = p->client_side,
		.peer = p->peer,
		.source = "push",
		.commit = c->commit,
		.ref = c->ref,
		.changes = changes,
		.waited = waited,
	};
	bool git_moves = false;
	int rc;

	if (!changes)
		return err_set(err, ERR_FAILED, "out of memory");
	(void)path_repository(&p->settings, &p->app, repository);
	rc = ref_remove_stale_locks(repository, err);
	if (!rc)
		rc = leave_to_git(p, c, repository, atomic, &git_moves, err);
	if (!rc && !git_moves) {
		d.changes_len = collect_changes(p, c, atomic, changes);
		rc = try_changes(repository, changes, d.changes_len, err);
	}
	if (!rc)
		rc = run_deploy(p, c, d, repository, err);
	free(changes);
	return rc;
}

static void dry_run(struct push *p, struct push_command *c)
{
	(void)fprintf(stderr,
		"-----> Dry run: this push would deploy %.12s as life %d of %s\n",
		c->commit, p->app.last_life + 1, p->app.name);
	(void)snprintf(c->reason, sizeof(c->reason), "dry run");
}

static void refuse_all(struct push *p, const char *reason)
{
	for (size_t i = 0; i < p->len; i++) {
		if (!*p->commands[i].reason)
			(void)snprintf(p->commands[i].reason, PUSH_REASON_SIZE, "%.*s",
				(int)strnlen(reason, PUSH_REASON_SIZE - 1), reason);
	}
}

static bool any_refused(const struct push *p)
{
	for (size_t i = 0; i < p->len; i++) {
		if (*p->commands[i].reason)
			return true;
	}
	return false;
}

/* What the lock was waited for may have changed the app. */
static int look_again(struct push *p, struct push_command *c, struct err *err)
{
	int rc = app_reload(p->server.store, &p->app, err);

	if (rc)
		return rc;
	if (p->app.destroyed_at)
		return err_set(err, ERR_NOTFOUND,
			"%s was destroyed meanwhile: push again", p->app.name);
	if (c)
		push_judge_again(p, c);
	return 0;
}

/* Under the lock, tags too: git's own locks are then nobody else's. */
static int carry_out_locked(struct push *p, const struct options *o, struct err *err)
{
	struct push_command *c = find_deploy(p);
	int64_t waited;
	int rc = take_lock(&waited, err);

	if (!rc)
		rc = look_again(p, c, err);
	if (rc || !c || *c->reason)
		return rc;
	rc = deploy(p, c, o->atomic, waited, err);
	if (!rc)
		return 0;
	secrets_hide(&p->server, err->msg, sizeof(err->msg));
	(void)snprintf(c->reason, sizeof(c->reason), "%.*s",
		(int)strnlen(err->msg, PUSH_REASON_SIZE - 1), err->msg);
	say_plain(c->reason);
	return 0;
}

/* Deploys what is to be deployed; a failure becomes the reason of its ref. */
static void carry_out(struct push *p, const struct options *o)
{
	struct push_command *c = find_deploy(p);
	struct err err = {0};

	if (p->dry_run && c)
		dry_run(p, c);
	if (p->dry_run)
		refuse_all(p, "dry run");
	else if (!(o->atomic && any_refused(p)) && carry_out_locked(p, o, &err) < 0) {
		secrets_hide(&p->server, err.msg, sizeof(err.msg));
		refuse_all(p, err.msg);
	}
	if (o->atomic && any_refused(p))
		refuse_all(p, ATOMIC_REASON);
}

static int report_one(const struct push_command *c, struct err *err)
{
	int rc;

	if (*c->reason)
		return pkt_write(STDOUT_FILENO, err, "ng %s %s", c->ref, c->reason);
	rc = pkt_write(STDOUT_FILENO, err, "ok %s", c->ref);
	if (!rc && !c->moved)
		return pkt_write(STDOUT_FILENO, err, "option fall-through");
	/* A tag that was pushed to the branch became its commit. */
	if (!rc && c->deploys && strcmp(c->new, c->commit))
		rc = pkt_write(STDOUT_FILENO, err, "option new-oid %s", c->commit);
	return rc;
}

static int report(const struct push *p, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < p->len && !rc; i++)
		rc = report_one(&p->commands[i], err);
	return rc ? rc : pkt_flush(STDOUT_FILENO, err);
}

static int answer(struct push *p, struct err *err)
{
	struct options o = {0};
	int rc = read_push(p, &o, err);

	if (rc)
		return rc;
	push_judge(p, false);
	for (size_t i = 0; i < p->len; i++) {
		if (*p->commands[i].reason)
			push_explain(p, &p->commands[i]);
	}
	carry_out(p, &o);
	return report(p, err);
}

int hook_proc_receive(void)
{
	struct err err = {0};
	struct push p;
	int rc = push_open(&p, &err);

	/* A receive-pack that is gone must not end the deploy. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (!rc)
		rc = answer(&p, &err);
	if (rc)
		push_complain(&p, &err);
	push_close(&p);
	return rc ? 1 : 0;
}
