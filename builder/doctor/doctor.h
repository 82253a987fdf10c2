#ifndef BARDO_BUILDER_DOCTOR_H
#define BARDO_BUILDER_DOCTOR_H

struct server;

/* Whether everything that bardo needs is in order: the Engine, the programs beside it,
 * the machine, the proxy, our own files, and what is on the Engine that nobody knows.
 * Changes nothing. */

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_WARNING, /* it works, but may not for long, or not as it should */
	DOCTOR_PROBLEM, /* something doesn't work */
};

struct doctor_finding {
	const char *check; /* a word for what was looked at: "engine", "disk" … */
	enum doctor_level level;
	const char *text; /* what was found, and what it means */
	const char *todo; /* "" nothing */
};

const char *doctor_level_name(enum doctor_level level);

/* Tells of every check, in order: one finding where all is well, more where it isn't. */
void doctor_run(struct server *s, void (*each)(void *ctx, const struct doctor_finding *f),
	void *ctx);

#endif
