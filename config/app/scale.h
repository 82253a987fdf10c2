#ifndef BARDO_CONFIG_SCALE_H
#define BARDO_CONFIG_SCALE_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct store;

/* How many containers each process type has (ps:scale). */

#define SCALE_COUNT_MAX 20
#define SCALE_PROCESS_SIZE 64

/* What is set; -1 where nothing is: web then has 1 and others none. */
int scale_get(struct store *s, int64_t app_id, const char *process, int *count,
	struct err *err);

/* What is set, by name; each's nonzero return ends it and is returned. */
int scale_each(struct store *s, int64_t app_id,
	int (*each)(void *ctx, const char *process, int count), void *ctx,
	struct err *err);

struct scale_wish {
	char process[SCALE_PROCESS_SIZE];
	int count;
};

/* count is 0 to SCALE_COUNT_MAX. */
int scale_set(
	struct store *s, int64_t app_id, const char *process, int count, struct err *err);

#endif
