#ifndef BARDO_BUILDER_RECIPE_JSON_H
#define BARDO_BUILDER_RECIPE_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct err;

/* JSON files that people write: errors name the line and the place. */

#define JSON_MEMBERS_MAX 2000 /* of one object */
#define JSON_PATH_SIZE 256

struct json_file {
	const char *text; /* borrowed */
	size_t len;
	struct err *err;
};

/* Where a value stands: a member or an element of the one that up means, NULL at the top.
 * They are made on the stack on the way down. */
struct json_place {
	const struct json_place *up;
	const char *name; /* NULL: element number at */
	int at;
};

/* out is an object, in which no name stands twice, the caller's to delete. ERR_FAILED:
 * "line 12: …". */
int json_file_read(const struct json_file *f, struct cJSON **out);

/* ERR_FAILED: "line 12: formation.web.quantity: …". */
int json_fail(const struct json_file *f, const struct json_place *place, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));

/* What a member must be. */
enum json_kind {
	JSON_TEXT,    /* a text, min to max bytes long */
	JSON_LINE,    /* a text without line breaks and other control characters */
	JSON_INTEGER, /* min to max */
	JSON_BOOLEAN,
	JSON_CHOICE, /* one of the texts of choices */
	JSON_TEXTS,  /* an array of at most max texts, all of them without zero bytes */
	JSON_OBJECT, /* of at most max members */
	JSON_ARRAY,  /* of at most max elements */
};

struct json_rule {
	const char *name;
	enum json_kind kind;
	long min, max;
	const char *const *choices; /* NULL-terminated */
	bool required;
};

/* Looks at one value. */
int json_check(const struct json_file *f, const struct json_place *place,
	const struct cJSON *value, const struct json_rule *rule);

/* Looks at an object's members by rules, which end with a name of NULL; what no rule
 * knows is passed over, or where strict an error. */
int json_check_members(const struct json_file *f, const struct json_place *place,
	const struct cJSON *object, const struct json_rule *rules, bool strict);

#endif
