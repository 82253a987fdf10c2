#ifndef BARDO_BUILDER_SOURCE_FILE_H
#define BARDO_BUILDER_SOURCE_FILE_H

#include "builder/source/path.h"

#include <git2.h>

struct buf;
struct err;
struct source_repository;

/* Single files of a tree, read whole. */

/* The file that path means, all symbolic links followed: its own path and blob.
 * ERR_NOTFOUND, without a message: none, a folder, a link out of the tree. */
int source_file_find(struct source_repository *r, const git_oid *tree, const char *path,
	char file[SOURCE_PATH_SIZE], git_oid *id, struct err *err);

/* Adds a blob to b. path is for the message; ERR_FAILED above b's maximum. */
int source_file_read(struct source_repository *r, const git_oid *id, const char *path,
	struct buf *b, struct err *err);

/* Where a symbolic link leads, as it stands in its blob. */
int source_file_read_link(struct source_repository *r, const git_oid *id,
	const char *path, char target[SOURCE_PATH_SIZE], struct err *err);

#endif
