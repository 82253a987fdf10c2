#ifndef BARDO_BUILDER_BODY_H
#define BARDO_BUILDER_BODY_H

struct app;
struct cJSON;
struct err;
struct life;
struct place;
struct plan;
struct plan_process;
struct server;

/* How long a container's log may grow, in files of the plan's log_size. */
#define BODY_LOG_FILES "3"

/*
 * The body of POST /containers/create for a place of the life: labels, environment,
 * command, volumes, limits, address, docker options. *out is the caller's to free; it has
 * Labels, Env, Cmd (where the process has a command), HostConfig and NetworkingConfig, to
 * which one-off containers add what is theirs. ERR_FAILED: an option that the Engine has
 * no field for.
 */
int container_body(struct cJSON **out, struct server *s, const struct app *app,
	const struct life *life, const struct plan *plan, const struct place *place,
	struct err *err);

/* A line of a Procfile as the words that the image runs: taken apart where it is plain
 * words, given to /bin/sh where it needs a shell. Caller frees; NULL without memory. */
struct cJSON *container_command(const char *line);

/* What a process type runs: its line and its arguments; NULL: the image's own command.
 * The caller frees. */
struct cJSON *container_process_command(const struct plan_process *p);

/* "bardo.shop", the app's own network; returns out (CONTAINER_NAME_SIZE). */
char *network_name(const struct app *app, char *out);

/* "bardo._inside.shop": where the containers of a life whose ports are published are
 * proved. Nothing of it is reached from outside the host. As network_name. */
char *network_inside_name(const struct app *app, char *out);

/* The app as if that were its own network: for addresses in it. */
struct app network_inside(const struct app *app);

/* Where a container of the plan is reached from the host; out has INET_ADDRSTRLEN. */
char *container_address(const struct server *s, const struct app *app,
	const struct plan *plan, const struct place *place, char *out);

/* The labels that mark a thing as the app's. */
void body_add_labels(struct cJSON *body, const struct server *s, const struct app *app);

#endif
