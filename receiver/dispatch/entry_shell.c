#include "receiver/dispatch/entry.h"

#include "config/base/err.h"
#include "config/paths.h"
#include "config/privilege.h"
#include "config/settings.h"
#include "receiver/dispatch/command.h"
#include "receiver/dispatch/witness.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OVERRIDES_MAX 64

struct shell_options {
	const char *config;
	const char *overrides[OVERRIDES_MAX];
	size_t overrides_len;
};

/* Takes the options before the verb; the index of the verb, or negative. */
static int read_options(struct shell_options *o, int argc, char **argv, struct err *err)
{
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		bool is_config = !strcmp(argv[i], "--config");

		/* The others are the same from afar: entry_find knows them. */
		if (!is_config && strcmp(argv[i], "-c"))
			return i;
		if (++i == argc)
			return err_set(err, ERR_USAGE, "%s needs a value", argv[i - 1]);
		if (is_config)
			o->config = argv[i];
		else if (o->overrides_len < OVERRIDES_MAX)
			o->overrides[o->overrides_len++] = argv[i];
		else
			return err_set(err, ERR_USAGE, "more than %d -c", OVERRIDES_MAX);
	}
	return i;
}

static int load_settings(
	struct settings *s, const struct shell_options *o, struct err *err)
{
	const char *config = o->config;

	if (!config && !o->overrides_len && getenv("BARDO_CONFIG"))
		return settings_load_exported(s, err);
	if (!config && access(SETTINGS_FILE_DEFAULT, R_OK) == 0)
		config = SETTINGS_FILE_DEFAULT;
	if (settings_export(config, o->overrides, o->overrides_len, err) < 0)
		return err ? err->code : ERR_FAILED;
	return settings_load_exported(s, err);
}

/* The name that the record keeps: sudo's user, else ours. */
static void name_user(struct user *u)
{
	const char *sudo = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());
	const char *name = sudo ? sudo : pw ? pw->pw_name : "";

	(void)snprintf(
		u->name, sizeof(u->name), "%.*s", NAME_LEN_MAX, *name ? name : "host");
	u->admin = true;
}

static int call_witness(const struct command *c, const struct settings *settings)
{
	char path[PATH_TEXT_MAX];

	if (c->does != DOES_CHANGE || c->on_hangup != ON_HANGUP_FINISH)
		return -1;
	return witness_call(path_door(settings, path));
}

static int run_from_shell(const struct shell_options *o, int argc, char **argv)
{
	char word[] = "help", *help[] = {word, NULL};
	struct request r = {.key = "",
		.peer = "",
		.client_side = "",
		.git_protocol = "",
		.term = getenv("TERM") ? getenv("TERM") : "",
		.status_fd = -1,
		.on_host = true,
		.argc = argc,
		.argv = argv};
	const struct command *c;
	struct settings settings;
	struct err err = {0};
	int rc, witness = -1;

	r.has_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (argc == 0) {
		r.argv = help;
		r.argc = 1;
	}
	c = entry_find(&r, &err);
	rc = c ? load_settings(&settings, o, &err) : err.code;
	r.settings = &settings;
	name_user(&r.user);
	if (!rc)
		witness = call_witness(c, &settings);
	if (!rc && c->needs != NEEDS_NOTHING) {
		rc = privilege_become(&settings, &err);
		if (!rc)
			rc = server_open(&r.server, &settings, &err);
	}
	rc = rc ? entry_complain(&err) : entry_run(&r, &err);
	server_close(&r.server);
	witness_dismiss(witness);
	return rc;
}

int entry_from_shell(int argc, char **argv)
{
	struct shell_options o = {0};
	struct err err = {0};
	int verb = read_options(&o, argc, argv, &err);

	if (verb < 0)
		return entry_complain(&err);
	return run_from_shell(&o, argc - verb, argv + verb);
}
