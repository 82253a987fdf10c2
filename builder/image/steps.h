#ifndef BARDO_BUILDER_STEPS_H
#define BARDO_BUILDER_STEPS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct say;
struct trace_vertex;

/*
 * The steps of a build as people see them: "-----> Step 2/5: RUN make", its output below,
 * "done in 3.4 s". Steps that run side by side keep apart by their number before each
 * line of output. Feed it with what a trace tells (builder/image/trace.h).
 */
struct steps;

#define STEPS_MAX 1024
#define STEPS_EXPLAIN_SIZE 1024

int steps_create(struct steps **out, struct say *say, struct err *err);
void steps_destroy(struct steps *s);

/* Only vertexes with a number in their name ("[build 2/5] RUN make") are shown. */
void steps_vertex(struct steps *s, const struct trace_vertex *v);
void steps_log(struct steps *s, const char *digest, const char *data, size_t len);
void steps_warning(struct steps *s, const char *text, size_t len);

/* Tells unfinished lines, and after a failure the end of what was left out. */
void steps_end(struct steps *s, bool failed);

/* Which step failed, with message (of the Engine's last line, may be "") for what the
 * trace didn't say; code is its exit code or 0. One line. */
void steps_explain(const struct steps *s, const char *message, int code,
	char out[STEPS_EXPLAIN_SIZE]);

#endif
