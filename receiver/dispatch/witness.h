#ifndef BARDO_DISPATCH_WITNESS_H
#define BARDO_DISPATCH_WITNESS_H

/*
 * bardod sees how the commands end that it started, and reconciles after one that was
 * killed. Of a command on the host a witness does: a process of its own, in a session of
 * its own (Ctrl-C isn't for it), that holds nothing but one end of a pipe. When the
 * command is gone without a word, it asks bardod to reconcile; a bardod that isn't there
 * does so at its start.
 */

/* Before anything is opened that a child shouldn't have. What witness_dismiss takes; -1
 * where there can't be one: the command does without. */
int witness_call(const char *door_path);

/* The command has ended by itself. */
void witness_dismiss(int witness);

#endif
