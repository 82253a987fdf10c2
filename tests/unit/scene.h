#ifndef BARDO_TESTS_UNIT_SCENE_H
#define BARDO_TESTS_UNIT_SCENE_H

/* A repository that a script makes, and what a source gives of it. */

#include "builder/source/source.h"
#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/base/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTING_MAX (256 * 1024)
#define SCRIPT_MAX 16384
#define CHUNK 8191 /* a prime: no border of the tar falls on one of ours */

/* A folder of the test's own, with a repository in it. */
struct scene {
	char dir[64];
	char git[80];	 /* dir/repo/.git */
	char commit[48]; /* its HEAD */
};

/* Runs it in dir; what it prints is out's. */
static void run_script(const char *dir, const char *script, char *out, size_t size)
{
	char path[128];
	char *const argv[] = {(char *)"sh", (char *)"-euc", (char *)script, NULL};
	char *const env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"HOME=/nonexistent",
		(char *)"GIT_AUTHOR_NAME=a", (char *)"GIT_AUTHOR_EMAIL=a@b",
		(char *)"GIT_COMMITTER_NAME=a", (char *)"GIT_COMMITTER_EMAIL=a@b",
		(char *)"GIT_COMMITTER_DATE=@1700000000 +0100",
		(char *)"GIT_AUTHOR_DATE=@1600000000 +0000", NULL};
	struct spawn_fd fds[] = {{.from = -1, .to = 1}, {.from = 2, .to = 2}};
	struct spawn s = {.path = "/bin/sh",
		.argv = argv,
		.env = env,
		.cwd = dir,
		.fds = fds,
		.fds_len = 2};
	struct err e = {0};
	struct buf text;
	int fd;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/.out", dir);
	fds[0].from = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fds[0].from >= 0);
	pid = spawn_start(&s, &e);
	assert_true(pid > 0);
	if (spawn_wait(pid))
		fail_msg("failed: %s", script);
	(void)close(fds[0].from);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	buf_init(&text, 4096);
	assert_int_equal(io_read_all(fd, &text, &e), 0);
	(void)close(fd);
	(void)unlink(path);
	if (out)
		(void)snprintf(out, size, "%s", buf_text(&text));
	buf_finish(&text);
}

