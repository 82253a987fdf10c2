#ifndef BARDO_BUILDER_PROGRESS_H
#define BARDO_BUILDER_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct say;

/*
 * The answer to POST /build, line by line (JSON messages, "Build an image" in the API),
 * told to people as steps: what BuildKit traces and what the classic builder and podman
 * print look the same.
 */
struct progress;

/* Of a build's output no more than this is shown; of what follows only the end, should
 * the build fail. */
#define PROGRESS_OUTPUT_MAX (8 * 1024 * 1024)

/* say is borrowed until progress_destroy. */
int progress_create(struct progress **out, struct say *say, struct err *err);
void progress_destroy(struct progress *p);

/* Takes a line. What it doesn't know it passes over: Engines differ. Fails only without
 * memory; a failed build is progress_end's. */
int progress_line(struct progress *p, const char *line, size_t len, struct err *err);

/* Tells what was held back. complete: the answer came to its end. 0 if nothing in it said
 * that the build failed, else ERR_FAILED with one line: which step and why. */
int progress_end(struct progress *p, bool complete, struct err *err);

/* "sha256:…", "" as long as the Engine has not named it. Borrowed. */
const char *progress_image(const struct progress *p);

#endif
