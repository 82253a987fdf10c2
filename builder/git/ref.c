#include "builder/git/ref.h"

#include "config/base/err.h"
#include "config/base/log.h"
#include "config/base/number.h"
#include "config/git_library.h"

#include <errno.h>
#include <ftw.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WALK_DIRS 16

struct ref_update {
	git_repository *repository;
	git_transaction *transaction;
	char ref[BRANCH_SIZE];
};

void repository_library_hold(void)
{
	git_library_start();
}

static int failed(struct err *err, const char *what)
{
	const git_error *e = git_error_last();

	return err_set(err, ERR_FAILED, "%s: %s", what, e ? e->message : "unknown error");
}

/* path NULL: the one that git set up for its hook, quarantined objects and all. */
static int open_repository(git_repository **out, const char *path, struct err *err)
{
	int rc;

	git_library_start();
	if (path)
		rc = git_repository_open_bare(out, path);
	else
		rc = git_repository_open_ext(
			out, NULL, GIT_REPOSITORY_OPEN_FROM_ENV, NULL);
	if (rc == 0)
		return 0;
	(void)failed(err, path ? path : "the repository of this push");
	(void)git_libgit2_shutdown();
	return ERR_FAILED;
}

static void close_repository(git_repository *r)
{
	git_repository_free(r);
	(void)git_libgit2_shutdown();
}

static int read_ref(
	git_repository *r, const char *ref, char out[COMMIT_SIZE], struct err *err)
{
	git_oid oid;
	int rc = git_reference_name_to_id(&oid, r, ref);

	out[0] = '\0';
	if (rc == GIT_ENOTFOUND)
		return 0;
	if (rc < 0)
		return failed(err, ref);
	(void)git_oid_tostr(out, COMMIT_SIZE, &oid);
	return 0;
}

static bool is_zero(const char *hex)
{
	return strspn(hex, "0") == strlen(hex);
}

static int prepare_one(struct ref_update *u, const struct ref_change *c, struct err *err)
{
	char now[COMMIT_SIZE];
	git_oid oid;
	int rc;

	if (git_transaction_lock_ref(u->transaction, c->ref) < 0) {
		log_warn("%s: %s", c->ref,
			git_error_last() ? git_error_last()->message : "");
		return err_set(err, ERR_FAILED,
			"git can't write %s: a ref of another name is in its way",
			c->ref);
	}
	if (read_ref(u->repository, c->ref, now, err) < 0)
		return ERR_FAILED;
	if (strcmp(now, is_zero(c->old) ? "" : c->old))
		return err_set(err, ERR_BUSY,
			"%s has moved meanwhile: fetch, then push again", c->ref);
	if (is_zero(c->new))
		rc = git_transaction_remove(u->transaction, c->ref);
	else if (git_oid_fromstr(&oid, c->new) < 0)
		rc = -1;
	else
		rc = git_transaction_set_target(u->transaction, c->ref, &oid, NULL, NULL);
	return rc < 0 ? failed(err, c->ref) : 0;
}

int ref_prepare(struct ref_update **out, const char *repository,
	const struct ref_change *changes, size_t len, struct err *err)
{
	struct ref_update *u = calloc(1, sizeof(*u));
	int rc;

	if (!u)
		return err_set(err, ERR_FAILED, "out of memory");
	(void)snprintf(u->ref, sizeof(u->ref), "%s", changes[0].ref);
	rc = open_repository(&u->repository, repository, err);
	if (rc) {
		free(u);
		return rc;
	}
	if (git_transaction_new(&u->transaction, u->repository) < 0)
		rc = failed(err, repository);
	for (size_t i = 0; i < len && !rc; i++)
		rc = prepare_one(u, &changes[i], err);
	if (rc)
		ref_abort(u);
	else
		*out = u;
	return rc;
}

/* A clone gets the branch that HEAD names: the first one that was ever deployed. */
static int settle_head(git_repository *r, const char *ref)
{
	return git_repository_head_unborn(r) == 1 ? git_repository_set_head(r, ref) : 0;
}

