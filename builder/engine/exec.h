#ifndef BARDO_BUILDER_ENGINE_EXEC_H
#define BARDO_BUILDER_ENGINE_EXEC_H

#include <stdbool.h>

struct cJSON;
struct engine;
struct engine_follow;
struct err;

/* A command that is run in a container which runs already ("Exec" in the API). */

#define ENGINE_EXEC_ID_SIZE 256

/* Makes it, out of the body of POST /containers/…/exec. ERR_EXISTS: the container doesn't
 * run; ERR_NOTFOUND: there is none. */
int engine_exec_create(struct engine *e, const char *container, const struct cJSON *body,
	char id[ENGINE_EXEC_ID_SIZE], struct err *err);

/* Starts it and connects to it: frames, or with a terminal one bare stream. */
int engine_exec_start(struct engine *e, struct engine_follow **out, const char *id,
	bool terminal, struct err *err);

/* Whether GET /exec/…/json tells of an end, and its exit status. */
bool engine_exec_has_ended(const struct cJSON *exec, int *status);

#endif
