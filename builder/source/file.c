#include "builder/source/file.h"

#include "builder/source/blob.h"
#include "builder/source/repository.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <string.h>

/* As many as Linux follows would be 40; more than a few is a loop. */
#define LINKS_MAX 8

int source_file_read(struct source_repository *r, const git_oid *id, const char *path,
	struct buf *b, struct err *err)
{
	struct source_blob *blob;
	const void *data;
	size_t len;
	int rc = source_blob_open(&blob, r, id, err);

	if (rc)
		return err_prefix(err, "%s: ", path);
	if (source_blob_size(blob) > b->max - b->len)
		rc = err_set(err, ERR_FAILED, "%s: more than %zu bytes", path, b->max);
	while (!rc) {
		rc = source_blob_next(blob, &data, &len, err);
		if (rc || !len)
			break;
		if (buf_add(b, data, len) < 0)
			rc = err_set(err, ERR_FAILED, "out of memory");
	}
	source_blob_close(blob);
	return rc;
}

int source_file_read_link(struct source_repository *r, const git_oid *id,
	const char *path, char target[SOURCE_PATH_SIZE], struct err *err)
{
	struct buf b;
	int rc;

	buf_init(&b, SOURCE_PATH_SIZE - 1);
	rc = source_file_read(r, id, path, &b, err);
	if (!rc && (!b.len || strlen(b.data) != b.len))
		rc = err_set(err, ERR_FAILED,
			"%s: a symbolic link without a valid target", path);
	if (!rc)
		memcpy(target, b.data, b.len + 1);
	buf_finish(&b);
	return rc;
}

int source_file_find(struct source_repository *r, const git_oid *tree, const char *path,
	char file[SOURCE_PATH_SIZE], git_oid *id, struct err *err)
{
	char target[SOURCE_PATH_SIZE], next[SOURCE_PATH_SIZE];
	git_filemode_t mode;

	if (!source_path_relative(file, path) || !*file)
		return ERR_NOTFOUND;
	for (int links = 0; links < LINKS_MAX; links++) {
		int rc = source_repository_find(r, tree, file, id, &mode, err);

		if (rc)
			return rc;
		if (mode == GIT_FILEMODE_TREE || mode == GIT_FILEMODE_COMMIT)
			return ERR_NOTFOUND;
		if (mode != GIT_FILEMODE_LINK)
			return 0;
		rc = source_file_read_link(r, id, file, target, err);
		if (rc)
			return rc;
		if (!source_path_follow(next, file, target))
			return ERR_NOTFOUND;
		memcpy(file, next, sizeof(next));
	}
	return ERR_NOTFOUND;
}
