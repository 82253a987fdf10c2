/* The lines of a build's answer, which come from the Engine but carry what programs wrote
 * and how people named things. */
#include "builder/image/progress.h"

#include "builder/say.h"
#include "config/base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data;
	struct progress *p = NULL;
	struct err err = {0};
	struct say say;

	say_init(&say, -1);
	if (progress_create(&p, &say, &err))
		return 0;
	while (size) {
		const char *nl = memchr(line, '\n', size);
		size_t n = nl ? (size_t)(nl - line) : size;

		(void)progress_line(p, line, n, &err);
		n += nl != NULL;
		line += n;
		size -= n;
	}
	(void)progress_end(p, true, &err);
	progress_destroy(p);
	return 0;
}
