#include "receiver/commands/storage.h"
#include "receiver/dispatch/command.h"

#include "config/base/err.h"

#include <stdio.h>
#include <string.h>

/* storage: what storage:mount and storage:unmount are told. */

/* A relative path without "." and "..", since it must stay in the volume. */
static bool is_subpath(const char *path, size_t len)
{
	size_t n;

	if (!len || path[0] == '/')
		return false;
	for (size_t at = 0; at < len; at += n + 1) {
		n = 0;
		while (at + n < len && path[at + n] != '/')
			n++;
		if (!n || (n == 1 && path[at] == '.') ||
			(n == 2 && !strncmp(path + at, "..", 2)))
			return false;
	}
	return path[len - 1] != '/';
}

static bool is_option(const char *option, size_t len)
{
	static const char *const known[] = {"ro", "rw", "nocopy"};
	static const char subpath[] = PLAN_MOUNT_SUBPATH;
	const size_t prefix = sizeof(subpath) - 1;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i]) == len && !strncmp(known[i], option, len))
			return true;
	}
	return len > prefix && !strncmp(option, subpath, prefix) &&
		is_subpath(option + prefix, len - prefix);
}

static int check_options(const char *options, struct err *err)
{
	while (*options) {
		size_t len = strcspn(options, ",");

		if (!is_option(options, len))
			return err_set(err, ERR_USAGE,
				"a mount has no option %.*s: there is ro, rw, nocopy and "
				"volume-subpath=PATH, a folder in the volume",
				(int)(len > 60 ? 60 : len), options);
		options += len + (options[len] == ',');
	}
	return 0;
}

/* "/data//new/" is "/data/new": two of one place are found to be the same. */
static void clean_target(char *target)
{
	char *to = target;

	for (const char *c = target; *c; c++) {
		if (*c != '/' || to == target || to[-1] != '/')
			*to++ = *c;
	}
	if (to > target + 1 && to[-1] == '/')
		to--;
	*to = '\0';
}

/* "." and ".." lead the Engine elsewhere, perhaps to /, which it refuses when the old
 * life has stopped. */
static bool has_dots(const char *target)
{
	while ((target = strchr(target, '/'))) {
		size_t len = strcspn(++target, "/");

		if ((len == 1 && target[0] == '.') ||
			(len == 2 && target[0] == '.' && target[1] == '.'))
			return true;
	}
	return false;
}

int storage_check_target(const char *target, struct err *err)
{
	if (target[0] == '/' && target[1] && !strchr(target, ':') && !has_dots(target) &&
		strlen(target) <= LISTED_TEXT_MAX / 2)
		return 0;
	return err_set(err, ERR_USAGE,
		"%.100s is no folder of a container: it is SOURCE:/PATH[:OPTIONS]",
		*target ? target : "an empty text");
}

int storage_split(const char *text, struct storage_mount *m, struct err *err)
{
	const char *target = strchr(text, ':');
	const char *options = target ? strchr(target + 1, ':') : NULL;
	size_t source_len = target ? (size_t)(target - text) : strlen(text);

	if (strlen(text) > LISTED_TEXT_MAX)
		return err_set(
			err, ERR_USAGE, "it is longer than %d bytes", LISTED_TEXT_MAX);
	(void)snprintf(m->source, sizeof(m->source), "%.*s", (int)source_len, text);
	(void)snprintf(m->target, sizeof(m->target), "%.*s",
		!target		  ? 0
			: options ? (int)(options - target - 1)
				  : (int)strlen(target + 1),
		target ? target + 1 : "");
	if (options && strlen(options + 1) >= sizeof(m->options))
		return err_set(err, ERR_USAGE, "there are too many options");
	(void)snprintf(m->options, sizeof(m->options), "%s", options ? options + 1 : "");
	return *m->source ? 0
			  : err_set(err, ERR_USAGE,
				    "%.100s names no volume and no folder: it is "
				    "SOURCE:/PATH[:OPTIONS]",
				    text);
}

