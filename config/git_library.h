#ifndef BARDO_CONFIG_GIT_LIBRARY_H
#define BARDO_CONFIG_GIT_LIBRARY_H

/* Starts libgit2, or counts one more user of it; end each with git_libgit2_shutdown. It
 * knows no certificates: what it opens is on this machine. Not while other threads open
 * files. */
void git_library_start(void);

#endif
