#include "receiver/commands/command.h"

#include <stddef.h>

/* Sorted. Every family of the table has a line, and every option that a row's arguments
 * name is explained here: the tests see to it. */

const struct command_family command_families[] = {
	{"acl", "who may do what with which app"},
	{"apps", "make, list, rename, copy, lock and take away apps"},
	{"builder", "what is built, and with which builder"},
	{"builder-dockerfile", "which Dockerfile is built"},
	{"certs", "certificates for the names of an app"},
	{"checks", "how a new life proves that it works"},
	{"config", "environment variables"},
	{"docker-options", "options of docker that an app's containers or builds get"},
	{"domains", "the names that an app answers to"},
	{"doctor", "whether everything that bardo needs is in order"},
	{"domains", "the names that an app answers to"},
	{"enter", "a shell in a running container"},
	{"events", "what happened on this server, and who did it"},
	{"git", "which branch a push deploys"},
	{"help", "what there is"},
	{"lives", "every deploy of an app: what it was, and bringing it back"},
	{"logs", "what an app prints"},
	{"network", "networks that apps share"},
	{"ports", "the ports that an app answers on"},
	{"ps", "scale, restart, rebuild, start and stop"},
	{"resource", "how much memory and processor an app may use"},
	{"run", "one-off commands in a container of their own"},
	{"settings", "the server's settings"},
	{"ssh-keys", "the keys that users come in with"},
	{"storage", "volumes that outlive a container"},
	{"users", "who there is on this server"},
	{"version", "which bardo this is"},
	{NULL, NULL},
};

const struct command_option_text command_option_texts[] = {
	{NULL, "--all", "for every app for which you have the right"},
	{NULL, "--force", "don't ask for the name to be typed"},
	{NULL, "--format json", "for programs, see docs/JSON.md; text is for people"},
	{NULL, "--global", "for every app that sets nothing else; server admins"},
	{NULL, "--merged", "with the global ones, as the app's containers get them"},
	{NULL, "--no-restart", "no new life: the next one has it"},
	{"config:export", "--format FORMAT",
		"exports, shell, envfile, docker-args, docker-args-keys, json, json-list "
		"or "
		"pretty"},
	{"config:get", "--quoted", "in single quotes, for shells"},
	{"config:import", "--format envfile|json", "a file as .env, or JSON"},
	{"config:import", "--replace", "what isn't there is unset"},
	{"config:set", "--encoded", "the values are base64"},
	{"config:set", "--stdin KEY", "KEY's value comes on standard input"},
	{NULL, "--app APP", "only of this app"},
	{NULL, "--num N", "the newest N"},
	{"enter", "--container-id ID", "that one of the app's containers"},
	{"events", "-t", "go on with what comes; ends with its reader"},
	{"events:list", "-t", "go on with what comes"},
	{"help", "--all", "every verb, not only the families"},
	{"logs", "-t", "go on with what comes"},
	{"logs", "-n N", "the last N lines"},
	{"ps:rebuild", "--no-cache", "build every step anew"},
	{"ssh-keys:add", "--admin", "make the user a server admin"},
	{"ssh-keys:add", "--deploy-only", "for CI: the key pushes and does nothing else"},
	{"ssh-keys:remove", "--fingerprint FINGERPRINT", "one key, SHA256:…"},
	{"users:add", "--admin", "a server admin: may do everything"},
	{"users:add", "--create", "may make apps, and owns them"},
	{NULL, NULL, NULL},
};
