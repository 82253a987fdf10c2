#ifndef BARDO_CONFIG_LISTED_H
#define BARDO_CONFIG_LISTED_H

#include <stdint.h>

struct err;
struct store;

/* Lists of things that an owner adds to an app and removes again: mounts, docker options,
 * shared networks. What text, part and process mean is in the schema. */

#define LISTED_MOUNT "mount"
#define LISTED_OPTION "option"
#define LISTED_NETWORK "network"
/* A network's part says when it is joined; this one when the life is live. */
#define NETWORK_LATE "attach-post-deploy"
/* The property of family "network" that names end in. */
#define NETWORK_TLD "tld"

#define LISTED_MAX 100 /* of one kind, for an app */
#define LISTED_TEXT_MAX 1000

struct listed {
	const char *part;    /* "" every one */
	const char *process; /* "" every one */
	const char *text;
};

/* In the order of adding. The texts are borrowed for the call; each's nonzero return ends
 * it and is returned. */
int listed_each(struct store *s, int64_t app_id, const char *kind,
	int (*each)(void *ctx, const struct listed *l), void *ctx, struct err *err);

/* The app's, and of the parts of which it has none, every app's. */
int listed_each_merged(struct store *s, int64_t app_id, const char *kind,
	int (*each)(void *ctx, const struct listed *l), void *ctx, struct err *err);

/* ERR_EXISTS: it is there. ERR_USAGE: too long, or too many. */
int listed_add(struct store *s, int64_t app_id, const char *kind, const struct listed *l,
	struct err *err);

/* ERR_NOTFOUND. */
int listed_remove(struct store *s, int64_t app_id, const char *kind,
	const struct listed *l, struct err *err);

/* All of a kind, or of one part (NULL: every part). */
int listed_clear(struct store *s, int64_t app_id, const char *kind, const char *part,
	struct err *err);
/* All of a kind, of one part and process. */
int listed_clear_process(struct store *s, int64_t app_id, const char *kind,
	const char *part, const char *process, struct err *err);

#endif