/* Makes the repository of what the script leaves in its folder. */
static void commit(struct scene *s, const char *script)
{
	char all[SCRIPT_MAX];

	(void)snprintf(all, sizeof(all),
		"git init -q -b main repo; cd repo; git config gc.auto 0\n%s\n"
		"git add -A; git commit -q --allow-empty -m x; git rev-parse HEAD",
		script);
	run_script(s->dir, all, s->commit, sizeof(s->commit));
	s->commit[strcspn(s->commit, "\n")] = '\0';
	assert_int_equal(strlen(s->commit), SOURCE_COMMIT_HEX);
	(void)snprintf(s->git, sizeof(s->git), "%s/repo/.git", s->dir);
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	(void)snprintf(s->dir, sizeof(s->dir), "/tmp/bardo-source-XXXXXX");
	*state = s;
	return mkdtemp(s->dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct scene *s = *state;
	int rc = io_remove_tree(s->dir, NULL);

	free(s);
	return rc;
}

/* ---- reading the tar ---- */

struct reading {
	struct source *source;
	struct err err;
	char chunk[CHUNK];
};

static la_ssize_t read_chunk(struct archive *a, void *context, const void **data)
{
	struct reading *r = context;
	ssize_t n = source_read(r->source, r->chunk, sizeof(r->chunk), &r->err);

	(void)a;
	*data = r->chunk;
	return n;
}

static void list_entry(struct buf *b, struct archive_entry *e)
{
	const char *link = archive_entry_symlink(e);

	assert_int_equal(archive_entry_uid(e), 0);
	assert_int_equal(archive_entry_gid(e), 0);
	assert_string_equal(archive_entry_uname(e), "");
	assert_string_equal(archive_entry_gname(e), "");
	assert_int_equal(archive_entry_mtime(e), 1700000000);
	assert_int_equal(
		buf_addf(b, "%o %s", archive_entry_mode(e), archive_entry_pathname(e)),
		0);
	if (link)
		assert_int_equal(buf_addf(b, " -> %s", link), 0);
	if (archive_entry_filetype(e) == AE_IFREG)
		assert_int_equal(
			buf_addf(b, " %lld", (long long)archive_entry_size(e)), 0);
	assert_int_equal(buf_adds(b, "\n"), 0);
}

/* One line an entry: mode, path, link or size. Returns source_read's failure
 * with err. */
static int list(const struct source_options *o, struct buf *b, struct err *err)
{
	struct reading *r = calloc(1, sizeof(*r));
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	uint64_t entries = 0;
	int rc;

	assert_non_null(r);
	rc = source_open(&r->source, o, err);
	if (!rc) {
		(void)archive_read_support_format_tar(a);
		rc = archive_read_open(a, r, NULL, read_chunk, NULL);
		for (; rc == ARCHIVE_OK; entries++) {
			rc = archive_read_next_header(a, &e);
			if (rc == ARCHIVE_OK || rc == ARCHIVE_WARN)
				list_entry(b, e);
		}
		if (!r->err.code) {
			/* Up to the very end, which archive_read doesn't ask for. */
			while (read_chunk(a, r, &(const void *){NULL}) > 0)
				;
			assert_int_equal(rc, ARCHIVE_EOF);
			assert_int_equal(source_entries(r->source), entries - 1);
		}
		rc = r->err.code;
		*err = r->err;
		source_close(r->source);
	}
	(void)archive_read_free(a);
	free(r);
	return rc;
}

static struct source_options options(const struct scene *s)
{
	return (struct source_options){.repository = s->git,
		.commit = s->commit,
		.dir = "",
		.dockerfile = "Dockerfile"};
}

static void expect_listing(const struct source_options *o, const char *wanted)
{
	struct err e = {0};
	struct buf b;

	buf_init(&b, LISTING_MAX);
	if (list(o, &b, &e))
		fail_msg("%s", e.msg);
	assert_string_equal(buf_text(&b), wanted);
	buf_finish(&b);
}

/* Paths only. */
static void expect_paths(const struct source_options *o, const char *wanted)
{
	struct err e = {0};
	struct buf b, paths;
	char *save = NULL;

	buf_init(&b, LISTING_MAX);
	buf_init(&paths, LISTING_MAX);
	if (list(o, &b, &e))
		fail_msg("%s", e.msg);
	for (char *line = strtok_r(b.data, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		char *path = strchr(line, ' ') + 1;

		assert_int_equal(buf_addf(&paths, "%s%.*s", paths.len ? " " : "",
					 (int)strcspn(path, " "), path),
			0);
	}
	assert_string_equal(buf_text(&paths), wanted);
	buf_finish(&paths);
	buf_finish(&b);
}

static void expect_failure(const struct source_options *o, int code, const char *message)
{
	struct err e = {0};
	struct buf b;

	buf_init(&b, LISTING_MAX);
	assert_int_equal(list(o, &b, &e), code);
	if (!strstr(e.msg, message))
		fail_msg("wanted %s, got %s", message, e.msg);
	buf_finish(&b);
}

/* Writes the tar to the scene's out.tar. */
static void write_tar(const struct scene *s, const struct source_options *o)
{
	static char chunk[65536];
	struct source *source;
	struct err e = {0};
	char path[96];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/out.tar", s->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	if (source_open(&source, o, &e) < 0)
		fail_msg("%s", e.msg);
	while ((n = source_read(source, chunk, sizeof(chunk), &e)) > 0)
		assert_int_equal(io_write_all(fd, chunk, (size_t)n), 0);
	if (n < 0)
		fail_msg("%s", e.msg);
	source_close(source);
	(void)close(fd);
}

/* Unpacks it and compares with the work tree, whatever is in there. */
static void expect_same_tree(const struct scene *s, const struct source_options *o)
{
	write_tar(s, o);
	run_script(s->dir,
		"rm -rf x; mkdir x; tar --warning=no-unknown-keyword -xf out.tar -C x\n"
		"diff -r --no-dereference -x .git repo x >&2",
		NULL, 0);
}

#endif
