#ifndef BARDO_BUILDER_DOCKERFILE_H
#define BARDO_BUILDER_DOCKERFILE_H

#include <stddef.h>

struct err;

/* What must be known of a Dockerfile before the Engine sees it: the images that it starts
 * from. Syntax: docs.docker.com/reference/dockerfile, as BuildKit's parser reads it. */

#define DOCKERFILE_MAX (1024 * 1024)
#define DOCKERFILE_IMAGES_MAX 64

struct dockerfile_images {
	char *names[DOCKERFILE_IMAGES_MAX]; /* "debian:12", "alpine@sha256:…"; no
					       duplicates */
	size_t len;
};

/* Finds the images of FROM, COPY --from, RUN --mount=from and `# syntax=`, with the
 * global ARGs' defaults put in; left out are stages of the file's own, numbers and
 * scratch. A name that still holds an unknown variable is left out: the build will name
 * it. build_args: NAME=VALUE, NULL-terminated, or NULL. ERR_USAGE: no FROM at all, or
 * more images, stages or ARGs than there is room for. */
int dockerfile_images(struct dockerfile_images *out, const char *text, size_t len,
	const char *const *build_args, struct err *err);
void dockerfile_images_finish(struct dockerfile_images *im);

#endif
