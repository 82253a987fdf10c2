#ifndef BARDO_HOOKS_PUSH_H
#define BARDO_HOOKS_PUSH_H

#include "builder/server.h"
#include "config/app/properties.h"
#include "config/people/users.h"
#include "config/record/apps.h"
#include "config/record/lives.h"
#include "config/settings.h"

#include <stdbool.h>
#include <stddef.h>

struct err;

/*
 * A push, as git's hooks see it: who pushes to which app (in the environment, from the
 * `bardo` that is receive-pack's parent) and what it wants (commands on standard input).
 */

#define PUSH_COMMANDS_MAX 1000
#define PUSH_REASON_SIZE 256

/* The descriptor of the app's lock file, inherited through git. */
#define PUSH_LOCK_FD 9
/* Held open by every process of the push: its end tells the parent that all are gone. */
#define PUSH_ALIVE_FD 8

/* The server's log: standard error is the pusher's terminal. */
#define PUSH_LOG_FD 7

struct push_command {
	char old[COMMIT_SIZE]; /* zeros: the ref is new */
	char new[COMMIT_SIZE]; /* zeros: it is to be deleted */
	char ref[BRANCH_SIZE];
	char commit[COMMIT_SIZE]; /* what new is when peeled; "" if it is no commit */
	bool deploys;
	bool moved;		       /* by us, with the switch; git moves the others */
	char reason[PUSH_REASON_SIZE]; /* why it is refused; "" it isn't */
};

struct push {
	struct settings settings;
	struct server server;
	struct app app;
	char every_apps_branch[PROPERTY_VALUE_SIZE]; /* git:set --global; "" none */
	struct user user;
	const char *key;
	const char *client_side;
	const char *peer;
	struct push_command *commands;
	size_t len;
	bool dry_run; /* -o dry-run: say what would be done, and change nothing */
};

/* From the environment; finish after success only. */
int push_open(struct push *p, struct err *err);
void push_close(struct push *p);

/* "OLD NEW REF", as git writes it to hooks. */
int push_add_command(struct push *p, const char *line, struct err *err);

/*
 * Fills each command's deploys and reason: which refs bardo takes, whether the commit has
 * what a build needs, whether the disk has room. Costs no build and changes nothing.
 * quarantine: the objects are still git's to throw away (pre-receive).
 */
void push_judge(struct push *p, bool quarantine);

/* A `git push -o` of ours; ERR_USAGE for an unknown one. */
int push_option(struct push *p, const char *option, struct err *err);

/* The deploy branch may have been settled, and the app locked by its owner, while this
 * push waited: judges the command's branch again, and fills its reason. */
void push_judge_again(struct push *p, struct push_command *c);

/* What a refusal means and what to do about it, for the terminal. */
void push_explain(const struct push *p, const struct push_command *c);

/* Says on the terminal what went wrong, without secrets. */
void push_complain(struct push *p, struct err *err);

/* The environment for git and its hooks, one NAME=VALUE a call. The app goes by its
 * handle: a push that is under way may see it renamed. */
#define PUSH_ENV_APP "BARDO_APP"
#define PUSH_ENV_USER "BARDO_USER"
#define PUSH_ENV_KEY "BARDO_KEY"
#define PUSH_ENV_CLIENT_SIDE "BARDO_CLIENT_SIDE"
#define PUSH_ENV_PEER "BARDO_PEER"

/* The hooks themselves; each is a program's main. Exit status. */
int hook_pre_receive(void);
int hook_proc_receive(void);

#endif
