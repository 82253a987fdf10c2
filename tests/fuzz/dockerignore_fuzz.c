/* A .dockerignore of a pusher's: the first line is a path, the rest the file. */

#include "builder/source/ignore.h"
#include "config/base/err.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_LEN 1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the walk does: from the outermost folder down. A folder that would not be walked
 * must have nothing below it that is wanted. */
static void match(const struct ignore *ig, char *path)
{
	size_t n = ignore_patterns(ig) + 1;
	bool *hits[2] = {calloc(n, sizeof(bool)), calloc(n, sizeof(bool))};
	bool left_out = false, walked = true;
	const bool *parent = NULL;
	char *slash = path;

	if (!hits[0] || !hits[1])
		abort();
	for (size_t depth = 0; slash; depth++) {
		slash = strchr(slash, '/');
		if (slash)
			*slash = '\0';
		left_out = ignore_matches(ig, path, parent, hits[depth % 2]);
		if (!walked && !left_out)
			abort();
		if (left_out && !ignore_may_except_below(ig, path))
			walked = false;
		parent = hits[depth % 2];
		if (slash)
			*slash++ = '/';
	}
	free(hits[0]);
	free(hits[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = memchr(data, '\n', size);
	size_t len = text ? (size_t)(text - (const char *)data) : size;
	char path[PATH_MAX_LEN + 1];
	struct ignore *ig;
	struct err e = {0};

	if (len > PATH_MAX_LEN)
		return 0;
	memcpy(path, data, len);
	path[len] = '\0';
	text = text ? text + 1 : (const char *)data + size;
	if (ignore_create(&ig, text, size - (size_t)(text - (const char *)data), &e) <
		0) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	match(ig, path);
	ignore_destroy(ig);
	return 0;
}
