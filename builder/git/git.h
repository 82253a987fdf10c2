#ifndef BARDO_BUILDER_GIT_H
#define BARDO_BUILDER_GIT_H

#include "config/base/spawn.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/* git itself, run in a repository's own folder: argv that we build, an environment that
 * is ours alone, bounded memory. */

#define GIT_PROGRAM "/usr/bin/git"
#define GIT_ARGS_MAX 48
#define GIT_ENV_MAX 16
#define GIT_ENV_SIZE 70000 /* BARDO_OVERRIDES is the longest */

struct git_command;

/* "git" with the settings that every run has. NULL without memory. */
struct git_command *git_command_create(void);
void git_command_destroy(struct git_command *g);

/* A word of its command line. ERR_FAILED: too many of them. */
int git_command_arg(struct git_command *g, const char *arg, struct err *err);
/* "-c NAME=VALUE", before the subcommand. */
int git_command_setting(struct git_command *g, const char *setting, struct err *err);
/* ERR_FAILED: too long. value NULL or "" sets nothing. */
int git_command_env(
	struct git_command *g, const char *name, const char *value, struct err *err);

/* Runs it to its end; gives its exit status, 128 + a signal's number, or negative. */
int git_command_run(struct git_command *g, const char *repository,
	const struct spawn_fd *fds, size_t fds_len, struct err *err);

/* The same, but ends it, with all that it started, once stop says so. */
int git_command_run_until(struct git_command *g, const char *repository,
	const struct spawn_fd *fds, size_t fds_len, bool (*stop)(int lock), int lock,
	struct err *err);

#endif
