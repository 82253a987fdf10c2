#ifndef BARDO_BUILDER_PULL_H
#define BARDO_BUILDER_PULL_H

#include <stddef.h>
#include <stdint.h>

struct engine;
struct err;
struct say;

/*
 * Brings an image to the Engine unless it is there: BuildKit can't, where a registry
 * wants a token and the build has no session. Tells the progress in a line every few
 * seconds. name as after FROM ("debian:12", "alpine@sha256:…").
 * ERR_FAILED names the image and what to do; ERR_BUSY: longer than timeout milliseconds
 * (0: no limit); ERR_AWAY.
 */
int pull_if_missing(struct engine *e, const char *name, struct say *say, int64_t timeout,
	struct err *err);

/* Takes a name apart as POST /images/create wants it: "debian:12" is debian and 12,
 * "alpine@sha256:…" alpine and sha256:…, "debian" debian and latest. ERR_USAGE: too long
 * or empty. */
#define PULL_NAME_SIZE 512
int pull_split_name(const char *name, char repository[PULL_NAME_SIZE],
	char tag[PULL_NAME_SIZE], struct err *err);

#endif
