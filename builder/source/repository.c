#include "builder/source/repository.h"

#include "config/base/err.h"
#include "config/git_library.h"

/* What libgit2 may keep: of objects, and mapped of the packs. The whole of a deploy is to
 * stay below 48 MB whatever is pushed. */
#define CACHED_OBJECTS_MAX (4 * 1024 * 1024)
#define PACK_WINDOW (1024 * 1024)
#define PACK_WINDOWS_MAX (8 * 1024 * 1024)
#define PACK_FILES_MAX 64

int source_git_error(struct err *err, const char *what)
{
	const git_error *e = git_error_last();

	return err_set(err, ERR_FAILED, "%s: %s", what,
		e && e->message ? e->message : "unknown error");
}

static void set_limits(void)
{
	(void)git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)CACHED_OBJECTS_MAX);
	(void)git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)PACK_WINDOW);
	(void)git_libgit2_opts(
		GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)PACK_WINDOWS_MAX);
	(void)git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, (size_t)PACK_FILES_MAX);
	/* git's index-pack has hashed every object that came in: doing it again takes
	 * longer than all the rest of reading a tree. */
	(void)git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0);
	/* The repositories are our own; which user owns the files says nothing here. */
	(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}

int source_repository_init(struct source_repository *r, const char *path, struct err *err)
{
	int rc;

	*r = (struct source_repository){.path = path};
	git_library_start();
	set_limits();
	/* Only the environment knows where quarantined objects are. */
	rc = path ? git_repository_open_bare(&r->git, path)
		  : git_repository_open_ext(
			    &r->git, NULL, GIT_REPOSITORY_OPEN_FROM_ENV, NULL);
	if (rc < 0 || git_repository_odb(&r->odb, r->git) < 0)
		return source_git_error(err, path ? path : "the pushed repository");
	return 0;
}

void source_repository_finish(struct source_repository *r)
{
	git_odb_free(r->odb);
	git_repository_free(r->git);
	(void)git_libgit2_shutdown();
	*r = (struct source_repository){0};
}

int source_repository_commit(struct source_repository *r, const char *hex, git_oid *tree,
	int64_t *time, struct err *err)
{
	git_commit *commit = NULL;
	git_oid id;
	int rc;

	if (git_oid_fromstrp(&id, hex) < 0)
		return err_set(err, ERR_FAILED, "%.50s is not a commit's name", hex);
	rc = git_commit_lookup(&commit, r->git, &id);
	if (rc == GIT_ENOTFOUND)
		return err_set(err, ERR_NOTFOUND,
			"commit %.12s is not in the repository: push it again", hex);
	if (rc < 0)
		return source_git_error(err, hex);
	git_oid_cpy(tree, git_commit_tree_id(commit));
	*time = git_commit_time(commit);
	git_commit_free(commit);
	return 0;
}

int source_repository_find(struct source_repository *r, const git_oid *tree,
	const char *path, git_oid *id, git_filemode_t *mode, struct err *err)
{
	git_tree_entry *entry = NULL;
	git_tree *root = NULL;
	int rc;

	if (!*path) {
		git_oid_cpy(id, tree);
		*mode = GIT_FILEMODE_TREE;
		return 0;
	}
	rc = git_tree_lookup(&root, r->git, tree);
	if (!rc)
		rc = git_tree_entry_bypath(&entry, root, path);
	if (!rc) {
		git_oid_cpy(id, git_tree_entry_id(entry));
		*mode = git_tree_entry_filemode(entry);
	} else {
		rc = rc == GIT_ENOTFOUND ? ERR_NOTFOUND : source_git_error(err, path);
	}
	git_tree_entry_free(entry);
	git_tree_free(root);
	return rc;
}
