#include "builder/source/source.h"

#include "builder/source/blob.h"
#include "builder/source/file.h"
#include "builder/source/ignore.h"
#include "builder/source/path.h"
#include "builder/source/repository.h"
#include "builder/source/walk.h"
#include "config/base/buf.h"
#include "config/base/err.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A piece of a file, or a header whose path and link fill their extended records. */
#define TAR_BUFFER (SOURCE_BLOB_PIECE + 64 * 1024)
#define ATTRIBUTES_MAX (256 * 1024)
#define IGNORE_FILE ".dockerignore"

struct source {
	struct source_repository repository;
	git_oid commit_tree, tree; /* the whole, and the context's */
	char tree_hex[GIT_OID_HEXSZ + 1];
	int64_t time;
	struct ignore *ignore;
	char dockerfile[SOURCE_PATH_SIZE];
	char dockerfile_itself[SOURCE_PATH_SIZE]; /* behind its symbolic links */
	const char *always[4];			  /* what no pattern leaves out */
	struct source_walk *walk;
	struct archive *archive;
	struct archive_entry *header;
	struct source_entry entry;
	struct source_blob *content; /* of entry, while it is given */
	bool ended;
	uint64_t entries, bytes;
	size_t out_len, out_at; /* what the archive wrote, what was read of it */
	char out[TAR_BUFFER];
};

/* ---- opening ---- */

static int find_context(struct source *s, const struct source_options *o, struct err *err)
{
	char dir[SOURCE_PATH_SIZE];
	git_filemode_t mode;
	int rc = source_repository_commit(
		&s->repository, o->commit, &s->commit_tree, &s->time, err);

	if (rc)
		return rc;
	rc = source_path_relative(dir, o->dir)
		? source_repository_find(
			  &s->repository, &s->commit_tree, dir, &s->tree, &mode, err)
		: ERR_NOTFOUND;
	if (rc == ERR_NOTFOUND || (!rc && mode != GIT_FILEMODE_TREE))
		return err_set(err, ERR_NOTFOUND,
			"commit %.12s has no folder %.200s: commit it, or name one that "
			"is there (builder:set APP build-dir FOLDER)",
			o->commit, o->dir);
	if (!rc)
		(void)git_oid_tostr(s->tree_hex, sizeof(s->tree_hex), &s->tree);
	return rc;
}

static int find_dockerfile(
	struct source *s, const struct source_options *o, struct err *err)
{
	const bool below = *o->dir && strcmp(o->dir, ".") != 0;
	git_oid id;
	int rc = source_path_relative(s->dockerfile, o->dockerfile) ? 0 : ERR_NOTFOUND;

	if (!rc)
		rc = source_file_find(&s->repository, &s->tree, s->dockerfile,
			s->dockerfile_itself, &id, err);
	if (rc == ERR_NOTFOUND)
		return err_set(err, ERR_NOTFOUND,
			"commit %.12s has no file %.200s%s%.200s: commit one, or name "
			"one "
			"that is there (builder-dockerfile:set APP dockerfile-path FILE)",
			o->commit, o->dockerfile, below ? " in " : "",
			below ? o->dir : "");
	if (rc)
		return rc;
	s->always[0] = s->dockerfile;
	s->always[1] = s->dockerfile_itself;
	s->always[2] = o->classic ? IGNORE_FILE : NULL;
	return 0;
}

/* Reads the ignore file at path. ERR_NOTFOUND without a message if there is none. */
static int read_ignore_file(struct source *s, const char *path, struct err *err)
{
	char file[SOURCE_PATH_SIZE];
	struct buf text;
	git_oid id;
	int rc = source_file_find(&s->repository, &s->tree, path, file, &id, err);

	if (rc)
		return rc;
	buf_init(&text, IGNORE_FILE_MAX);
	rc = source_file_read(&s->repository, &id, path, &text, err);
	if (!rc) {
		rc = ignore_create(&s->ignore, buf_text(&text), text.len, err);
		if (rc)
			(void)err_prefix(err, "%s: ", path);
	}
	buf_finish(&text);
	return rc;
}

static int find_ignore_file(struct source *s, struct err *err)
{
	char own[SOURCE_PATH_SIZE + sizeof(IGNORE_FILE)];
	int rc;

	(void)snprintf(own, sizeof(own), "%s" IGNORE_FILE, s->dockerfile);
	rc = read_ignore_file(s, own, err);
	if (rc == ERR_NOTFOUND)
		rc = read_ignore_file(s, IGNORE_FILE, err);
	if (rc == ERR_NOTFOUND)
		rc = ignore_create(&s->ignore, "", 0, err);
	return rc;
}

