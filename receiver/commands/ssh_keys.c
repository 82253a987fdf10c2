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

/* The file (NULL, "-": standard input) is read as the server's user, and only for who is
 * on the host anyway. */
static int read_key(
	struct request *r, const char *file, struct ssh_key *key, struct err *err)
{
	struct buf text;
	int rc;

	if (file && !strcmp(file, "-"))
		file = NULL;
	if (file && !r->on_host)
		return err_set(err, ERR_USAGE,
			"from afar the key comes on standard input: ssh … %s … < key.pub",
			r->argv[0]);
	buf_init(&text, KEY_LINE_MAX);
	rc = file ? io_read_file(file, &text, err)
		  : io_read_all(STDIN_FILENO, &text, err);
	if (!rc && memchr(buf_text(&text), '\0', text.len))
		rc = err_set(err, ERR_USAGE, "that is no public key");
	if (!rc)
		rc = ssh_key_parse(key, buf_text(&text), err);
	buf_finish(&text);
	return rc;
}

int run_ssh_keys_add(struct request *r, struct err *err)
{
	struct users_add add = {0};
	const struct command_option options[] = {
		{"--admin", NULL, &add.admin, NULL},
		{"--deploy-only", NULL, &add.deploy_only, NULL},
	};
	struct ssh_key key;
	struct user user;
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
		rc = read_key(r, r->argc > 2 ? r->argv[2] : NULL, &key, err);
	if (rc)
		return rc;
	add.name = r->argv[1];
	add.create = r->on_host;
	rc = users_add_key(r->server.store, r->settings, &add, &key, &user, err);
	if (!rc)
		(void)printf("%s\n", key.fingerprint);
	return rc;
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
	bool json;
	cJSON *list;
	int rc = command_only_format(r, 0, 1, &json, err);

	name = r->argc > 1 ? r->argv[1] : is_admin(r) ? NULL : r->user.name;
	if (!rc && name)
		rc = check_own(r, name, err);
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

/* Who has the key that was given. */
static int find_owner(struct request *r, struct err *err)
{
	struct ssh_key key;
	struct user user;
	int rc = read_key(r, r->argv[1], &key, err);

	if (rc)
		return rc;
	rc = users_find_by_key(r->server.store, key.fingerprint, &user, err);
	if (rc == ERR_NOTFOUND)
		return err_set(err, rc, "nobody has the key %s: ssh-keys:add gives it",
			key.fingerprint);
	if (!rc)
		(void)printf("%s is a key of %s%s\n", key.fingerprint, user.name,
			user.deploy_only ? ", and only pushes" : "");
	return rc;
}

int run_ssh_keys_verify(struct request *r, struct err *err)
{
	int rc = command_options(r, NULL, 0, 0, 1, err);

	if (!rc && r->argc > 1)
		return find_owner(r, err);
	if (!rc)
		rc = users_check_snapshot(r->server.store, r->settings, err);
	if (!rc)
		command_say(r, "-----> Logins know the keys that are recorded\n");
	return rc;
}
