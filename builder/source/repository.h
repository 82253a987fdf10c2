#ifndef BARDO_BUILDER_SOURCE_REPOSITORY_H
#define BARDO_BUILDER_SOURCE_REPOSITORY_H

#include <git2.h>

struct err;

/* The repository of a source (builder/source/source.h), and its objects. */

struct source_repository {
	git_repository *git;
	git_odb *odb;
	const char *path; /* borrowed; NULL: from the environment */
};

/* Opens and sets libgit2's limits. Finish it also after failure. */
int source_repository_init(
	struct source_repository *r, const char *path, struct err *err);
void source_repository_finish(struct source_repository *r);

/* ERR_FAILED: "what: " and what libgit2 says. */
int source_git_error(struct err *err, const char *what);

/* The commit's tree and time. ERR_NOTFOUND: no such commit. */
int source_repository_commit(struct source_repository *r, const char *hex, git_oid *tree,
	int64_t *time, struct err *err);

/* What stands at path below tree: ERR_NOTFOUND without a message if nothing does. "" is
 * the tree itself. */
int source_repository_find(struct source_repository *r, const git_oid *tree,
	const char *path, git_oid *id, git_filemode_t *mode, struct err *err);

#endif
