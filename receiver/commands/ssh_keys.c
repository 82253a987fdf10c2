#include "receiver/commands/families.h"
#include "receiver/dispatch/command.h"

#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Users' keys. Server admins see to everybody's, others to their own. */

/* Given at once. */
#define KEYS_MAX 32
#define KEYS_TEXT_MAX (8 * KEY_LINE_MAX)

struct keys {
	struct ssh_key items[KEYS_MAX];
	size_t len;
};

static bool is_admin(const struct request *r)
{
	return r->on_host || r->user.admin;
}

static int check_own(const struct request *r, const char *name, struct err *err)
{
	if (is_admin(r) || !strcmp(name, r->user.name))
		return 0;
	return err_set(err, ERR_DENIED,
		"%s for others is for server admins, and %s is none: your own keys go by "
		"the name %s",
		r->argv[0], r->user.name, r->user.name);
}

/* As an authorized_keys file has them, between blank lines and comments. */
static int parse_keys(char *text, struct keys *out, struct err *err)
{
	struct ssh_key key;
	char *rest = NULL;
	int rc = 0;

	for (char *line = strtok_r(text, "\n", &rest); !rc && line;
		line = strtok_r(NULL, "\n", &rest)) {
		line += strspn(line, " \t\r");
		if (!*line || *line == '#')
			continue;
		rc = ssh_key_parse(&key, line, err);
		if (!rc && out->len == KEYS_MAX)
			rc = err_set(err, ERR_USAGE, "more than %d keys", KEYS_MAX);
		if (!rc)
			out->items[out->len++] = key;
	}
	return rc || out->len ? rc : ssh_key_parse(&key, "", err);
}

/* At least one. The file (NULL, "-": standard input) is read as the server's user, and
 * only for who is on the host anyway. */
static int read_keys(
	struct request *r, const char *file, struct keys *out, struct err *err)
{
	struct buf text;
	int rc;

	out->len = 0;
	if (file && !strcmp(file, "-"))
		file = NULL;
	if (file && !r->on_host)
		return err_set(err, ERR_USAGE,
			"from afar the key comes on standard input: ssh … %s … < key.pub",
			r->argv[0]);
	buf_init(&text, KEYS_TEXT_MAX);
	rc = file ? io_read_file(file, &text, err)
		  : io_read_all(STDIN_FILENO, &text, err);
	if (!rc && memchr(buf_text(&text), '\0', text.len))
		rc = err_set(err, ERR_USAGE, "that is no public key");
	if (!rc)
		rc = parse_keys(text.len ? text.data : (char[]){""}, out, err);
	buf_finish(&text);
	return rc;
}

/* One that can't be added keeps the others from nothing; the first error is told. */
static int add_keys(struct request *r, const struct users_add *add,
	const struct keys *keys, struct err *err)
{
	int first = 0;

	for (size_t i = 0; i < keys->len; i++) {
		const struct ssh_key *key = &keys->items[i];
		struct user user;
		int rc = users_add_key(r->server.store, r->settings, add, key, &user,
			first ? NULL : err);

		if (!rc)
			(void)printf("%s\n", key->fingerprint);
		first = first ? first : rc;
	}
	return first;
}

int run_ssh_keys_add(struct request *r, struct err *err)
{
	struct users_add add = {0};
	const struct command_option options[] = {
		{"--admin", NULL, &add.admin, NULL},
		{"--deploy-only", NULL, &add.deploy_only, NULL},
	};
	struct keys keys;
	int rc = command_options(r, options, 2, 1, 2, err);

	if (!rc)
		rc = check_own(r, r->argv[1], err);
	if (!rc && add.admin && !is_admin(r))
		rc = err_set(err, ERR_DENIED,
			"--admin is for server admins, and %s is none: ask one",
			r->user.name);
	if (!rc && add.admin && add.deploy_only)
		rc = err_set(err, ERR_USAGE,
			"a key that only pushes is no admin's: leave out --admin or "
			"--deploy-only");
	if (!rc)
		rc = read_keys(r, r->argc > 2 ? r->argv[2] : NULL, &keys, err);
	if (rc)
		return rc;
	add.name = r->argv[1];
	add.create = r->on_host;
	return add_keys(r, &add, &keys, err);
}

