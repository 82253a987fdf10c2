#ifndef BARDO_SSH_CONFINE_H
#define BARDO_SSH_CONFINE_H

/* Takes from this process what it never needs: it reads bytes from strangers. */

/* At the start: no core dumps, no ptrace by neighbours, no processes, bounded memory. */
void confine_process(void);

/* When the host keys were read: from now on it opens files in the folder of keys to read
 * them, and terminals; it connects to nothing, signals nobody else and gains no
 * privilege. Does as much of that as the kernel's Landlock can. */
void confine_reach(const char *keys);

#endif
