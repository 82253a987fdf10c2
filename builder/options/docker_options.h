#ifndef BARDO_BUILDER_DOCKER_OPTIONS_H
#define BARDO_BUILDER_DOCKER_OPTIONS_H

#include <stddef.h>

struct cJSON;
struct err;

/*
 * Options of `docker run` and `docker build` as docker-options:add takes them, put into
 * what the Engine's API calls them (POST /containers/create and POST /build, 1.41). One
 * that has no field there, or that is bardo's to say (--name, --publish), is refused by
 * its name with what to use instead.
 */

/* Sets the options of a line ("--shm-size 64m", "--init -e A=b") on the body of
 * POST /containers/create. ERR_USAGE. */
int docker_option_apply(struct cJSON *body, const char *line, struct err *err);

/* The same for `docker build`: parameters is an object of the query's parameters, texts,
 * lists ("extrahosts", one parameter an item) or what is sent as JSON ("buildargs"). */
int docker_option_apply_build(
	struct cJSON *parameters, const char *line, struct err *err);

/* Takes words apart into single options, checks each for a phase ("build", or "deploy"
 * and "run"), and calls each with its text in one spelling ("--shm-size 64m"): what is
 * stored, and found again by the same words. each's nonzero return ends it and is
 * returned. */
int docker_options_each(const char *phase, const char *const *words, size_t len,
	int (*each)(void *ctx, const char *text), void *ctx, struct err *err);

#endif
