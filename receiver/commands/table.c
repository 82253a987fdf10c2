#include "receiver/commands/command.h"
#include "receiver/commands/families.h"

#include <string.h>

const struct command command_table[] = {
	{"acl:grant", "USER APP ROLE", "give a user a role: owner, deploy or read",
		NEEDS_OWNER, ON_HANGUP_FINISH, DOES_CHANGE, run_acl_grant},
	{"acl:list", "[APP] [--format json]", "who has which role", NEEDS_OWNER,
		ON_HANGUP_END, DOES_READ, run_acl_list},
	{"acl:revoke", "USER APP", "take a user's role away", NEEDS_OWNER,
		ON_HANGUP_FINISH, DOES_CHANGE, run_acl_revoke},
	{"apps:create", "APP", "make an app", NEEDS_CREATE, ON_HANGUP_FINISH, DOES_CHANGE,
		run_apps_create},
	{"apps:destroy", "APP [--force]", "take an app away", NEEDS_OWNER,
		ON_HANGUP_FINISH, DOES_CHANGE, run_apps_destroy},
	{"apps:exists", "APP", "exit status 0 if there is such an app", NEEDS_READ,
		ON_HANGUP_END, DOES_READ, run_apps_exists},
	{"apps:list", "[--format json]", "all apps", NEEDS_READ, ON_HANGUP_END, DOES_READ,
		run_apps_list},
	{"git:set", "APP deploy-branch [BRANCH]", "which branch a push deploys",
		NEEDS_OWNER, ON_HANGUP_FINISH, DOES_CHANGE, run_git_set},
	{"help", "[FAMILY|VERB] [--all] [--format json]",
		"what there is, or what a verb takes", NEEDS_NOTHING, ON_HANGUP_END,
		DOES_READ, run_help},
	{"lives", "APP [--format json]", "the lives of an app, newest first", NEEDS_READ,
		ON_HANGUP_END, DOES_READ, run_lives},
	{"lives:info", "APP N [--format json]", "one life", NEEDS_READ, ON_HANGUP_END,
		DOES_READ, run_lives_info},
	{"lives:log", "APP [N]", "what a deploy printed", NEEDS_READ, ON_HANGUP_END,
		DOES_READ, run_lives_log},
	{"lives:revive", "APP [N]",
		"bring an old life back, by default the last good one", NEEDS_DEPLOY,
		ON_HANGUP_FINISH, DOES_CHANGE, run_lives_revive},
	{"logs", "APP [-t] [-n N]", "what an app prints", NEEDS_READ, ON_HANGUP_END,
		DOES_READ, run_logs},
	{"ps:rebuild", "APP [--no-cache]", "build and deploy the live commit again",
		NEEDS_DEPLOY, ON_HANGUP_FINISH, DOES_CHANGE, run_ps_rebuild},
	{"settings", "", "the server's settings, resolved", NEEDS_NOTHING, ON_HANGUP_END,
		DOES_READ, run_settings},
	{"ssh-keys:add", "NAME [FILE] [--deploy-only] [--admin]",
		"give a user a key, from a file or standard input", NEEDS_USER,
		ON_HANGUP_FINISH, DOES_CHANGE, run_ssh_keys_add},
	{"ssh-keys:list", "[NAME] [--format json]", "who has which keys", NEEDS_USER,
		ON_HANGUP_END, DOES_READ, run_ssh_keys_list},
	{"ssh-keys:remove", "NAME | --fingerprint FINGERPRINT", "take keys away",
		NEEDS_USER, ON_HANGUP_FINISH, DOES_CHANGE, run_ssh_keys_remove},
	{"ssh-keys:verify", "[FILE|-]", "whether logins know the keys, or who has a key",
		NEEDS_ADMIN, ON_HANGUP_END, DOES_READ, run_ssh_keys_verify},
	{"users:add", "NAME [--admin] [--create]", "make a user", NEEDS_ADMIN,
		ON_HANGUP_FINISH, DOES_CHANGE, run_users_add},
	{"users:list", "[--format json]", "who there is", NEEDS_ADMIN, ON_HANGUP_END,
		DOES_READ, run_users_list},
	{"users:remove", "NAME", "take a user away, with keys and roles", NEEDS_ADMIN,
		ON_HANGUP_FINISH, DOES_CHANGE, run_users_remove},
	{"users:set", "NAME admin|create true|false", "what a user may do on the server",
		NEEDS_ADMIN, ON_HANGUP_FINISH, DOES_CHANGE, run_users_set},
	{"version", "", "which bardo this is", NEEDS_NOTHING, ON_HANGUP_END, DOES_READ,
		run_version},
	/* What git asks for, a plain `ssh` without a command, and bardod's own jobs. */
	{"git-receive-pack", "APP", NULL, NEEDS_DEPLOY, ON_HANGUP_FINISH, DOES_CHANGE,
		run_receive_pack},
	{"git-upload-pack", "APP", NULL, NEEDS_READ, ON_HANGUP_END, DOES_READ,
		run_upload_pack},
	{"", "", NULL, NEEDS_USER, ON_HANGUP_END, DOES_READ, run_welcome},
	{"lives:settle", "APP", NULL, NEEDS_SERVER, ON_HANGUP_FINISH, DOES_CHANGE,
		run_lives_settle},
	{"reconcile", "[APP]", NULL, NEEDS_SERVER, ON_HANGUP_FINISH, DOES_CHANGE,
		run_reconcile},
	{0},
};

const struct command *command_find(const char *verb)
{
	for (const struct command *c = command_table; c->verb; c++) {
		if (!strcmp(c->verb, verb))
			return c;
	}
	return NULL;
}
