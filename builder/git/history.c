#include "builder/git/history.h"

#include "config/base/err.h"
#include "config/git_library.h"
#include "config/record/lives.h"

#include <git2.h>
#include <stddef.h>

struct history {
	git_repository *repository;
	git_revwalk *walk;
};

static int failed(struct err *err, const char *what)
{
	const git_error *e = git_error_last();

	return err_set(err, ERR_FAILED, "%s: %s", what, e ? e->message : "unknown error");
}

static int start(struct history *h, const char *from, const char *to)
{
	git_oid shown, hidden;

	if (git_oid_fromstr(&shown, to) < 0 || git_oid_fromstr(&hidden, from) < 0)
		return -1;
	if (git_revwalk_new(&h->walk, h->repository) < 0)
		return -1;
	(void)git_revwalk_sorting(h->walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME);
	if (git_revwalk_push(h->walk, &shown) < 0)
		return -1;
	return git_revwalk_hide(h->walk, &hidden);
}

static int show(struct history *h, const git_oid *oid,
	int (*each)(void *, const char *, const char *), void *ctx, struct err *err)
{
	char commit[COMMIT_SIZE];
	git_commit *found = NULL;
	const char *summary;
	int rc;

	(void)git_oid_tostr(commit, sizeof(commit), oid);
	if (git_commit_lookup(&found, h->repository, oid) < 0)
		return failed(err, commit);
	summary = git_commit_summary(found);
	rc = each(ctx, commit, summary ? summary : "");
	git_commit_free(found);
	return rc;
}

int history_each(const char *repository, const char *from, const char *to, int max,
	bool *more, int (*each)(void *, const char *, const char *), void *ctx,
	struct err *err)
{
	struct history h = {0};
	git_oid oid;
	int next = 0, rc = 0;

	*more = false;
	git_library_start();
	if (git_repository_open_bare(&h.repository, repository) < 0)
		rc = failed(err, repository);
	else if (start(&h, from, to) < 0)
		rc = failed(err, "the commits in between");
	while (!rc && (next = git_revwalk_next(&oid, h.walk)) == 0) {
		*more = max-- == 0;
		if (*more)
			break;
		rc = show(&h, &oid, each, ctx, err);
	}
	/* Behind the end of a shallow clone's history there is nothing to be found. */
	if (!rc && next < 0 && next != GIT_ITEROVER)
		*more = true;
	git_revwalk_free(h.walk);
	git_repository_free(h.repository);
	(void)git_libgit2_shutdown();
	return rc;
}
