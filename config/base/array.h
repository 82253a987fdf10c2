#ifndef BARDO_BASE_ARRAY_H
#define BARDO_BASE_ARRAY_H

#include <stddef.h>

/* Makes room for one more in an array that grows by doubling. items is the address of the
 * pointer to its first element (NULL before the first), size an element's. The caller
 * frees the array. ERR_FAILED: out of memory, and the array is as it was. */
int array_reserve(void *items, size_t len, size_t *cap, size_t size);

#endif
