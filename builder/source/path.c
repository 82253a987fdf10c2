#include "builder/source/path.h"

#include <stdio.h>
#include <string.h>

/* Drops the last element of what was written so far, down to floor. */
static char *drop_element(char *out, const char *floor)
{
	while (out > floor && out[-1] != '/')
		out--;
	return out > floor ? out - 1 : out;
}

static bool is_parent(const char *element, size_t len)
{
	return len == 2 && element[0] == '.' && element[1] == '.';
}

void source_path_clean(char *path)
{
	const bool rooted = path[0] == '/';
	char *start = path + (rooted ? 1 : 0);
	char *out = start, *floor = start;
	const char *in = start;

	while (*in) {
		const char *element = in;
		size_t len = strcspn(in, "/");
		bool parent = is_parent(element, len);

		in += len + (in[len] ? 1 : 0);
		if (!len || (len == 1 && element[0] == '.'))
			continue;
		if (parent && (out > floor || rooted)) {
			out = drop_element(out, floor);
			continue;
		}
		if (out > start)
			*out++ = '/';
		memmove(out, element, len);
		out += len;
		if (parent)
			floor = out; /* what it goes above can't be dropped again */
	}
	if (out == path)
		*out++ = '.';
	*out = '\0';
}

static bool is_outside(const char *path)
{
	return is_parent(path, strcspn(path, "/"));
}

bool source_path_relative(char out[SOURCE_PATH_SIZE], const char *text)
{
	int n = snprintf(out, SOURCE_PATH_SIZE, "%s", text + strspn(text, "/"));

	if (n < 0 || n >= SOURCE_PATH_SIZE)
		return false;
	source_path_clean(out);
	if (!strcmp(out, "."))
		out[0] = '\0';
	return !is_outside(out);
}

bool source_path_follow(char out[SOURCE_PATH_SIZE], const char *path, const char *target)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) : 0;
	int n;

	/* An absolute link means a file of the machine, not of the tree. */
	if (target[0] == '/' || !target[0])
		return false;
	n = snprintf(out, SOURCE_PATH_SIZE, "%.*s%s%s", folder, path, slash ? "/" : "",
		target);
	if (n < 0 || n >= SOURCE_PATH_SIZE)
		return false;
	source_path_clean(out);
	return strcmp(out, ".") && !is_outside(out);
}
