#include "receiver/ssh/ending.h"

#include "config/base/err.h"
#include "config/base/number.h"

#include <stdint.h>
#include <string.h>

#define SIGNAL_PREFIX "signal "
#define SIGNAL_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static int parse_signal(struct ending *e, const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= sizeof(e->signal) || strspn(name, SIGNAL_CHARACTERS) != len)
		return ERR_NOTFOUND;
	memcpy(e->signal, name, len + 1);
	return 0;
}

int ending_parse(struct ending *e, const char *text)
{
	char line[ENDING_TEXT_MAX];
	size_t len = strcspn(text, "\n");
	int64_t status;

	*e = (struct ending){.status = ENDING_UNKNOWN};
	if (len >= sizeof(line))
		return ERR_NOTFOUND;
	memcpy(line, text, len);
	line[len] = '\0';
	if (!strncmp(line, SIGNAL_PREFIX, strlen(SIGNAL_PREFIX)))
		return parse_signal(e, line + strlen(SIGNAL_PREFIX));
	if (number_parse(line, 0, 255, &status) < 0)
		return ERR_NOTFOUND;
	e->status = (int)status;
	return 0;
}
