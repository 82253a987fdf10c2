#ifndef BARDO_BUILDER_REF_H
#define BARDO_BUILDER_REF_H

#include "config/record/lives.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/* The app's repository: branches that move with the switch, hidden refs that keep every
 * life's commit, and what a commit is called. All under the app's lock. */

/* Keeps libgit2 set up until the process ends. Setting it up takes 5 ms (it reads the
 * machine's certificates), and without this every repository that is opened does it anew.
 */
void repository_library_hold(void);

/* One ref of a push; zeros: it is not there before, or not any more after. */
struct ref_change {
	const char *ref;
	const char *old;
	const char *new;
};

/* Refs on their way: prepared under git's own REF.lock, then committed or aborted. */
struct ref_update;

/* ERR_BUSY: a ref points elsewhere than its old by now. ERR_FAILED: git would not take it
 * (main/x beside main); the message names the ref. */
int ref_prepare(struct ref_update **out, const char *repository,
	const struct ref_change *changes, size_t len, struct err *err);
/* Moves them, and HEAD to the first one if it shows a branch that isn't there. Ends the
 * update. */
int ref_commit(struct ref_update *u, struct err *err);
/* NULL is fine. */
void ref_abort(struct ref_update *u);

/* What a ref points at, "" if there is none. */
int ref_read(
	const char *repository, const char *ref, char out[COMMIT_SIZE], struct err *err);

/* Sets it whatever it was, for reconcile. */
int ref_force(
	const char *repository, const char *ref, const char *commit, struct err *err);

/* Whether git takes it as the name of a branch (git-check-ref-format(1)). */
bool ref_branch_is_valid(const char *branch);

/* refs/bardo/lives/N. */
int ref_keep_life(const char *repository, int life, const char *commit, struct err *err);

/* The commit that an object is, or that a tag means. ERR_USAGE: neither. repository NULL:
 * the one that git set up for its hook, quarantined objects and all. */
int commit_peel(const char *repository, const char *object, char out[COMMIT_SIZE],
	struct err *err);

/* A tag that a push brings along: it isn't in the repository yet. */
struct pushed_tag {
	const char *name;
	char commit[COMMIT_SIZE];
};

/* The name of the nearest tag at or before the commit, "" if there is none. */
int commit_version(const char *repository, const char *commit,
	const struct pushed_tag *tags, size_t tags_len, char out[VERSION_SIZE],
	struct err *err);

/* The first line of its message, cut to size. */
int commit_summary(const char *repository, const char *commit, char *out, size_t size,
	struct err *err);

/* Makes a bare repository, or finds it there. */
int repository_create(const char *repository, struct err *err);

/* HEAD shows this branch, if it shows one that isn't there: a clone gets what was
 * deployed first. */
int repository_settle_head(const char *repository, const char *ref, struct err *err);

/* Whether it has neither branches nor tags; true as well if there is no repository. */
int repository_is_empty(const char *repository, bool *empty, struct err *err);

/* A *.lock of git's that is found while we hold the app's lock belongs to nobody. */
int ref_remove_stale_locks(const char *repository, struct err *err);

#endif