int ref_commit(struct ref_update *u, struct err *err)
{
	int rc = 0;

	if (git_transaction_commit(u->transaction) < 0 ||
		settle_head(u->repository, u->ref) < 0)
		rc = failed(err, u->ref);
	ref_abort(u);
	return rc;
}

void ref_abort(struct ref_update *u)
{
	if (!u)
		return;
	git_transaction_free(u->transaction); /* unlocks what is still locked */
	close_repository(u->repository);
	free(u);
}

int ref_read(
	const char *repository, const char *ref, char out[COMMIT_SIZE], struct err *err)
{
	git_repository *r;
	int rc = open_repository(&r, repository, err);

	if (rc)
		return rc;
	rc = read_ref(r, ref, out, err);
	close_repository(r);
	return rc;
}

int ref_force(
	const char *repository, const char *ref, const char *commit, struct err *err)
{
	git_repository *r;
	git_reference *made = NULL;
	git_oid oid;
	int rc = open_repository(&r, repository, err);

	if (rc)
		return rc;
	if (git_oid_fromstr(&oid, commit) < 0 ||
		git_reference_create(&made, r, ref, &oid, 1, NULL) < 0 ||
		(!strncmp(ref, "refs/heads/", 11) && settle_head(r, ref) < 0))
		rc = failed(err, ref);
	git_reference_free(made);
	close_repository(r);
	return rc;
}

bool ref_branch_is_valid(const char *branch)
{
	int valid = 0;

	git_library_start();
	if (git_branch_name_is_valid(&valid, branch) < 0)
		valid = 0;
	(void)git_libgit2_shutdown();
	return valid;
}

int ref_keep_life(const char *repository, int life, const char *commit, struct err *err)
{
	char ref[64];

	(void)snprintf(ref, sizeof(ref), "refs/bardo/lives/%d", life);
	return ref_force(repository, ref, commit, err);
}

int commit_peel(const char *repository, const char *object, char out[COMMIT_SIZE],
	struct err *err)
{
	git_object *found = NULL, *peeled = NULL;
	git_repository *r;
	git_oid oid;
	int rc = open_repository(&r, repository, err);

	if (rc)
		return rc;
	if (git_oid_fromstr(&oid, object) < 0 ||
		git_object_lookup(&found, r, &oid, GIT_OBJECT_ANY) < 0 ||
		git_object_peel(&peeled, found, GIT_OBJECT_COMMIT) < 0)
		rc = err_set(err, ERR_USAGE,
			"%.12s is not a commit: push a commit or a tag of one", object);
	else
		(void)git_oid_tostr(out, COMMIT_SIZE, git_object_id(peeled));
	git_object_free(peeled);
	git_object_free(found);
	close_repository(r);
	return rc;
}

/* "v1.2-3-gabc1234" is tag v1.2 and 3 commits. */
static void split_description(char *text, int64_t *distance)
{
	char *dash = strrchr(text, '-');

	*distance = 0;
	if (!dash)
		return;
	*dash = '\0';
	dash = strrchr(text, '-');
	if (!dash)
		return;
	if (number_parse(dash + 1, 0, INT64_MAX, distance) == 0)
		*dash = '\0';
}

/* The nearest tag that the repository has; distance stays as it is if there is none. */
static void describe(git_repository *r, const git_oid *commit, char out[VERSION_SIZE],
	int64_t *distance)
{
	git_describe_options options;
	git_describe_format_options format;
	git_describe_result *result = NULL;
	git_object *object = NULL;
	git_buf text = {0};

	(void)git_describe_options_init(&options, GIT_DESCRIBE_OPTIONS_VERSION);
	(void)git_describe_format_options_init(
		&format, GIT_DESCRIBE_FORMAT_OPTIONS_VERSION);
	options.describe_strategy = GIT_DESCRIBE_TAGS;
	format.always_use_long_format = 1;
	if (git_object_lookup(&object, r, commit, GIT_OBJECT_COMMIT) == 0 &&
		git_describe_commit(&result, object, &options) == 0 &&
		git_describe_format(&text, result, &format) == 0) {
		split_description(text.ptr, distance);
		(void)snprintf(out, VERSION_SIZE, "%s", text.ptr);
	}
	git_buf_dispose(&text);
	git_describe_result_free(result);
	git_object_free(object);
}

