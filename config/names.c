#include "config/names.h"

#include "config/base/err.h"

#include <string.h>

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	/* As Docker's names of images and DNS have it. */
	if (len < 1 || len > NAME_LEN_MAX || !is_lower_alnum(name[0]) ||
		!is_lower_alnum(name[len - 1]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!is_lower_alnum(name[i]) && name[i] != '-')
			return false;
	}
	return true;
}

int name_check(const char *what, const char *name, struct err *err)
{
	if (name_is_valid(name))
		return 0;
	return err_set(err, ERR_USAGE,
		"%.80s is not a valid %s name: use 1 to %d of a-z, 0-9 and -, not - "
		"first or last",
		*name ? name : "(nothing)", what, NAME_LEN_MAX);
}

int name_from_path(char out[NAME_SIZE], const char *path, struct err *err)
{
	const char *name = path[0] == '/' ? path + 1 : path;
	size_t len = strlen(name);

	if (len > 4 && !strcmp(name + len - 4, ".git"))
		len -= 4;
	if (len > NAME_LEN_MAX)
		return name_check("app", path, err);
	memcpy(out, name, len);
	out[len] = '\0';
	return name_is_valid(out) ? 0 : name_check("app", path, err);
}
