#ifndef BARDO_BUILDER_CHECK_H
#define BARDO_BUILDER_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct err;
struct mask;
struct say;

/* Proves that a started container works. */

struct check_options {
	const char *container;	 /* id or name */
	const char *address;	 /* its fixed address; NULL with port 0 */
	int port;		 /* 0: nothing to connect to, it must stay up for 2 s */
	int64_t timeout;	 /* milliseconds */
	const struct mask *mask; /* takes the secrets out of what a probe says; NULL */
};

/* What a failure card tells; filled when the check fails. */
struct check_failure {
	bool exited;
	int exit_code;
	bool out_of_memory;
	char probed[256]; /* "TCP 10.213.0.2:5000", "HEALTHCHECK curl -f …" */
	char answer[512]; /* what the last probe got */
	char hint[512];	  /* "it listens on port 8081: …"; "" none */
};

/*
 * The image's HEALTHCHECK, run through exec at once and again with growing pauses (the
 * Engine's own first probe comes only after its interval), else a TCP connect that is
 * retried from 20 ms on, else staying up for 2 s. The Engine's events end the wait as
 * soon as the container dies. 0, or ERR_FAILED with one line ("exited with 3 after 0.4
 * s", "nothing accepts connections on port 5000 after 60 s").
 */
int check_container(struct engine *e, const struct check_options *o,
	struct check_failure *f, struct err *err);

/* Says the failure card: exit code, memory, what was probed, the last 20 log lines, hint.
 */
void check_card(struct engine *e, const struct check_options *o,
	const struct check_failure *f, struct say *say);

#endif
