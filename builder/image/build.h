#ifndef BARDO_BUILDER_BUILD_H
#define BARDO_BUILDER_BUILD_H

#include <stdbool.h>
#include <stdint.h>

struct cJSON;
struct engine;
struct err;
struct say;
struct source;

/* Builds a source into an image: POST /build, the progress decoded and shown. */

#define BUILD_IMAGE_ID_SIZE 80

struct build_options {
	const char *dockerfile;	   /* relative to the source's folder */
	const char *tag;	   /* repository:tag for the image */
	const char *const *labels; /* NAME=VALUE, NULL-terminated */
	/* More of the query, as docker_option_apply_build fills it; NULL none. */
	const struct cJSON *parameters;
	bool classic; /* the Engine's old builder instead of BuildKit */
	bool no_cache;
	int64_t timeout; /* milliseconds */
};

/* Pulls the FROM images that are missing, with progress, then builds, falling back to the
 * classic builder where the Engine has no BuildKit. Gives the image id ("sha256:…").
 * ERR_FAILED: the build failed; the message is one line ("step 3/5 exited with 1",
 * "pulling debian:13: …", "no space left on the server's disk"), the details were said.
 * ERR_AWAY: the Engine doesn't answer or closed half-way. */
int build_image(struct engine *e, struct source *src, const struct build_options *o,
	struct say *say, char image_id[BUILD_IMAGE_ID_SIZE], struct err *err);

#endif
