/* A Dockerfile of a pusher's: which images it starts from. */

#include "builder/source/dockerfile.h"
#include "config/base/err.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const given[] = {"A=given", NULL};
	struct dockerfile_images im;
	struct err e = {0};

	if (dockerfile_images(&im, (const char *)data, size, given, &e) < 0) {
		if (!e.msg[0])
			abort();
		return 0;
	}
	/* Each name goes into a request: nothing in it may end or split that. */
	for (size_t i = 0; i < im.len; i++) {
		if (!*im.names[i] || strpbrk(im.names[i], " \t\r\n"))
			abort();
	}
	dockerfile_images_finish(&im);
	return 0;
}
