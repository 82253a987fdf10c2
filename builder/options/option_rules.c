#include "builder/options/option_rules.h"

#include "config/base/err.h"
#include "config/base/number.h"
#include "config/base/words.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX 128

/* ---- lines ---- */

/* "--shm-size=64m" and "-m64m" carry their value; *value is NULL where the next word is
 * it. */
static const struct option_rule *find_rule(
	const struct option_rules *rules, const char *word, const char **value)
{
	size_t name = strcspn(word, "=");

	*value = word[name] == '=' ? word + name + 1 : NULL;
	for (size_t i = 0; i < rules->len; i++) {
		const struct option_rule *r = &rules->rules[i];

		if (strlen(r->name) == name && !strncmp(word, r->name, name))
			return r;
	}
	if (word[1] == '-')
		return NULL;
	for (size_t i = 0; i < rules->len; i++) {
		const struct option_rule *r = &rules->rules[i];

		if (r->letter && !strncmp(word, r->letter, 2)) {
			*value = word[2] ? word + 2 + (word[2] == '=') : NULL;
			return r;
		}
	}
	return NULL;
}

static int check_rule(const struct option_rules *rules, const struct option_rule *r,
	const char *word, struct err *err)
{
	int name = (int)strcspn(word, "=");

	if (word[0] != '-')
		return err_set(err, ERR_USAGE,
			"%.60s is not an option: one begins with a dash, and a value "
			"with spaces is quoted",
			word);
	if (!r)
		return err_set(err, ERR_USAGE,
			"the option %.*s has nothing to go to in the Engine's API for "
			"the phase %s",
			name > 60 ? 60 : name, word, rules->phase);
	if (!r->set)
		return err_set(
			err, ERR_USAGE, "the option %s can't be had: %s", r->name, r->to);
	return 0;
}

int options_walk(const struct option_rules *rules, const char *const *words, size_t len,
	int (*each)(void *ctx, const struct option_rule *rule, const char *name,
		const char *value, struct err *err),
	void *ctx, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < len && !rc; i++) {
		const char *word = words[i], *value = NULL;
		const struct option_rule *r = find_rule(rules, word, &value);
		char name[KEY_MAX];

		rc = check_rule(rules, r, word, err);
		if (rc)
			return rc;
		if (!value && r->has_value && i + 1 == len)
			return err_set(err, ERR_USAGE, "%s needs a value", r->name);
		if (!value)
			value = r->has_value ? words[++i] : "";
		if (strlen(value) > OPTION_VALUE_MAX)
			return err_set(err, ERR_USAGE,
				"the value of %s is longer than %d bytes", r->name,
				OPTION_VALUE_MAX);
		(void)snprintf(name, sizeof(name), "%.*s",
			word[1] == '-' ? (int)strcspn(word, "=") : 2, word);
		rc = each(ctx, r, name, value, err);
	}
	return rc;
}

static int apply(void *ctx, const struct option_rule *rule, const char *name,
	const char *value, struct err *err)
{
	(void)name;
	return rule->set(ctx, rule, value, err);
}

int options_apply(
	const struct option_rules *rules, cJSON *root, const char *line, struct err *err)
{
	struct words words;
	int rc = words_split(&words, line, err);

	if (rc)
		return rc;
	rc = options_walk(
		rules, (const char *const *)words.argv, words.argc, apply, root, err);
	words_finish(&words);
	return rc;
}

/* ---- places ---- */

/* Everything of "A.B.C" but the last; *last is that. */
static cJSON *descend(cJSON *root, const char *to, const char **last)
{
	for (const char *dot; root && (dot = strchr(to, '.')); to = dot + 1) {
		char key[KEY_MAX];
		cJSON *next;

		(void)snprintf(key, sizeof(key), "%.*s", (int)(dot - to), to);
		next = cJSON_GetObjectItemCaseSensitive(root, key);
		root = next ? next : cJSON_AddObjectToObject(root, key);
	}
	*last = to;
	return root;
}

cJSON *option_object(cJSON *root, const char *to)
{
	const char *last;
	cJSON *parent = descend(root, to, &last);
	cJSON *there = cJSON_GetObjectItemCaseSensitive(parent, last);

	return there ? there : cJSON_AddObjectToObject(parent, last);
}

cJSON *option_list(cJSON *root, const char *to)
{
	const char *last;
	cJSON *parent = descend(root, to, &last);
	cJSON *there = cJSON_GetObjectItemCaseSensitive(parent, last);

	return there ? there : cJSON_AddArrayToObject(parent, last);
}

