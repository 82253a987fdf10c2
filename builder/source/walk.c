#include "builder/source/walk.h"

#include "builder/source/ignore.h"
#include "builder/source/path.h"
#include "builder/source/repository.h"
#include "config/base/err.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A folder on the way down. */
struct frame {
	git_tree *tree;
	size_t bytes;	 /* of the tree object */
	size_t next;	 /* entry to look at */
	size_t path_len; /* of the folder's path; 0 for the root */
	bool *hits;	 /* patterns that match it (ignore_matches_in) */
	bool given;
};

struct source_walk {
	struct source_repository *repository;
	const struct ignore *ignore;
	const char *const *always;
	struct frame frames[SOURCE_DEPTH_MAX];
	size_t depth;
	size_t bytes; /* of all frames' tree objects */
	size_t visited;
	char path[SOURCE_PATH_SIZE];
	/* Something is to be given: the folders on the way that weren't, then the file.
	 */
	bool owes;
	bool owes_file;
	git_oid file;
	git_filemode_t file_mode;
};

static struct frame *top(struct source_walk *w)
{
	return &w->frames[w->depth - 1];
}

static void pop(struct source_walk *w)
{
	struct frame *f = top(w);

	w->bytes -= f->bytes;
	git_tree_free(f->tree);
	free(f->hits);
	w->depth--;
	if (w->depth)
		w->path[top(w)->path_len] = '\0';
}

/* Opens the folder at w->path. Takes hits, also on failure. */
static int push(struct source_walk *w, const git_oid *id, bool *hits, struct err *err)
{
	struct frame f = {.path_len = strlen(w->path), .hits = hits};
	const char *name = *w->path ? w->path : "the root";
	git_object_t type;
	int rc = 0;

	if (w->depth == SOURCE_DEPTH_MAX)
		rc = err_set(err, ERR_FAILED, "%s: more than %d folders deep", name,
			SOURCE_DEPTH_MAX);
	else if (git_odb_read_header(&f.bytes, &type, w->repository->odb, id) < 0)
		rc = source_git_error(err, name);
	else if (f.bytes > SOURCE_TREES_BYTES_MAX - w->bytes)
		rc = err_set(err, ERR_FAILED, "%s: a folder with too many files", name);
	else if (git_tree_lookup(&f.tree, w->repository->git, id) < 0)
		rc = source_git_error(err, name);
	if (rc) {
		free(hits);
		return rc;
	}
	w->bytes += f.bytes;
	w->frames[w->depth++] = f;
	return 0;
}

static bool *new_hits(const struct ignore *ig)
{
	return calloc(ignore_patterns(ig) + 1, sizeof(bool));
}

int source_walk_create(struct source_walk **out, struct source_repository *r,
	const git_oid *tree, const struct ignore *ig, const char *const *always,
	struct err *err)
{
	struct source_walk *w = calloc(1, sizeof(*w));
	bool *hits = new_hits(ig);
	int rc;

	if (!w || !hits) {
		free(w);
		free(hits);
		return err_set(err, ERR_FAILED, "out of memory");
	}
	w->repository = r;
	w->ignore = ig;
	w->always = always;
	rc = push(w, tree, hits, err);
	if (rc) {
		source_walk_destroy(w);
		return rc;
	}
	w->frames[0].given = true; /* the context itself has no entry */
	*out = w;
	return 0;
}

void source_walk_destroy(struct source_walk *w)
{
	if (!w)
		return;
	while (w->depth)
		pop(w);
	free(w);
}