static int print_key(
	void *ctx, const struct user *u, const struct ssh_key *k, int64_t created_at)
{
	(void)ctx;
	(void)created_at;
	(void)printf("%s NAME=\"%s\" ROLE=\"%s\" %s %s\n", k->fingerprint, u->name,
		u->deploy_only	   ? "deploy-only"
			: u->admin ? "admin"
				   : "",
		k->type, k->comment);
	return 0;
}

static int add_key(
	void *ctx, const struct user *u, const struct ssh_key *k, int64_t created_at)
{
	cJSON *o = cJSON_CreateObject();
	char when[CLOCK_TEXT_MAX];

	clock_format(created_at, when);
	(void)cJSON_AddStringToObject(o, "fingerprint", k->fingerprint);
	(void)cJSON_AddStringToObject(o, "name", u->name);
	(void)cJSON_AddBoolToObject(o, "admin", u->admin);
	(void)cJSON_AddStringToObject(o, "type", k->type);
	(void)cJSON_AddStringToObject(o, "comment", k->comment);
	(void)cJSON_AddStringToObject(o, "created_at", when);
	(void)cJSON_AddBoolToObject(o, "deploy_only", u->deploy_only);
	(void)cJSON_AddItemToArray(ctx, o);
	return 0;
}

int run_ssh_keys_list(struct request *r, struct err *err)
{
	const char *name;
	struct user user;
	bool json;
	cJSON *list;
	int rc = command_only_format(r, 0, 1, &json, err);

	name = r->argc > 1 ? r->argv[1] : is_admin(r) ? NULL : r->user.name;
	if (!rc && name)
		rc = check_own(r, name, err);
	if (!rc && name)
		rc = users_find(r->server.store, name, &user, err);
	if (rc)
		return rc;
	if (!json)
		return users_each_key(r->server.store, name, print_key, NULL, err);
	list = cJSON_CreateArray();
	rc = users_each_key(r->server.store, name, add_key, list, err);
	if (!rc)
		command_print_json(list);
	cJSON_Delete(list);
	return rc;
}

int run_ssh_keys_remove(struct request *r, struct err *err)
{
	const char *fingerprint = NULL;
	const struct command_option options[] = {
		{"--fingerprint", NULL, NULL, &fingerprint}};
	const char *name;
	int removed, rc = command_options(r, options, 1, 0, 1, err);

	if (rc)
		return rc;
	name = r->argc > 1 ? r->argv[1] : NULL;
	if (!name == !fingerprint)
		return err_set(
			err, ERR_USAGE, "say whose keys, or --fingerprint SHA256:…");
	if (name)
		rc = check_own(r, name, err);
	else if (!is_admin(r))
		name = r->user.name; /* by its fingerprint, but only of theirs */
	if (!rc)
		rc = users_remove_keys(r->server.store, r->settings, name, fingerprint,
			!r->on_host, &removed, err);
	if (!rc)
		(void)printf("%d key%s removed\n", removed, removed == 1 ? "" : "s");
	return rc;
}

static int show_owner(struct request *r, const struct ssh_key *key, struct err *err)
{
	struct user user;
	int rc = users_find_by_key(r->server.store, key->fingerprint, &user, err);

	if (rc == ERR_NOTFOUND)
		return err_set(err, rc, "nobody has the key %s: ssh-keys:add gives it",
			key->fingerprint);
	if (!rc)
		(void)printf("%s is a key of %s%s\n", key->fingerprint, user.name,
			user.deploy_only ? ", and only pushes" : "");
	return rc;
}

/* Who has the keys that were given. */
static int find_owners(struct request *r, struct err *err)
{
	struct keys keys;
	int rc = read_keys(r, r->argv[1], &keys, err);

	for (size_t i = 0; !rc && i < keys.len; i++)
		rc = show_owner(r, &keys.items[i], err);
	return rc;
}

int run_ssh_keys_verify(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 1, err);

	if (!rc && r->argc > 1)
		return find_owners(r, err);
	if (!rc)
		rc = users_check_snapshot(r->server.store, r->settings, err);
	if (!rc)
		command_say(r, "-----> Logins know the keys that are recorded\n");
	return rc;
}
