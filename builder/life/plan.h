#ifndef BARDO_BUILDER_PLAN_H
#define BARDO_BUILDER_PLAN_H

#include <stdbool.h>
#include <stddef.h>

struct cJSON;
struct err;

/*
 * A life's frozen configuration: everything besides the image that decides how it runs.
 * It is composed once (builder/life/compose.h), stored with the life as JSON, and read
 * back to revive it or to start its containers again. It is that JSON:
 *
 *   {"port": 5000, "env": {"PORT": "5000", "KEY": "value"},
 *    "processes": [{"name": "web", "command": "./serve", "arguments": ["-v"], "count":
 * 1}], "mounts": [{"source": "shop_data", "target": "/data", "options": "ro", "process":
 * "", "phase": ""}], "networks": ["shared"], "networks_late": ["other"], "options":
 * [{"phase": "deploy", "process":
 * "", "text": "--shm-size 64m"}], "resources": [{"process": "web", "kind": "limit",
 * "name": "memory", "value": "64m"}], "restart": "unless-stopped", "stop_timeout": 10,
 * "log_size": "10m", "tld": "svc.internal", "stay_up": 2, "scripts": {"release":
 * "./migrate", "predeploy": "…", "postdeploy": "…", "first": "…", "verify": "…"},
 * "checks": {"web":
 * [{"path": "/health"}]}, "publish": [{"host": 8100, "container": 5000}], "ports":
 * [{"host": 8105, "container": 9000}]}
 *
 * port is where web listens, told it as PORT; 0: it serves nothing. A process without a
 * command runs the image's own; an empty process or phase means every one. Secrets stand
 * in it: it is never shown as a whole.
 */
struct plan {
	struct cJSON *root; /* NULL: none yet */
};

#define PLAN_PROCESSES_MAX 16
#define PLAN_MOUNTS_MAX 64
#define PLAN_MOUNT_OPTIONS_SIZE 256
#define PLAN_MOUNT_SUBPATH "volume-subpath="
#define PLAN_PORT_DEFAULT 5000
#define PLAN_STOP_TIMEOUT_DEFAULT 10
#define PLAN_STAY_UP_DEFAULT 2
#define PLAN_RESTART_DEFAULT "unless-stopped"
#define PLAN_LOG_SIZE_DEFAULT "10m"
#define PLAN_LOG_SIZE_UNLIMITED "unlimited"
#define PLAN_WEB "web"

/* Properties of ps: what web runs, whatever the Procfile says. The second wins. */
#define PLAN_START_COMMAND "start-cmd"
#define PLAN_START_DOCKERFILE "dockerfile-start-cmd"

/* Process types of one-off containers: no Procfile may have the names but release. */
#define PLAN_RUN "run"
#define PLAN_RELEASE "release"
#define PLAN_PREDEPLOY "predeploy"
#define PLAN_POSTDEPLOY "postdeploy"
/* The script that runs once, after an app's first deploy. */
#define PLAN_SCRIPT_FIRST "first"
#define PLAN_VERIFY "verify"

/* NULL and empty ones are fine. */
void plan_finish(struct plan *p);

/* The JSON text, malloc'd; NULL without memory. */
char *plan_print(const struct plan *p);
/* ERR_FAILED: damaged. Lives of older versions of bardo are understood. */
int plan_parse(struct plan *out, const char *json, struct err *err);

int plan_port(const struct plan *p);
int plan_stop_timeout(const struct plan *p); /* seconds */
/* For what has no other check, seconds. */
int plan_stay_up(const struct plan *p);
const char *plan_restart(const struct plan *p);
const char *plan_log_size(const struct plan *p);
/* What names end in on shared networks; "" nothing. */
const char *plan_tld(const struct plan *p);
/* scripts.NAME, NULL if there is none. */
const char *plan_script(const struct plan *p, const char *name);

/* "env" (an object) or one of the lists; NULL if the plan has none. Borrowed. */
const struct cJSON *plan_part(const struct plan *p, const char *name);

/* A text of an entry; "" where it isn't there. */
const char *plan_text(const struct cJSON *entry, const char *name);

/* Whether an entry of mounts, options or resources is meant for this process. */
bool plan_applies(const struct cJSON *entry, const char *process);

struct plan_process {
	const char *name;
	const char *command;	       /* NULL: the image's own */
	const struct cJSON *arguments; /* an array of texts; NULL none */
	int count;
	bool skips_checks; /* checks:skip: live without a proof */
	bool stops_first; /* checks:disable: the old ones end before the new ones start */
	const struct cJSON *listed_checks; /* app.json's; an array; NULL none */
};

/* The process types in order; false beyond the last. Texts are borrowed. */
bool plan_process(const struct plan *p, size_t at, struct plan_process *out);
/* false: no such type. */
bool plan_find_process(const struct plan *p, const char *name, struct plan_process *out);
/* Sets a type's count (ps:scale). ERR_NOTFOUND names those that there are. ERR_USAGE: two
 * web containers can't have one port of the host. */
int plan_set_count(struct plan *p, const char *name, int count, struct err *err);

/* Whether it runs in the host's own network: then it has no address of its own. */
bool plan_is_on_host(const struct plan *p);

/* Whether no proxy stands before the life: the Engine publishes ports of its web. */
bool plan_is_published(const struct plan *p);

struct plan_port {
	int host, container;
};

/* The ports that it publishes, in order; false beyond the last. */
bool plan_published_port(const struct plan *p, size_t at, struct plan_port *out);

/* Whether containers of this process type are those whose ports are published: they have
 * a network of their own beside, where they are proved. */
bool plan_publishes(const struct plan *p, const char *process);

/* Whether they begin there. Where the life before ends first (checks:disable), its ports
 * are free, and they have them and all networks from the start. */
bool plan_begins_inside(const struct plan *p, const char *process);

/* Whether containers of this process type are one-off scripts of a deploy. */
bool plan_is_script(const char *process);

/* The first volume that two lives must not have at once, NULL: none. The old life is
 * stopped first then. One that is mounted read-only can be shared. */
const char *plan_exclusive_volume(const struct plan *p);

#endif
