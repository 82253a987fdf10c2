#ifndef BARDO_BUILDER_SECRETS_H
#define BARDO_BUILDER_SECRETS_H

#include <stddef.h>
#include <stdint.h>

struct err;
struct mask;
struct server;

/* Which secrets are masked where. What an app prints and what is said of it goes through
 * a mask of that app's; errors and the server's log through one of all apps' secrets. */

/* The secrets of an app (its id; SECRETS_OF_ALL) as they are now; mask_destroy it. */
int secrets_mask(struct server *s, int64_t app_id, struct mask **out, struct err *err);

/* The same, with those that more adds by mask_add; its nonzero return ends it. */
typedef int secrets_more(void *ctx, struct mask *mask, struct err *err);
int secrets_mask_with(struct server *s, int64_t app_id, secrets_more *more, void *ctx,
	struct mask **out, struct err *err);

/* Takes every app's secrets out of a text of one line, in place; size is its buffer's.
 * Without an open database it stays as it is; with one that can't be read, the text is
 * replaced. */
void secrets_hide(struct server *s, char *text, size_t size);

/* From here on the log is without secrets, until secrets_finish. */
void secrets_guard_log(struct server *s);
void secrets_finish(struct server *s);

#endif
