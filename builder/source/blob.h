#ifndef BARDO_BUILDER_SOURCE_BLOB_H
#define BARDO_BUILDER_SOURCE_BLOB_H

#include <git2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct source_repository;

/* A file's content, piece by piece: small ones by libgit2, which can only give the whole,
 * big ones by `git cat-file` through a pipe. */
struct source_blob;

#define SOURCE_BLOB_PIECE (64 * 1024)

/* Larger ones come from git. Equal to its core.bigFileThreshold here, above which it
 * streams. */
#define SOURCE_BLOB_SMALL_MAX (4 * 1024 * 1024)

int source_blob_open(struct source_blob **out, struct source_repository *r,
	const git_oid *id, struct err *err);
void source_blob_close(struct source_blob *b);

uint64_t source_blob_size(const struct source_blob *b);

/* The next SOURCE_BLOB_PIECE bytes at most, borrowed until the next call; len 0 at the
 * end, where it is sure that there were as many as source_blob_size says. */
int source_blob_next(
	struct source_blob *b, const void **data, size_t *len, struct err *err);

#define SOURCE_BLOB_LFS_POINTER_MAX 1024

/* Whether it only says where Git LFS keeps the real content. Ask before the first
 * source_blob_next. */
bool source_blob_is_lfs_pointer(const struct source_blob *b);

#endif
