#ifndef BARDO_BUILDER_RESOURCE_LINES_H
#define BARDO_BUILDER_RESOURCE_LINES_H

struct cJSON;
struct err;
struct plan;

/* What resource:limit and resource:reserve set, as the options of docker's that say the
 * same: limit memory 512 is "--memory 512m", reserve cpu 0.5 is "--cpu-shares 512". */

/* Whether a kind (limit, reserve) of a resource can have this value. ERR_USAGE names what
 * there is, or what the value should be. */
int resource_check(
	const char *kind, const char *name, const char *value, struct err *err);

/* Sets what the plan has for a process on the body of POST /containers/create. */
int resources_apply(struct cJSON *body, const struct plan *plan, const char *process,
	struct err *err);

/* Sets one limit of builds on the parameters of POST /build (docker_options.h). */
int resource_apply_build(
	struct cJSON *parameters, const char *name, const char *value, struct err *err);

#endif
