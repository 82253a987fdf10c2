#ifndef BARDO_BUILDER_OPTION_RULES_H
#define BARDO_BUILDER_OPTION_RULES_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct err;

/* Options of docker's command line as rules: what each is called, whether a value
 * follows, and where it goes in the JSON that the Engine is sent. Private to
 * docker_options.c and build_options.c. */

#define OPTION_VALUE_MAX 1000

struct option_rule {
	const char *name;   /* "--shm-size" */
	const char *letter; /* "-m"; NULL none */
	bool has_value;
	/* NULL: it can't be had, and `to` says what to use instead. */
	int (*set)(struct cJSON *root, const struct option_rule *rule, const char *value,
		struct err *err);
	const char *to; /* "HostConfig.ShmSize" */
};

struct option_rules {
	const struct option_rule *rules;
	size_t len;
	const char *phase; /* for messages */
};

/* build_options.c's. */
extern const struct option_rules for_builds;

/* Takes words apart ("--init", "--shm-size", "64m", "--cpus=2", "-eA=b") and calls each
 * with every option; value is "" for a flag. ERR_USAGE names what is no option, what has
 * no value and what can't be had. each's nonzero return ends it and is returned. */
int options_walk(const struct option_rules *rules, const char *const *words, size_t len,
	int (*each)(void *ctx, const struct option_rule *rule, const char *name,
		const char *value, struct err *err),
	void *ctx, struct err *err);

/* Sets every option of a line on root. */
int options_apply(const struct option_rules *rules, struct cJSON *root, const char *line,
	struct err *err);

/* ---- where values go; each replaces or adds to what `to` of root has ---- */

int option_text(struct cJSON *, const struct option_rule *, const char *, struct err *);
int option_integer(
	struct cJSON *, const struct option_rule *, const char *, struct err *);
int option_bytes(struct cJSON *, const struct option_rule *, const char *, struct err *);
int option_true(struct cJSON *, const struct option_rule *, const char *, struct err *);
/* One more of a list. */
int option_item(struct cJSON *, const struct option_rule *, const char *, struct err *);
/* KEY=VALUE into an object; labels of bardo's own are refused. */
int option_pair(struct cJSON *, const struct option_rule *, const char *, struct err *);
/* nofile=1024:2048 into a list. */
int option_ulimit(struct cJSON *, const struct option_rule *, const char *, struct err *);

/* The object, or the list, at a place; made if it is not there. NULL without memory. */
struct cJSON *option_object(struct cJSON *root, const char *to);
struct cJSON *option_list(struct cJSON *root, const char *to);
/* Puts an item at a place, in place of what is there; takes the item over. */
int option_put(struct cJSON *root, const char *to, struct cJSON *item, struct err *err);

/* Rows of a table of rules, by what becomes of the value. */
#define TEXT(name, letter, to)                                                           \
	{                                                                                \
		name, letter, true, option_text, to                                      \
	}
#define ITEM(name, letter, to)                                                           \
	{                                                                                \
		name, letter, true, option_item, to                                      \
	}
#define INTEGER(name, letter, to)                                                        \
	{                                                                                \
		name, letter, true, option_integer, to                                   \
	}
#define BYTES(name, letter, to)                                                          \
	{                                                                                \
		name, letter, true, option_bytes, to                                     \
	}
#define TRUTH(name, letter, to)                                                          \
	{                                                                                \
		name, letter, false, option_true, to                                     \
	}
#define PAIR(name, letter, to)                                                           \
	{                                                                                \
		name, letter, true, option_pair, to                                      \
	}
#define NOT(name, letter, why)                                                           \
	{                                                                                \
		name, letter, false, NULL, why                                           \
	}

#endif
