#include "receiver/commands/command.h"
#include "receiver/commands/families.h"

#include "config/base/buf.h"
#include "config/base/clock.h"
#include "config/base/err.h"
#include "config/base/io.h"
#include "config/settings.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The file is read as the server's user, and only for who is on the host anyway. */
static int read_key(struct request *r, struct ssh_key *key, struct err *err)
{
	struct buf text;
	int rc;

	if (r->argc > 2 && !r->on_host)
		return err_set(err, ERR_USAGE,
			"from afar the key comes on standard input: ssh … ssh-keys:add "
			"%s < key.pub",
			r->argv[1]);
	buf_init(&text, KEY_LINE_MAX);
	rc = r->argc > 2 ? io_read_file(r->argv[2], &text, err)
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
	struct users_add add = {.may_create = true};
	const struct command_option options[] = {{"--admin", NULL, &add.admin, NULL}};
	struct ssh_key key;
	struct user user;
	int rc = command_options(r, options, 1, 1, 2, err);

	if (!rc)
		rc = read_key(r, &key, err);
	if (rc)
		return rc;
	add.name = r->argv[1];
	add.may_create = r->on_host;
	rc = users_add_key(r->server.store, r->settings, &add, &key, &user, err);
	if (!rc)
		(void)printf("%s\n", key.fingerprint);
	return rc;
}

struct listing {
	cJSON *json; /* NULL: text */
};

static int list_key(
	void *ctx, const struct user *u, const struct ssh_key *k, int64_t created_at)
{
	struct listing *listing = ctx;
	char when[CLOCK_TEXT_MAX];
	cJSON *o;

	if (!listing->json) {
		(void)printf("%s NAME=\"%s\" ROLE=\"%s\" %s %s\n", k->fingerprint,
			u->name, u->admin ? "admin" : "", k->type, k->comment);
		return 0;
	}
	clock_format(created_at, when);
	o = cJSON_CreateObject();
	(void)cJSON_AddStringToObject(o, "fingerprint", k->fingerprint);
	(void)cJSON_AddStringToObject(o, "name", u->name);
	(void)cJSON_AddBoolToObject(o, "admin", u->admin);
	(void)cJSON_AddStringToObject(o, "type", k->type);
	(void)cJSON_AddStringToObject(o, "comment", k->comment);
	(void)cJSON_AddStringToObject(o, "created_at", when);
	(void)cJSON_AddItemToArray(listing->json, o);
	return 0;
}

int run_ssh_keys_list(struct request *r, struct err *err)
{
	const char *format = NULL;
	const struct command_option options[] = {{"--format", NULL, NULL, &format}};
	struct listing listing = {0};
	bool json;
	int rc = command_options(r, options, 1, 0, 1, err);

	if (!rc)
		rc = command_format(format, &json, err);
	if (rc)
		return rc;
	listing.json = json ? cJSON_CreateArray() : NULL;
	rc = users_each_key(r->server.store, r->argc > 1 ? r->argv[1] : NULL, list_key,
		&listing, err);
	if (!rc && json)
		command_print_json(listing.json);
	cJSON_Delete(listing.json);
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
	rc = users_remove_keys(
		r->server.store, r->settings, name, fingerprint, &removed, err);
	if (!rc)
		(void)printf("%d key%s removed\n", removed, removed == 1 ? "" : "s");
	return rc;
}
