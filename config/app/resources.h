#ifndef BARDO_CONFIG_RESOURCES_H
#define BARDO_CONFIG_RESOURCES_H

#include <stdint.h>

struct err;
struct store;

/* What a process type may use (limit) and what is kept for it (reserve). */

#define RESOURCE_LIMIT "limit"
#define RESOURCE_RESERVE "reserve"
/* The process that stands for builds. */
#define RESOURCE_BUILD "_build_"

struct resource {
	const char *process; /* "" every one without its own */
	const char *kind;
	const char *name;  /* cpu, memory, memory-swap, … */
	const char *value; /* as it was given */
};

/* The texts are borrowed for the call; each's nonzero return ends it and is returned. */
int resources_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const struct resource *r), void *ctx, struct err *err);

/* "" takes it away. */
int resource_set(
	struct store *s, int64_t app_id, const struct resource *r, struct err *err);

/* All of a kind of one process. */
int resources_clear(struct store *s, int64_t app_id, const char *process,
	const char *kind, struct err *err);

#endif
