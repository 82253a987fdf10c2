#ifndef BARDO_BUILDER_CHECK_H
#define BARDO_BUILDER_CHECK_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct engine;
struct err;
struct mask;
struct say;

/* Proves that a started container works. */

struct check_options {
	const char *container;	    /* id or name */
	const char *address;	    /* its fixed address; NULL with port 0 */
	int port;		    /* 0: nothing to connect to by itself */
	const struct cJSON *listed; /* healthchecks of its process type, validated (an
				       array of app.json); NULL none */
	int64_t timeout;	    /* milliseconds, where a check names no times */
	int64_t stay_up;	    /* milliseconds, for what has no other check */
	const struct mask *mask;    /* takes the secrets out of what a probe says; NULL */
	struct say *say; /* where a check that only warns is told; NULL nowhere */
	bool tell_all;	 /* say what passed, too */
	/* Ask the liveness checks of `listed` that are due, and nothing else. */
	bool liveness;
};

/* What a failure card tells; filled when the check fails. */
struct check_failure {
	bool exited;
	int exit_code;
	bool out_of_memory;
	char name[128];	  /* that app.json gives the check; "" none */
	char probed[256]; /* "TCP 10.213.0.2:5000", "GET http://10.213.0.2:5000/health" */
	char answer[512]; /* what the last probe got */
	char hint[512];	  /* "it listens on port 8081: …"; "" none */
};

/*
 * The startup and readiness checks of `listed`, all of which must pass; without any the
 * image's HEALTHCHECK, run through exec at once and again with growing pauses (the
 * Engine's own first probe comes only after its interval), else a TCP connect, else
 * staying up for stay_up. A probe is tried from 20 ms on, with growing pauses. The
 * Engine's events end the wait as soon as the container dies. 0, or ERR_FAILED with one
 * line
 * ("exited with 3 after 0.4 s", "/health answered 503 (tried for 30 s)").
 */
int check_container(struct engine *e, const struct check_options *o,
	struct check_failure *f, struct err *err);

/* Says the failure card: exit code, memory, what was probed, the last 20 log lines, hint.
 */
void check_card(struct engine *e, const struct check_options *o,
	const struct check_failure *f, struct say *say);

#endif
