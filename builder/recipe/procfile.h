#ifndef BARDO_BUILDER_PROCFILE_H
#define BARDO_BUILDER_PROCFILE_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct err;

/*
 * A Procfile, as Dokku reads it: `NAME: COMMAND` on each line, blank lines, and comments
 * that begin with # or //, on a line of their own or behind a blank after the command.
 * Names are ours, since containers are called by them: a-z, 0-9 and -.
 */

#define PROCFILE_NAME_MAX 40
#define PROCFILE_PROCESSES_MAX 16 /* release not counted */

/* out: [{"name":"web","command":"…"}] in the file's order, the caller's to delete.
 * ERR_FAILED: "line 3: …". */
int procfile_parse(const char *text, size_t len, struct cJSON **out, struct err *err);

/* Whether a process type may be called so; reserved names (run, predeploy, postdeploy,
 * verify) may not. */
bool process_name_is_valid(const char *name);

#endif
