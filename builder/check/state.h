#ifndef BARDO_BUILDER_CHECK_STATE_H
#define BARDO_BUILDER_CHECK_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cJSON;
struct engine;
struct err;

/* What a check asks of GET /containers/ID/json ("Inspect a container"). */

#define CHECK_ID_SIZE 80

struct check_state {
	char id[CHECK_ID_SIZE];
	bool running;
	bool out_of_memory;
	bool tty; /* its output isn't framed */
	int exit_code;
	pid_t pid;	 /* of its init on the Engine's machine, 0 none */
	int64_t started; /* milliseconds since the epoch, 0 never */
	int64_t finished;
	struct cJSON *inspect; /* the whole answer */
};

/* ERR_NOTFOUND: no such container. Finish it after success only. */
int check_state_read(
	struct check_state *s, struct engine *e, const char *container, struct err *err);
void check_state_finish(struct check_state *s);

/* "2026-11-21T02:13:49.812637688Z" in milliseconds since the epoch, 0 if it is none, or
 * the year 1 by which Docker means never. */
int64_t check_state_time(const char *text);

#endif
