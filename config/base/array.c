#include "config/base/array.h"

#include "config/base/err.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

int array_reserve(void *items, size_t len, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : FIRST_ROOM;
	void *first, *grown;

	if (len < *cap)
		return 0;
	/* A pointer to any struct has the form of one to void; only its type differs. */
	memcpy(&first, items, sizeof(first));
	grown = reallocarray(first, more, size);
	if (!grown)
		return ERR_FAILED;
	memcpy(items, &grown, sizeof(grown));
	*cap = more;
	/* *items owns it: cppcheck doesn't follow memcpy(). */
	// cppcheck-suppress memleak
	return 0;
}
