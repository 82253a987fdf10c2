#ifndef BARDO_BUILDER_CONTAINER_H
#define BARDO_BUILDER_CONTAINER_H

#include <stdbool.h>

struct app;
struct cJSON;
struct err;
struct life;
struct place;
struct plan;
struct server;

/* Containers, the app's network and images on the Engine: one call of the API each.
 * Asking for what is so already (stopped, gone, there) is success. */

/* Creates the container of a place, as container_body has it. It doesn't restart by
 * itself before container_keep. Makes the app's network if there is none yet. */
int container_create(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *place, struct err *err);

/* The same with a body of the caller's own (builder/life/body.h). */
int container_create_from(struct server *s, const struct app *app, const char *name,
	const struct cJSON *body, struct err *err);

/* Puts it back into the networks that it was created in; where it is already it stays. */
int container_rejoin(struct server *s, const struct app *app, const struct life *life,
	const struct plan *plan, const struct place *place, struct err *err);

int container_start(struct server *s, const char *name, struct err *err);

/* SIGTERM (or the image's STOPSIGNAL), and after the plan's stop_timeout the end. */
int container_stop(struct server *s, const char *name, struct err *err);

/* The same for one that must not start with the Engine either, as a restart policy of
 * "always" would have it; container_keep gives it its own again. */
int container_rest(struct server *s, const char *name, struct err *err);

/* Ends it if it runs, and takes it away with its anonymous volumes. */
int container_remove(struct server *s, const char *name, struct err *err);

/* From now on the Engine restarts it when it dies and after a reboot, as the plan's
 * restart policy has it ("unless-stopped", "on-failure:10"). */
int container_keep(
	struct server *s, const char *name, const char *policy, struct err *err);

/* Whether it runs; ERR_NOTFOUND. */
int container_is_running(
	struct server *s, const char *name, bool *running, struct err *err);

/* Containers of ours on the Engine, running or not; app NULL means of all apps. each's
 * nonzero return ends it and is returned. */
struct container_seen {
	const char *name;
	const char *app;
	const char *handle;
	const char *process;
	int life;
	bool running;
	bool on_host;		      /* in the host's network */
	const struct cJSON *networks; /* endpoints by name; borrowed, may be NULL */
};
int containers_each(struct server *s, const struct app *app,
	int (*each)(void *ctx, const struct container_seen *c), void *ctx,
	struct err *err);

/* The app's named volumes, by name; each as above. */
int volumes_each(struct server *s, const struct app *app,
	int (*each)(void *ctx, const char *name), void *ctx, struct err *err);

/* Takes the app's networks away; its containers must be gone. */
int network_remove(struct server *s, const struct app *app, struct err *err);

/* What the Engine knows of an image (a tag or an id); the caller frees it. ERR_NOTFOUND
 * if it is gone. */
int image_inspect(
	struct server *s, const char *image, struct cJSON **out, struct err *err);

/* Gives an image another tag ("bardo/shop:1234"); ERR_NOTFOUND if it is gone. */
int image_add_tag(struct server *s, const char *image, const char *tag, struct err *err);

/* Takes the tag away, and the image with its last one. */
int image_remove_tag(struct server *s, const char *tag, struct err *err);

#endif
