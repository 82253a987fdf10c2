#ifndef BARDO_RECEIVER_ENTRY_H
#define BARDO_RECEIVER_ENTRY_H

/* How a command gets in: what asks for it, who that is, and whether they may. Each is the
 * whole life of a `bardo` process and gives its exit status. */

/* bardod started us: the request waits on DOOR_REQUEST_FD (config/door.h). */
int entry_from_door(void);

/* `bardo [--config FILE] [-c section.key=value …] VERB …` in the host's shell, which may
 * do everything: who can read the database can. */
int entry_from_shell(int argc, char **argv);

/* ---- what both ways share ---- */

struct command;
struct err;
struct request;

/* Takes what stands before the verb (--app, --quiet …) and finds the verb's row, which it
 * stores in the request. NULL with ERR_USAGE, and the verb that was probably meant. No
 * words at all are the welcome. */
const struct command *entry_find(struct request *r, struct err *err);

/* Checks the user's rights, settles what a hang-up means, runs the command, and says what
 * went wrong, once. The exit status. */
int entry_run(struct request *r, struct err *err);

/* Says it on standard error and gives its exit status. */
int entry_complain(const struct err *err);

#endif