/* --phase may come several times: takes all of them out of the words. */
static int take_phases(struct request *r, struct storage_words *w, struct err *err)
{
	int to = 1;

	for (int at = 1; at < r->argc; at++) {
		const char *word = r->argv[at], *phase = NULL;
		bool is_name = !strcmp(word, "--phase") || !strcmp(word, "--phases");

		if (!strncmp(word, "--phase=", 8))
			phase = word + 8;
		else if (is_name && at + 1 < r->argc)
			phase = r->argv[++at];
		if (!phase) {
			r->argv[to++] = r->argv[at];
			continue;
		}
		if (strlen(w->phases) + strlen(phase) + 2 > sizeof(w->phases))
			return err_set(err, ERR_USAGE,
				"%.40s: a mount is for deploy, run, or deploy,run",
				phase);
		(void)snprintf(w->phases + strlen(w->phases),
			sizeof(w->phases) - strlen(w->phases), "%s%s",
			*w->phases ? "," : "", phase);
	}
	r->argc = to;
	r->argv[to] = NULL;
	return 0;
}

static int read_phases(const char *phases, struct storage_mount *m, struct err *err)
{
	bool deploy = false, run = false;

	for (const char *p = phases; *p;
		p += strcspn(p, ",") + (p[strcspn(p, ",")] == ',')) {
		size_t len = strcspn(p, ",");

		if (len == 6 && !strncmp(p, "deploy", len))
			deploy = true;
		else if (len == 3 && !strncmp(p, "run", len))
			run = true;
		else
			return err_set(err, ERR_USAGE,
				"%.60s: a mount is for deploy, run, or deploy,run%s",
				phases,
				strstr(phases, "build") ? "; a build has no volumes"
							: "");
	}
	m->phase = deploy == run ? "" : deploy ? "deploy" : "run";
	return 0;
}

static int add_option(
	struct storage_mount *m, const char *name, const char *value, struct err *err)
{
	size_t len = strlen(m->options);
	int n = snprintf(m->options + len, sizeof(m->options) - len, "%s%s%s",
		len ? "," : "", name, value);

	return n < (int)(sizeof(m->options) - len)
		? 0
		: err_set(err, ERR_USAGE, "there are too many options");
}

int storage_read_mount(struct storage_mount *m, const char *text,
	const struct storage_words *w, struct err *err)
{
	int rc = storage_split(text, m, err);

	if (!rc && w->directory)
		(void)snprintf(m->target, sizeof(m->target), "%s", w->directory);
	clean_target(m->target);
	if (!rc && w->options)
		rc = add_option(m, "", w->options, err);
	if (!rc && w->read_only)
		rc = add_option(m, "ro", "", err);
	if (!rc && w->subpath)
		rc = add_option(m, PLAN_MOUNT_SUBPATH, w->subpath, err);
	if (!rc)
		rc = check_options(m->options, err);
	if (!rc)
		rc = read_phases(w->phases, m, err);
	m->process = w->process ? w->process : "";
	if (!rc && *m->process)
		rc = command_process(m->process, err);
	return rc;
}

int storage_take_words(struct request *r, struct storage_words *w, bool mounts,
	struct app *app, struct err *err)
{
	const struct command_option options[] = {
		{"--container-dir", NULL, NULL, &w->directory},
		{"--process-type", NULL, NULL, &w->process},
		{"--volume-options", NULL, NULL, &w->options},
		{"--volume-readonly", NULL, &w->read_only, NULL},
		{"--readonly", NULL, &w->read_only, NULL},
		{"--volume-subpath", NULL, NULL, &w->subpath},
		{mounts ? "--replace" : "--all", NULL, mounts ? &w->replace : &w->all,
			NULL},
	};
	int rc = take_phases(r, w, err);

	if (!rc)
		rc = command_options(r, options, sizeof(options) / sizeof(options[0]), 1,
			1 + LISTED_MAX, err);
	if (!rc && (w->all ? r->argc > 2 : r->argc < 3))
		rc = err_set(err, ERR_USAGE, "usage: %s %s", r->argv[0],
			r->command->arguments);
	if (!rc && mounts && !w->replace && r->argc > 3)
		rc = err_set(err, ERR_USAGE,
			"one mount at a time, or --replace for all that it shall have");
	if (!rc && w->directory && r->argc > 3)
		rc = err_set(err, ERR_USAGE,
			"--container-dir is for one mount: write SOURCE:/PATH");
	return rc ? rc : command_app(r, app, err);
}
