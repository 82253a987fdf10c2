#ifndef BARDO_BUILDER_SOURCE_H
#define BARDO_BUILDER_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct buf;
struct err;

/*
 * A commit's tree as the build context: a pax tar that is made while it is read, so that
 * no checkout touches the disk and memory stays bounded whatever the tree holds.
 * Entries are what a build's cache wants to see: uid and gid 0, modes 0644, 0755 and
 * symbolic links, folders, the commit's time, in tree order. `.dockerignore` (or
 * DOCKERFILE.dockerignore, which wins) is applied here, since the Engine doesn't
 * (builder/source/ignore.h). Git attributes are not: `docker build` in a checkout would
 * send what export-ignore leaves out of `git archive`, and looking attributes up takes
 * longer than all the rest.
 */
struct source;

#define SOURCE_COMMIT_HEX 40

struct source_options {
	const char *repository; /* path of a bare repository; NULL: from the environment
				   that git gives its hooks, so that quarantined objects
				   are seen */
	const char *commit;	/* 40 hex */
	const char *dir; /* folder of the tree that is the context; "" or "." the root */
	const char *dockerfile; /* path relative to dir, never left out, so that a build
				   by BuildKit has it in the context even if an ignore
				   file names it */
	bool classic; /* for the Engine's old builder: .dockerignore is never left out
			 either, since that builder reads it to take both files out of
			 the context again where it names them */
};

/* Opens, and checks what can be checked before a build costs anything: submodules and
 * Git LFS pointers too where .gitmodules or .gitattributes tell of them. ERR_NOTFOUND: no
 * such folder or Dockerfile (the message names commit, path and what to do). ERR_USAGE: a
 * malformed ignore file. ERR_FAILED: an unreadable repository, a submodule … Close after
 * success only. Sets libgit2's limits of memory for the whole process. */
int source_open(struct source **out, const struct source_options *o, struct err *err);
void source_close(struct source *s);

/* Gives the next 1 to len bytes of the tar, 0 at its end, negative with err: a submodule
 * and a Git LFS pointer are failures whose message names the path. After a failure only
 * source_close is allowed. */
ssize_t source_read(struct source *s, void *to, size_t len, struct err *err);

/* Entries and bytes of content that have been given so far, for progress. */
uint64_t source_entries(const struct source *s);
uint64_t source_bytes(const struct source *s);

/* 40 hex of the context's tree (of dir within the commit), borrowed. */
const char *source_tree(const struct source *s);
/* The commit's time, seconds since the epoch. */
int64_t source_time(const struct source *s);

/* One whole file of the context, through symbolic links that stay in it. ERR_NOTFOUND if
 * there is none, ERR_FAILED above b's maximum. */
int source_file(struct source *s, const char *path, struct buf *b, struct err *err);

#endif
