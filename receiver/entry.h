#ifndef BARDO_RECEIVER_ENTRY_H
#define BARDO_RECEIVER_ENTRY_H

/* How a command gets in: what asks for it, who that is, and whether they may. Each is the
 * whole life of a `bardo` process and gives its exit status. */

/* bardod started us: the request waits on DOOR_REQUEST_FD (config/door.h). */
int entry_from_door(void);

/* `bardo [--config FILE] [-c section.key=value …] VERB …` in the host's shell, which may
 * do everything: who can read the database can. */
int entry_from_shell(int argc, char **argv);

#endif