int option_put(cJSON *root, const char *to, cJSON *item, struct err *err)
{
	const char *last;
	cJSON *parent = descend(root, to, &last);

	cJSON_DeleteItemFromObjectCaseSensitive(parent, last);
	if (item && cJSON_AddItemToObject(parent, last, item))
		return 0;
	cJSON_Delete(item);
	return err_set(err, ERR_FAILED, "out of memory");
}

/* ---- values ---- */

static int bad_value(const struct option_rule *rule, const char *value,
	const char *wanted, struct err *err)
{
	return err_set(err, ERR_USAGE, "%s %.100s: it is %s", rule->name, value, wanted);
}

int option_text(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	if (!*value)
		return bad_value(rule, "", "not empty", err);
	return option_put(root, rule->to, cJSON_CreateString(value), err);
}

int option_integer(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	bool negative = value[0] == '-';
	int64_t n;

	if (number_parse(value + negative, 0, INT32_MAX, &n) < 0)
		return bad_value(rule, value, "a whole number", err);
	return option_put(
		root, rule->to, cJSON_CreateNumber((double)(negative ? -n : n)), err);
}

int option_bytes(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	char text[32];
	size_t len = strlen(value);
	int64_t bytes;

	/* -1 is "no limit" for swap, and Docker also writes 64mb. */
	if (!strcmp(value, "-1"))
		return option_put(root, rule->to, cJSON_CreateNumber(-1), err);
	if (len >= sizeof(text))
		return bad_value(rule, value, "a size: 512m, 2g", err);
	memcpy(text, value, len + 1);
	if (len > 1 && (text[len - 1] == 'b' || text[len - 1] == 'B'))
		text[len - 1] = '\0';
	if (number_parse_size(text, &bytes) < 0)
		return bad_value(rule, value, "a size: 512m, 2g", err);
	return option_put(root, rule->to, cJSON_CreateNumber((double)bytes), err);
}

int option_true(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	bool off = !strcmp(value, "false");

	if (*value && !off && strcmp(value, "true"))
		return bad_value(rule, value, "true or false", err);
	return option_put(root, rule->to, cJSON_CreateBool(!off), err);
}

int option_item(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	if (!*value)
		return bad_value(rule, "", "not empty", err);
	return cJSON_AddItemToArray(
		       option_list(root, rule->to), cJSON_CreateString(value))
		? 0
		: err_set(err, ERR_FAILED, "out of memory");
}

int option_pair(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	size_t len = strcspn(value, "=");
	char key[OPTION_VALUE_MAX + 1];
	cJSON *object;

	if (!len)
		return bad_value(rule, value, "KEY=VALUE", err);
	(void)snprintf(key, sizeof(key), "%.*s", (int)len, value);
	if (!strcmp(rule->name, "--label") && !strncmp(key, "bardo.", 6))
		return err_set(err, ERR_USAGE,
			"the label %.60s is bardo's own: take another name", key);
	object = option_object(root, rule->to);
	cJSON_DeleteItemFromObjectCaseSensitive(object, key);
	return cJSON_AddStringToObject(object, key, value[len] ? value + len + 1 : "")
		? 0
		: err_set(err, ERR_FAILED, "out of memory");
}

int option_ulimit(
	cJSON *root, const struct option_rule *rule, const char *value, struct err *err)
{
	static const char wanted[] = "NAME=SOFT[:HARD], as nofile=1024:2048";
	char text[KEY_MAX];
	char *soft, *hard;
	int64_t numbers[2];
	cJSON *limit;

	(void)snprintf(text, sizeof(text), "%s", value);
	soft = strchr(text, '=');
	if (strlen(value) >= sizeof(text) || !soft || soft == text)
		return bad_value(rule, value, wanted, err);
	*soft++ = '\0';
	hard = strchr(soft, ':');
	if (hard)
		*hard++ = '\0';
	for (int i = 0; i < 2; i++) {
		const char *n = i && hard ? hard : soft;

		numbers[i] = -1;
		if (strcmp(n, "-1") && number_parse(n, 0, INT64_MAX / 2, &numbers[i]) < 0)
			return bad_value(rule, value, wanted, err);
	}
	limit = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(limit, "Name", text);
	(void)cJSON_AddNumberToObject(limit, "Soft", (double)numbers[0]);
	(void)cJSON_AddNumberToObject(limit, "Hard", (double)numbers[1]);
	return cJSON_AddItemToArray(option_list(root, rule->to), limit)
		? 0
		: err_set(err, ERR_FAILED, "out of memory");
}