/* Puts the entry's name behind its folder's path. */
static int enter_path(struct source_walk *w, const char *name, struct err *err)
{
	size_t at = top(w)->path_len, len = strlen(name);

	/* fsck refuses such names at a push, yet a tar with one could leave its folder.
	 */
	if (!len || !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/'))
		return err_set(err, ERR_FAILED, "%s: a malformed tree holds \"%.100s\"",
			*w->path ? w->path : "the root", name);
	if (at + len + 2 > sizeof(w->path))
		return err_set(err, ERR_FAILED, "%.200s…: a path of more than %d bytes",
			w->path, SOURCE_PATH_SIZE - 1);
	if (at)
		w->path[at++] = '/';
	memcpy(w->path + at, name, len + 1);
	return 0;
}

/* Whether path, or something below it, is never left out. */
static bool is_always(const struct source_walk *w, const char *path)
{
	size_t len = strlen(path);

	for (const char *const *a = w->always; *a; a++) {
		if (!strncmp(*a, path, len) && ((*a)[len] == '\0' || (*a)[len] == '/'))
			return true;
	}
	return false;
}

static int visit_folder(struct source_walk *w, const git_oid *id, struct err *err)
{
	bool *hits = new_hits(w->ignore);
	bool left_out;
	int rc;

	if (!hits)
		return err_set(err, ERR_FAILED, "out of memory");
	left_out = ignore_matches(w->ignore, w->path, top(w)->hits, hits);
	if (left_out && !is_always(w, w->path) &&
		!ignore_may_except_below(w->ignore, w->path)) {
		free(hits);
		return 0;
	}
	rc = push(w, id, hits, err);
	if (!rc && !left_out)
		w->owes = true;
	return rc;
}

static int visit_file(struct source_walk *w, const git_tree_entry *entry, struct err *err)
{
	if (!is_always(w, w->path) &&
		ignore_matches(w->ignore, w->path, top(w)->hits, NULL))
		return 0;
	w->file_mode = git_tree_entry_filemode(entry);
	if (w->file_mode == GIT_FILEMODE_COMMIT)
		return err_set(err, ERR_FAILED,
			"%s is a submodule, whose files are in another repository: "
			"commit them here, or name it in .dockerignore",
			w->path);
	git_oid_cpy(&w->file, git_tree_entry_id(entry));
	w->owes = w->owes_file = true;
	return 0;
}

/* Looks at the next entry of the innermost folder, or leaves that. */
static int visit_next(struct source_walk *w, struct err *err)
{
	struct frame *f = top(w);
	const git_tree_entry *entry = git_tree_entry_byindex(f->tree, f->next++);
	int rc;

	if (!entry) {
		pop(w);
		return 0;
	}
	if (++w->visited > SOURCE_ENTRIES_MAX)
		return err_set(err, ERR_FAILED, "more than %d files and folders",
			SOURCE_ENTRIES_MAX);
	rc = enter_path(w, git_tree_entry_name(entry), err);
	if (rc)
		return rc;
	return git_tree_entry_filemode(entry) == GIT_FILEMODE_TREE
		? visit_folder(w, git_tree_entry_id(entry), err)
		: visit_file(w, entry, err);
}

static void give(struct source_walk *w, struct source_entry *e, size_t path_len,
	git_filemode_t mode)
{
	memcpy(e->path, w->path, path_len);
	e->path[path_len] = '\0';
	e->mode = mode;
	git_oid_cpy(&e->id, &w->file);
}

/* Gives the outermost of what is owed; false if nothing is. */
static bool give_owed(struct source_walk *w, struct source_entry *e)
{
	for (size_t i = 0; w->owes && i < w->depth; i++) {
		if (w->frames[i].given)
			continue;
		w->frames[i].given = true;
		give(w, e, w->frames[i].path_len, GIT_FILEMODE_TREE);
		return true;
	}
	w->owes = false;
	if (!w->owes_file)
		return false;
	w->owes_file = false;
	give(w, e, strlen(w->path), w->file_mode);
	return true;
}

int source_walk_next(struct source_walk *w, struct source_entry *e, struct err *err)
{
	while (!give_owed(w, e)) {
		int rc = w->depth ? visit_next(w, err) : 0;

		if (rc)
			return rc;
		if (!w->depth)
			return 0;
	}
	return 1;
}
