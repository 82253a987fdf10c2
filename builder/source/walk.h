#ifndef BARDO_BUILDER_SOURCE_WALK_H
#define BARDO_BUILDER_SOURCE_WALK_H

#include "builder/source/path.h"

#include <git2.h>
#include <stddef.h>

struct err;
struct ignore;
struct source_repository;

/* Goes over a tree's entries, folders before what is in them, without those that are
 * ignored. A folder that is ignored is given all the same when something in it isn't. */
struct source_walk;

#define SOURCE_DEPTH_MAX 256

/* Of the tree objects that are open at one time: a path's folders. */
#define SOURCE_TREES_BYTES_MAX (16 * 1024 * 1024)

/* More than any tree that is built; a hostile one names the same folder over and over. */
#define SOURCE_ENTRIES_MAX 5000000

struct source_entry {
	char path[SOURCE_PATH_SIZE];
	git_oid id;
	git_filemode_t mode; /* never GIT_FILEMODE_COMMIT */
};

/* r and ig must live as long. always: NULL-terminated, paths that no pattern leaves out,
 * borrowed too. */
int source_walk_create(struct source_walk **out, struct source_repository *r,
	const git_oid *tree, const struct ignore *ig, const char *const *always,
	struct err *err);
void source_walk_destroy(struct source_walk *w);

/* 1: an entry; 0: no more; negative: failed, and a submodule is a failure. */
int source_walk_next(struct source_walk *w, struct source_entry *e, struct err *err);

#endif