static int refuse_lfs_pointer(const char *path, struct err *err)
{
	return err_set(err, ERR_FAILED,
		"%s is a Git LFS pointer, whose content was not pushed: run `git lfs "
		"migrate export --include='%.200s'` and push again, or name it "
		"in " IGNORE_FILE,
		path, path);
}

/* Whether the commit's attributes speak of Git LFS. */
static bool uses_lfs(struct source *s)
{
	char file[SOURCE_PATH_SIZE];
	struct buf text;
	git_oid id;
	bool found = false;

	buf_init(&text, ATTRIBUTES_MAX);
	if (!source_file_find(
		    &s->repository, &s->commit_tree, ".gitattributes", file, &id, NULL) &&
		!source_file_read(&s->repository, &id, file, &text, NULL))
		found = strstr(buf_text(&text), "filter=lfs") != NULL;
	buf_finish(&text);
	return found;
}

static int check_lfs(struct source *s, const struct source_entry *e, struct err *err)
{
	struct source_blob *blob;
	git_object_t type;
	size_t size;
	int rc = 0;

	if (e->mode == GIT_FILEMODE_TREE || e->mode == GIT_FILEMODE_LINK)
		return 0;
	if (git_odb_read_header(&size, &type, s->repository.odb, &e->id) < 0)
		return source_git_error(err, e->path);
	if (size > SOURCE_BLOB_LFS_POINTER_MAX)
		return 0;
	rc = source_blob_open(&blob, &s->repository, &e->id, err);
	if (rc)
		return rc;
	if (source_blob_is_lfs_pointer(blob))
		rc = refuse_lfs_pointer(e->path, err);
	source_blob_close(blob);
	return rc;
}

/* Goes over the whole tree once before anything is built, if the commit says that it has
 * what can't be built. Else reading it finds out. */
static int check_early(struct source *s, struct err *err)
{
	const bool lfs = uses_lfs(s);
	struct source_walk *walk;
	git_filemode_t mode;
	git_oid id;
	int rc = source_repository_find(
		&s->repository, &s->commit_tree, ".gitmodules", &id, &mode, NULL);

	if (rc && !lfs)
		return 0;
	rc = source_walk_create(
		&walk, &s->repository, &s->tree, s->ignore, s->always, err);
	if (rc)
		return rc;
	while ((rc = source_walk_next(walk, &s->entry, err)) > 0) {
		rc = lfs ? check_lfs(s, &s->entry, err) : 0;
		if (rc)
			break;
	}
	source_walk_destroy(walk);
	return rc;
}

/* ---- the tar ---- */

static la_ssize_t take_output(
	struct archive *a, void *context, const void *data, size_t len)
{
	struct source *s = context;

	if (len > sizeof(s->out) - s->out_len) {
		archive_set_error(a, ENOBUFS, "a header larger than the buffer");
		return -1;
	}
	memcpy(s->out + s->out_len, data, len);
	s->out_len += len;
	return (la_ssize_t)len;
}

static int archive_failed(struct source *s, const char *path, struct err *err)
{
	const char *why = archive_error_string(s->archive);

	return err_set(err, ERR_FAILED, "%s: cannot be put into the build's tar: %s",
		path, why ? why : "unknown error");
}

static int open_archive(struct source *s, struct err *err)
{
	s->archive = archive_write_new();
	s->header = archive_entry_new();
	if (!s->archive || !s->header)
		return err_set(err, ERR_FAILED, "out of memory");
	/* Extended records only where the old header can't say it. */
	if (archive_write_set_format_pax_restricted(s->archive) < ARCHIVE_OK ||
		archive_write_set_bytes_per_block(s->archive, 0) < ARCHIVE_OK ||
		archive_write_open(s->archive, s, NULL, take_output, NULL) < ARCHIVE_OK)
		return archive_failed(s, "the context", err);
	return 0;
}

static int give_header(struct source *s, const char *link, uint64_t size, struct err *err)
{
	const git_filemode_t mode = s->entry.mode;
	struct archive_entry *h = archive_entry_clear(s->header);

	archive_entry_set_pathname(h, s->entry.path);
	archive_entry_set_mtime(h, s->time, 0);
	archive_entry_set_size(h, (la_int64_t)size);
	if (mode == GIT_FILEMODE_TREE) {
		archive_entry_set_mode(h, AE_IFDIR | 0755);
	} else if (link) {
		archive_entry_set_mode(h, AE_IFLNK | 0777);
		archive_entry_set_symlink(h, link);
	} else {
		archive_entry_set_mode(h,
			AE_IFREG | (mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0755 : 0644));
	}
	/* A warning is about a name that is no UTF-8: it is written as it is. */
	if (archive_write_header(s->archive, h) < ARCHIVE_WARN)
		return archive_failed(s, s->entry.path, err);
	s->entries++;
	return 0;
}