int commit_version(const char *repository, const char *commit,
	const struct pushed_tag *tags, size_t tags_len, char out[VERSION_SIZE],
	struct err *err)
{
	int64_t nearest = INT64_MAX;
	git_repository *r;
	git_oid oid;
	int rc = open_repository(&r, repository, err);

	out[0] = '\0';
	if (rc)
		return rc;
	if (git_oid_fromstr(&oid, commit) < 0)
		rc = failed(err, commit);
	else
		describe(r, &oid, out, &nearest);
	for (size_t i = 0; i < tags_len && !rc; i++) {
		size_t ahead, behind;
		git_oid tag;

		/* A tag on another line of history says nothing about this commit. */
		if (git_oid_fromstr(&tag, tags[i].commit) < 0 ||
			git_graph_ahead_behind(&ahead, &behind, r, &oid, &tag) < 0 ||
			behind || (int64_t)ahead >= nearest)
			continue;
		nearest = (int64_t)ahead;
		(void)snprintf(out, VERSION_SIZE, "%s", tags[i].name);
	}
	close_repository(r);
	return rc;
}

int commit_summary(const char *repository, const char *commit, char *out, size_t size,
	struct err *err)
{
	git_commit *found = NULL;
	git_repository *r;
	git_oid oid;
	int rc = open_repository(&r, repository, err);

	if (rc)
		return rc;
	if (git_oid_fromstr(&oid, commit) < 0 || git_commit_lookup(&found, r, &oid) < 0) {
		rc = failed(err, commit);
	} else {
		const char *text = git_commit_summary(found);

		(void)snprintf(out, size, "%s", text ? text : "");
	}
	git_commit_free(found);
	close_repository(r);
	return rc;
}

int repository_create(const char *repository, struct err *err)
{
	git_repository_init_options options;
	git_repository *r = NULL;
	int rc = 0;

	git_library_start();
	(void)git_repository_init_options_init(
		&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR;
	options.initial_head = "main";
	if (git_repository_init_ext(&r, repository, &options) < 0)
		rc = failed(err, repository);
	close_repository(r);
	return rc;
}

int repository_settle_head(const char *repository, const char *ref, struct err *err)
{
	git_repository *r;
	int rc = open_repository(&r, repository, err);

	if (rc)
		return rc;
	if (settle_head(r, ref) < 0)
		rc = failed(err, ref);
	close_repository(r);
	return rc;
}

static bool is_branch_or_tag(const char *name)
{
	return !strncmp(name, "refs/heads/", 11) || !strncmp(name, "refs/tags/", 10);
}

int repository_is_empty(const char *repository, bool *empty, struct err *err)
{
	git_reference_iterator *it = NULL;
	const char *name;
	git_repository *r;
	int rc;

	*empty = true;
	if (access(repository, F_OK) < 0)
		return 0;
	rc = open_repository(&r, repository, err);
	if (rc)
		return rc;
	if (git_reference_iterator_new(&it, r) < 0)
		rc = failed(err, repository);
	while (!rc && *empty && git_reference_next_name(&name, it) == 0)
		*empty = !is_branch_or_tag(name);
	git_reference_iterator_free(it);
	close_repository(r);
	return rc;
}

static int remove_if_lock(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	size_t len = strlen(path);

	(void)st;
	(void)ftw;
	if (type != FTW_F || len < 5 || strcmp(path + len - 5, ".lock"))
		return 0;
	log_warn("removed git's stale lock %s", path);
	return unlink(path) < 0 && errno != ENOENT ? -1 : 0;
}

int ref_remove_stale_locks(const char *repository, struct err *err)
{
	static const char *const files[] = {
		"HEAD.lock", "packed-refs.lock", "config.lock"};
	char path[2048];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", repository, files[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_errno(err, "%s", path);
	}
	(void)snprintf(path, sizeof(path), "%s/refs", repository);
	if (nftw(path, remove_if_lock, WALK_DIRS, FTW_PHYS) < 0 && errno != ENOENT)
		return err_errno(err, "%s", path);
	return 0;
}
