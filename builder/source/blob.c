#include "builder/source/blob.h"

#include "builder/source/repository.h"
#include "config/base/err.h"
#include "config/base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GIT_PROGRAM "/usr/bin/git"

/* By the specification of Git LFS. */
#define LFS_POINTER_START "version https://git-lfs.github.com/spec/v1\n"

struct source_blob {
	char name[GIT_OID_HEXSZ + 1];
	uint64_t size, given;
	git_odb_object *small; /* NULL: a big one */
	pid_t git;	       /* 0: none, or it was waited for */
	int pipe;
	char piece[]; /* SOURCE_BLOB_PIECE for a big one, else nothing */
};

/* ---- big ones ---- */

#define GIT_ENVIRONMENT_MAX 8

struct environment {
	char *texts[GIT_ENVIRONMENT_MAX + 1]; /* NULL-terminated, what asprintf made */
	size_t len;
};

static void environment_add(struct environment *e, const char *name, const char *value)
{
	if (!value || e->len == GIT_ENVIRONMENT_MAX)
		return;
	if (asprintf(&e->texts[e->len], "%s=%s", name, value) < 0)
		e->texts[e->len] = NULL;
	else
		e->len++;
}

static void environment_finish(struct environment *e)
{
	for (size_t i = 0; i < e->len; i++)
		free(e->texts[i]);
}

/* Where git finds the objects, and nothing else of the environment: no settings of the
 * user who runs us, and no refs/replace, which libgit2 doesn't follow either. */
static void environment_fill(struct environment *e, const char *repository)
{
	static const char *const from_hook[] = {"GIT_DIR", "GIT_OBJECT_DIRECTORY",
		"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH"};

	environment_add(e, "GIT_CONFIG_NOSYSTEM", "1");
	environment_add(e, "GIT_NO_REPLACE_OBJECTS", "1");
	if (repository) {
		environment_add(e, "GIT_DIR", repository);
		return;
	}
	for (size_t i = 0; i < sizeof(from_hook) / sizeof(from_hook[0]); i++)
		environment_add(e, from_hook[i], getenv(from_hook[i]));
}

/* Without these, git maps or holds hundreds of megabytes of a big blob. */
static int start_git(struct source_blob *b, const char *repository, struct err *err)
{
	const char *const argv[] = {"git", "-c", "core.bigFileThreshold=4m", "-c",
		"core.packedGitWindowSize=1m", "-c", "core.packedGitLimit=4m", "cat-file",
		"blob", b->name, NULL};
	struct environment env = {0};
	struct spawn_fd out = {.to = STDOUT_FILENO};
	struct spawn spawn = {.path = GIT_PROGRAM,
		.argv = (char *const *)argv,
		.env = env.texts,
		.fds = &out,
		.fds_len = 1};
	int pipefd[2];
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	out.from = pipefd[1];
	environment_fill(&env, repository);
	pid = spawn_start(&spawn, err);
	environment_finish(&env);
	(void)close(pipefd[1]);
	if (pid < 0) {
		(void)close(pipefd[0]);
		return (int)pid;
	}
	b->git = pid;
	b->pipe = pipefd[0];
	return 0;
}

/* Its end is an end only if git says so too. */
static int end_git(struct source_blob *b, struct err *err)
{
	int status = spawn_wait(b->git);

	b->git = 0;
	if (status)
		return err_set(err, ERR_FAILED, "git cat-file blob %s ended with %d",
			b->name, status);
	if (b->given != b->size)
		return err_set(err, ERR_FAILED,
			"git cat-file blob %s gave %llu bytes instead of %llu", b->name,
			(unsigned long long)b->given, (unsigned long long)b->size);
	return 0;
}

static int next_of_big(
	struct source_blob *b, const void **data, size_t *len, struct err *err)
{
	ssize_t n;

	*len = 0;
	if (!b->git)
		return 0;
	do {
		n = read(b->pipe, b->piece, SOURCE_BLOB_PIECE);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(err, "git cat-file");
	if (n == 0)
		return end_git(b, err);
	if ((uint64_t)n > b->size - b->given)
		return err_set(err, ERR_FAILED,
			"git cat-file blob %s gave more bytes than there are", b->name);
	*data = b->piece;
	*len = (size_t)n;
	b->given += (uint64_t)n;
	return 0;
}

/* ---- all ---- */

int source_blob_open(struct source_blob **out, struct source_repository *r,
	const git_oid *id, struct err *err)
{
	struct source_blob *b;
	git_object_t type;
	size_t size;
	int rc = 0;

	if (git_odb_read_header(&size, &type, r->odb, id) < 0)
		return source_git_error(err, "cannot read the repository");
	b = calloc(
		1, sizeof(*b) + (size > SOURCE_BLOB_SMALL_MAX ? SOURCE_BLOB_PIECE : 0));
	if (!b)
		return err_set(err, ERR_FAILED, "out of memory");
	b->size = size;
	b->pipe = -1;
	(void)git_oid_tostr(b->name, sizeof(b->name), id);
	if (type != GIT_OBJECT_BLOB)
		rc = err_set(err, ERR_FAILED, "%s is not a file's content", b->name);
	else if (size > SOURCE_BLOB_SMALL_MAX)
		rc = start_git(b, r->path, err);
	else if (git_odb_read(&b->small, r->odb, id) < 0)
		rc = source_git_error(err, "cannot read the repository");
	if (rc) {
		source_blob_close(b);
		return rc;
	}
	*out = b;
	return 0;
}

void source_blob_close(struct source_blob *b)
{
	if (!b)
		return;
	git_odb_object_free(b->small);
	if (b->pipe >= 0)
		(void)close(b->pipe);
	if (b->git) {
		(void)kill(b->git, SIGKILL);
		(void)spawn_wait(b->git);
	}
	free(b);
}

uint64_t source_blob_size(const struct source_blob *b)
{
	return b->size;
}

int source_blob_next(
	struct source_blob *b, const void **data, size_t *len, struct err *err)
{
	uint64_t rest = b->size - b->given;

	if (!b->small)
		return next_of_big(b, data, len, err);
	*data = (const char *)git_odb_object_data(b->small) + b->given;
	*len = rest < SOURCE_BLOB_PIECE ? (size_t)rest : SOURCE_BLOB_PIECE;
	b->given += *len;
	return 0;
}

bool source_blob_is_lfs_pointer(const struct source_blob *b)
{
	const size_t start = sizeof(LFS_POINTER_START) - 1;

	return b->small && b->size <= SOURCE_BLOB_LFS_POINTER_MAX && b->size >= start &&
		!memcmp(git_odb_object_data(b->small), LFS_POINTER_START, start);
}
