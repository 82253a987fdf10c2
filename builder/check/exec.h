#ifndef BARDO_BUILDER_CHECK_EXEC_H
#define BARDO_BUILDER_CHECK_EXEC_H

#include <stddef.h>
#include <stdint.h>

struct cJSON;
struct check_watch;
struct engine;
struct err;
struct mask;

/* A HEALTHCHECK's command run in a container ("Exec" in the API). */

#define CHECK_EXEC_TIMED_OUT (-1)
#define CHECK_EXEC_DIED (-2) /* the container did */

/* Runs the command (an array of strings) and gives its exit status, or one of the above
 * after the monotonic time `until`; its output's end is put into output, as one line and
 * without the mask's secrets (NULL: none). Its process can't be ended from outside: after
 * a timeout it is left to itself. */
int check_exec(struct engine *e, struct check_watch *w, const char *container,
	const struct cJSON *command, int64_t until, const struct mask *mask, int *status,
	char *output, size_t size, struct err *err);

#endif