static int start_link(struct source *s, struct err *err)
{
	char target[SOURCE_PATH_SIZE];
	int rc = source_file_read_link(
		&s->repository, &s->entry.id, s->entry.path, target, err);

	return rc ? rc : give_header(s, target, 0, err);
}

static int start_file(struct source *s, struct err *err)
{
	int rc = source_blob_open(&s->content, &s->repository, &s->entry.id, err);

	if (rc)
		return err_prefix(err, "%s: ", s->entry.path);
	if (source_blob_is_lfs_pointer(s->content))
		return refuse_lfs_pointer(s->entry.path, err);
	return give_header(s, NULL, source_blob_size(s->content), err);
}

static int start_entry(struct source *s, struct err *err)
{
	int rc = source_walk_next(s->walk, &s->entry, err);

	if (rc < 0)
		return rc;
	if (rc == 0) {
		s->ended = true;
		return archive_write_close(s->archive) < ARCHIVE_OK
			? archive_failed(s, "the context", err)
			: 0;
	}
	switch (s->entry.mode) {
	case GIT_FILEMODE_TREE:
		return give_header(s, NULL, 0, err);
	case GIT_FILEMODE_LINK:
		return start_link(s, err);
	default:
		return start_file(s, err);
	}
}

static int give_piece(struct source *s, struct err *err)
{
	const void *data;
	size_t len;
	int rc = source_blob_next(s->content, &data, &len, err);

	if (rc)
		return err_prefix(err, "%s: ", s->entry.path);
	if (len && archive_write_data(s->archive, data, len) != (la_ssize_t)len)
		return archive_failed(s, s->entry.path, err);
	s->bytes += len;
	if (!len) {
		source_blob_close(s->content);
		s->content = NULL;
		if (archive_write_finish_entry(s->archive) < ARCHIVE_OK)
			return archive_failed(s, s->entry.path, err);
	}
	return 0;
}

ssize_t source_read(struct source *s, void *to, size_t len, struct err *err)
{
	size_t n;

	while (s->out_at == s->out_len) {
		int rc;

		if (s->ended)
			return 0;
		s->out_at = s->out_len = 0;
		rc = s->content ? give_piece(s, err) : start_entry(s, err);
		if (rc)
			return rc;
	}
	n = s->out_len - s->out_at;
	if (n > len)
		n = len;
	memcpy(to, s->out + s->out_at, n);
	s->out_at += n;
	return (ssize_t)n;
}

/* ---- the whole ---- */

int source_open(struct source **out, const struct source_options *o, struct err *err)
{
	struct source *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_set(err, ERR_FAILED, "out of memory");
	rc = source_repository_init(&s->repository, o->repository, err);
	if (!rc)
		rc = find_context(s, o, err);
	if (!rc)
		rc = find_dockerfile(s, o, err);
	if (!rc)
		rc = find_ignore_file(s, err);
	if (!rc)
		rc = check_early(s, err);
	if (!rc)
		rc = source_walk_create(
			&s->walk, &s->repository, &s->tree, s->ignore, s->always, err);
	if (!rc)
		rc = open_archive(s, err);
	if (rc) {
		source_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	source_blob_close(s->content);
	archive_entry_free(s->header);
	/* Its end goes nowhere if it was left in the middle. */
	s->out_len = 0;
	(void)archive_write_free(s->archive);
	source_walk_destroy(s->walk);
	ignore_destroy(s->ignore);
	source_repository_finish(&s->repository);
	free(s);
}

uint64_t source_entries(const struct source *s)
{
	return s->entries;
}

uint64_t source_bytes(const struct source *s)
{
	return s->bytes;
}

const char *source_tree(const struct source *s)
{
	return s->tree_hex;
}

int64_t source_time(const struct source *s)
{
	return s->time;
}

int source_file(struct source *s, const char *path, struct buf *b, struct err *err)
{
	char file[SOURCE_PATH_SIZE];
	git_oid id;
	int rc = source_file_find(&s->repository, &s->tree, path, file, &id, err);

	if (rc == ERR_NOTFOUND)
		return err_set(err, ERR_NOTFOUND, "the commit has no file %.200s", path);
	return rc ? rc : source_file_read(&s->repository, &id, path, b, err);
}
