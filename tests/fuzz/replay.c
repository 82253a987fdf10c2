/* Runs a fuzz target over files and folders of files, without a fuzzer: what a fuzzer
 * once found stays found, with any compiler and under every sanitizer. */

#include "config/base/buf.h"
#include "config/base/err.h"
#include "config/base/io.h"

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#define INPUT_MAX (16 * 1024 * 1024)
#define DEPTH_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, struct err *err)
{
	struct buf input;
	int rc;

	buf_init(&input, INPUT_MAX);
	rc = io_read_file(path, &input, err);
	if (!rc) {
		/* Before, not after: a crash is then told with the file that made it. */
		(void)printf("# %s\n", path);
		(void)fflush(stdout);
		(void)LLVMFuzzerTestOneInput(
			(const uint8_t *)buf_text(&input), input.len);
	}
	buf_finish(&input);
	return rc;
}

static int replay(const char *path, int depth, int *files, struct err *err);

static int replay_folder(const char *path, int depth, int *files, struct err *err)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int rc = 0;

	if (!folder)
		return err_errno(err, "%s", path);
	while (!rc && (entry = readdir(folder))) {
		char below[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
		rc = replay(below, depth + 1, files, err);
	}
	(void)closedir(folder);
	return rc;
}

static int replay(const char *path, int depth, int *files, struct err *err)
{
	struct stat st;

	if (depth > DEPTH_MAX)
		return err_set(err, ERR_FAILED, "%s: too deep", path);
	if (stat(path, &st) < 0)
		return err_errno(err, "%s", path);
	if (S_ISDIR(st.st_mode))
		return replay_folder(path, depth, files, err);
	(*files)++;
	return replay_file(path, err);
}

int main(int argc, char **argv)
{
	struct err err = {0};
	int files = 0, rc = 0;

	for (int i = 1; i < argc && !rc; i++)
		rc = replay(argv[i], 0, &files, &err);
	/* An empty corpus is a mistake, not a success. */
	if (!rc && !files)
		rc = err_set(&err, ERR_USAGE, "no input: replay FILE|FOLDER ...");
	if (rc)
		(void)fprintf(stderr, "%s\n", err.msg);
	return err_exit_status(rc);
}
